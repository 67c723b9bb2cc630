"""Errors as the gateway or a provider sends them, in any of their shapes, read into one `ErrorBody`.

Their text comes from outside: it may hold keys, pages of HTML, a list of every model or the request itself. So it
is shown only through `ErrorBody.detail`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from bridge.shorten import shorten

MAX_DETAIL_CHARACTERS = 300

_STATUS_BY_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "forbidden_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""By `type`: errors inside a stream carry no HTTP status."""

_REMADE = {401, 429, 500, 502}
"""Statuses with which v1.x answers for every failure of a provider; the provider's own is before the message."""

_UPSTREAM = re.compile(r"([45]\d\d) (?=\S)")
_TAGS = re.compile(r"<(script|style).*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_MODEL_LIST = re.compile(r"\s*Available models:.*", re.DOTALL)
_SECRETS = re.compile(
    r"(?:cs-)?\bsk-[\w*.-]+|\bAIza[\w-]{10,}|\b(?:gsk|hf|ghp|xai|pplx|nvapi|tgp|r8)[_-][\w-]{8,}|\bAKIA\w{8,}"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|(?<=bearer )\S+|(?<=api key: )\S+|(?<=api-key: )\S+|(?<=api_key=)[^\s&]+|(?<=key provided: )\S+",
    re.IGNORECASE,
)
_ECHO = 8, 32
"""An error repeats a private text if it holds the beginning of its first line: at least and at most this many
characters of it."""


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """One error as it was sent."""

    status: int = 0
    """The effective HTTP status: the provider's where it can be known; 0 in a stream that names none."""
    code: str = ""
    message: str = ""
    param: str = ""
    """The parameter of the request that it is about, where it names one."""
    plain: bool = False
    """`error` was a string: Cherry Studio writes its own errors so, and never a provider's."""
    foreign: bool = False
    """Not what a gateway answers on this path: it is another server, or another path."""

    def detail(self, private: Iterable[str] = ()) -> str:
        """The message for an admin: one line without markup or keys, at most `MAX_DETAIL_CHARACTERS` characters.

        Empty where it repeats one of the `private` texts.
        """
        if self.message.startswith('{"type":"validation"'):
            return "the gateway finds the request invalid"  # v2 repeats the whole request here
        least, most = _ECHO
        heads = (text.strip().partition("\n")[0][:most] for text in private)
        if any(len(head) >= least and head in self.message for head in heads):
            return ""
        text = _MODEL_LIST.sub("", _TAGS.sub(" ", self.message[: 100 * MAX_DETAIL_CHARACTERS]))
        text = _SECRETS.sub("[key]", " ".join(text.split()))
        return shorten(text, MAX_DETAIL_CHARACTERS)


def read_response_error(status: int, content: bytes) -> ErrorBody:
    """Read the content of a response whose HTTP status is an error."""
    text = content.decode(errors="replace")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        foreign = 300 <= status < 400 or status in {401, 403, 404, 405, 407}
        return ErrorBody(status, message=text, foreign=foreign)
    body = read_error(data, status)
    # v2's own 404 says NOT_FOUND; one that it hands on from a provider says not_found.
    # vLLM's older errors have their fields at the top.
    own = isinstance(data, dict) and (bool(data.get("error")) or data.get("object") == "error")
    known = own and body.code != "NOT_FOUND"
    return body if known or status not in {404, 405} else replace(body, foreign=True)


def read_error(data: Any, status: int = 0) -> ErrorBody:
    """Read JSON: ``{"error": "…"}``, ``{"error": {…}}``, or an object that is the error itself."""
    error = data.get("error", data) if isinstance(data, dict) else data
    if isinstance(error, str):
        return ErrorBody(status, message=error, plain=True)
    if not isinstance(error, dict):
        return ErrorBody(status)
    codes = [error.get(name) for name in ("code", "status_code", "status", "type")]
    numbers = [code for code in codes if isinstance(code, int) and 400 <= code < 600]
    names = [code for code in codes if isinstance(code, str) and code]
    message, param = _message(error.get("message") or error.get("detail") or error.get("msg")), error.get("param")
    known = (_STATUS_BY_TYPE[name] for name in names if name in _STATUS_BY_TYPE)
    body = ErrorBody(
        status or next(iter(numbers), 0) or next(known, 0),
        names[0] if names else "",
        message,
        param if isinstance(param, str) else "",
    )
    return _unwrap(body)


def _message(value: Any) -> str:
    """The message as text. Servers built on FastAPI send a list there; Mistral that list in an object or as JSON."""
    if isinstance(value, str) and value.startswith(('{"detail"', '[{"')):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return str(value)
    if isinstance(value, dict):
        value = value.get("detail") or value.get("message")
    if isinstance(value, list):
        return _validation(value)
    return value if isinstance(value, str) else ""


def _validation(errors: list[Any]) -> str:
    """What is wrong with a request: where and why, never the input that is repeated there."""
    told = []
    for each in errors:
        if isinstance(each, dict) and isinstance(why := each.get("msg"), str):
            place = each.get("loc")
            where = ".".join(str(step)[:40] for step in place) if isinstance(place, list) else ""
            told.append(f"{where}: {why}" if where else why)
    return "; ".join(told)


def _unwrap(body: ErrorBody) -> ErrorBody:
    """Restore a provider's error that v1.x sends as its own: ``500`` with ``429 Rate limit reached``."""
    upstream = _UPSTREAM.match(body.message)
    if upstream is None or (body.status and body.status not in _REMADE and body.status != int(upstream[1])):
        return body
    status, message = int(upstream[1]), body.message[upstream.end() :]
    try:
        inner = json.loads(message)  # the messages dialect puts the provider's JSON inside the string
    except (ValueError, RecursionError):
        return replace(body, status=status, message=message)
    return read_error(inner, status) if isinstance(inner, dict) else replace(body, status=status, message=message)
