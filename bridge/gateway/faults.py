"""What the gateway or a provider says when it refuses, in any of its shapes, read into one `Fault`.

A fault's words come from outside: they may hold keys, pages of HTML, a list of every model or the request itself,
so they reach nobody but through `detail`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

MAX_DETAIL = 300

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
"""Errors in a stream carry no status; their type is as good."""

_REMADE = {401, 429, 500, 502}
"""v1.x answers every provider's failure with one of these and puts the true status before the message."""

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
"""A fault that holds the start of a private text, this many characters at least and at most, repeats it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure as it was told."""

    status: int = 0
    """The effective HTTP status: the provider's where it can be known; 0 in a stream that names none."""
    code: str = ""
    message: str = ""
    plain: bool = False
    """`error` was a string: so the gateway speaks of itself, never of a provider."""
    foreign: bool = False
    """Nothing that a gateway would say on this path: another server, or another path."""

    def detail(self, private: Iterable[str] = ()) -> str:
        """The words for an admin: one line without markup or keys, at most `MAX_DETAIL` characters.

        Nothing where they repeat one of the `private` texts.
        """
        if self.message.startswith('{"type":"validation"'):
            return "the gateway finds the request invalid"  # v2 repeats the whole request here
        least, most = _ECHO
        heads = (text.strip().partition("\n")[0][:most] for text in private)
        if any(len(head) >= least and head in self.message for head in heads):
            return ""
        text = _MODEL_LIST.sub("", _TAGS.sub(" ", self.message[: 100 * MAX_DETAIL]))
        text = _SECRETS.sub("[key]", " ".join(text.split()))
        return text if len(text) <= MAX_DETAIL else text[: MAX_DETAIL - 1] + "…"


def read_answer(status: int, body: bytes) -> Fault:
    """A refusal by HTTP status."""
    text = body.decode(errors="replace")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        foreign = 300 <= status < 400 or status in {401, 403, 404, 405, 407}
        return Fault(status, message=text, foreign=foreign)
    fault = read_error(data, status)
    # v2's own 404 says NOT_FOUND; one that it hands on from a provider says not_found.
    known = isinstance(data, dict) and bool(data.get("error")) and fault.code != "NOT_FOUND"
    return fault if known or status not in {404, 405} else replace(fault, foreign=True)


def read_error(data: Any, status: int = 0) -> Fault:
    """A refusal in JSON: ``{"error": "…"}``, ``{"error": {…}}``, or an object that is the error itself."""
    error = data.get("error", data) if isinstance(data, dict) else data
    if isinstance(error, str):
        return Fault(status, message=error, plain=True)
    if not isinstance(error, dict):
        return Fault(status)
    codes = [error.get(name) for name in ("code", "status_code", "status", "type")]
    numbers = [code for code in codes if isinstance(code, int) and 400 <= code < 600]
    names = [code for code in codes if isinstance(code, str) and code]
    message = error.get("message") or error.get("detail") or ""
    known = (_STATUS_BY_TYPE[name] for name in names if name in _STATUS_BY_TYPE)
    fault = Fault(
        status or next(iter(numbers), 0) or next(known, 0),
        names[0] if names else "",
        message if isinstance(message, str) else "",
    )
    return _unwrap(fault)


def _unwrap(fault: Fault) -> Fault:
    """Put right a provider's failure that v1.x told as its own: ``500`` and ``429 Rate limit reached``."""
    upstream = _UPSTREAM.match(fault.message)
    if upstream is None or (fault.status and fault.status not in _REMADE and fault.status != int(upstream[1])):
        return fault
    status, message = int(upstream[1]), fault.message[upstream.end() :]
    try:
        inner = json.loads(message)  # the messages dialect puts the provider's JSON inside the string
    except (ValueError, RecursionError):
        return replace(fault, status=status, message=message)
    return read_error(inner, status) if isinstance(inner, dict) else replace(fault, status=status, message=message)
