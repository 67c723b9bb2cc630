"""What both dialects share on the wire: JSON answers, frames of a stream, and the gateway's own refusals."""

from __future__ import annotations

import json
from typing import Any, Protocol

from aiohttp import web

from bridge.demo.performance import Ending, Kind, Refusal
from bridge.events import Usage

STREAM_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
}


class Rejected(Exception):
    """The gateway itself finds fault with the request; `code` is its own name for it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class Dialect(Protocol):
    """One answer told in one protocol. It remembers what it has told, so each answer has its own."""

    def opening(self, usage: Usage) -> bytes: ...

    def delta(self, kind: Kind, text: str) -> bytes: ...

    def closing(self, ending: Ending, usage: Usage) -> bytes:
        """The end of an answer that ends well, for length, or filtered."""

    def unfinished(self) -> bytes:
        """The end of a stream whose provider just stopped."""

    def broken(self) -> bytes:
        """What the gateway says where a provider breaks off in a stream."""

    def whole(self, reasoning: str, text: str, ending: Ending, usage: Usage) -> dict[str, Any]: ...

    def refusal(self, refusal: Refusal, *, stream: bool) -> web.Response:
        """How the gateway passes on a provider's refusal."""

    def failure(self, message: str) -> web.Response:
        """How the gateway tells of a provider that it cannot reach."""


def dump(data: Any) -> bytes:
    # Half of a surrogate pair is valid in JSON and in no UTF-8.
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def reply(data: Any, status: int = 200) -> web.Response:
    return web.Response(body=dump(data), status=status, content_type="application/json", charset="utf-8")


def frame(data: Any, event: str = "") -> bytes:
    """One server-sent event."""
    return (f"event: {event}\n" if event else "").encode() + b"data: " + dump(data) + b"\n\n"


DONE = b"data: [DONE]\n\n"


async def body_of(request: web.Request) -> Any:
    """The request's JSON. Raises Rejected as Express and the gateway behind it do."""
    try:
        raw = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise _broken() from None
    if not raw or request.content_type != "application/json":
        raise Rejected("missing_body", "Request body is required")
    try:
        data = json.loads(raw.decode(errors="replace"))
    except (ValueError, RecursionError):
        raise _broken() from None
    if not isinstance(data, dict | list):
        raise _broken()
    return data if isinstance(data, dict) else {}


def _broken() -> Rejected:
    return Rejected("", "Internal server error", 500)
