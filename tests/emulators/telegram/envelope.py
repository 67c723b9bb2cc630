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


class Arguments(Mapping[str, str]):
    """One call's arguments, as strings."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = dict(given)

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


def _form_value(value: str | bytes | bytearray | web.FileField) -> str:
    if isinstance(value, web.FileField):
        return f"attached:{value.filename}"
    return value if isinstance(value, str) else value.decode()


def _as_string(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


async def read_arguments(request: web.Request) -> Arguments:
    """The query and the body together; the body wins. Raises ApiError on a body that cannot be read."""
    given = dict(request.query.items())
    try:
        if request.content_type == "application/json":
            body = json.loads(await request.read() or b"{}")
            if not isinstance(body, dict):
                raise bad_request("object expected")
            given |= {name: _as_string(value) for name, value in body.items() if value is not None}
        elif request.can_read_body:
            form = await request.post()
            given |= {name: _form_value(value) for name, value in form.items()}
    except UnicodeDecodeError:
        raise bad_request("strings must be encoded in UTF-8") from None
    except ValueError:
        raise bad_request("can't parse the request's body") from None
    return Arguments(given)


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
