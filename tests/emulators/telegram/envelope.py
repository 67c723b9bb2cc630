"""The Bot API's envelope: how a call's arguments come in, and how its result or its refusal goes out.

Arguments may arrive in the query, as a form, as JSON or as multipart; the real server reads them all as strings
first, so the same call means the same thing however it was sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web


class ApiError(Exception):
    """A refusal: the HTTP status, the description, and what stands in `parameters`."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(f"{status} {description}")
        self.status = status
        self.description = description
        self.parameters = parameters


@dataclass(frozen=True, slots=True)
class Described:
    """A result that comes with a sentence of its own."""

    result: Any
    description: str


def bad_request(reason: str) -> ApiError:
    """A 400 the way the server words it: an ordinary sentence loses its capital, a CODE_LIKE_THIS keeps it."""
    if reason[1:2] != "_" and not reason[1:2].isupper():
        reason = reason[:1].lower() + reason[1:]
    return ApiError(400, f"Bad Request: {reason}")


def forbidden(reason: str) -> ApiError:
    return ApiError(403, f"Forbidden: {reason}")


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """One part of a multipart body that is a file."""

    name: str
    mime: str
    data: bytes


class Arguments(Mapping[str, str]):
    """One call's arguments, as strings; and the files that came with them."""

    def __init__(self, given: Mapping[str, str], files: Mapping[str, UploadedFile] | None = None) -> None:
        self._given = dict(given)
        self.files = files or {}

    def __getitem__(self, name: str) -> str:
        return self._given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def text(self, name: str) -> str:
        return self._given.get(name, "")

    def integer(self, name: str, default: int = 0, low: int = -(1 << 63), high: int = (1 << 63) - 1) -> int:
        """A number as the server reads it: digits up to the first other character, brought into the range."""
        given = re.match(r"-?\d{1,19}", self.text(name))
        return max(low, min(high, int(given[0]))) if given else default

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("1", "true", "yes")

    def structure(self, name: str) -> Any:
        """A JSON argument, None where it is missing. Raises ApiError where it is not JSON."""
        if not self.text(name):
            return None
        try:
            return json.loads(self.text(name))
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None


def _file_name(field: web.FileField) -> str:
    """The name as it stands: the server undoes no percent signs and knows no ``filename*``."""
    found = re.search(r'filename="((?:[^"\\]|\\.)*)"', field.headers.get("Content-Disposition", ""))
    return re.sub(r"\\(.)", r"\1", found[1]) if found else ""


def _as_string(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


async def read_arguments(request: web.Request) -> Arguments:
    """The query and the body together; the body wins. Raises ApiError on a body that cannot be read."""
    given = dict(request.query.items())
    files: dict[str, UploadedFile] = {}
    try:
        if request.content_type == "application/json":
            body = json.loads(await request.read() or b"{}")
            if not isinstance(body, dict):
                raise bad_request("object expected")
            given |= {name: _as_string(value) for name, value in body.items() if value is not None}
        elif request.can_read_body:
            for name, value in (await request.post()).items():
                if isinstance(value, web.FileField):
                    files[name] = UploadedFile(_file_name(value), value.content_type, value.file.read())
                else:
                    given[name] = value if isinstance(value, str) else value.decode()
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(413, "Request Entity Too Large") from None
    except UnicodeDecodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    except ValueError:
        raise bad_request("can't parse the request's body") from None
    return Arguments(given, files)


def answered(result: Any) -> web.Response:
    if isinstance(result, Described):
        return _json(200, {"ok": True, "result": result.result, "description": result.description})
    return _json(200, {"ok": True, "result": result})


def refused(error: ApiError) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": error.status, "description": error.description}
    if error.parameters:
        body["parameters"] = error.parameters
    response = _json(error.status, body)
    if "retry_after" in error.parameters:
        response.headers["Retry-After"] = str(error.parameters["retry_after"])
    return response


def _json(status: int, body: Mapping[str, Any]) -> web.Response:
    # The server writes the bare type, without a charset.
    return web.Response(status=status, body=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
