"""What the gateway asks of a dialect: to read and write requests, and answers whole or as a stream."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Literal, Protocol

from bridge.server.codec import decode, encode
from bridge.server.errors import ApiError
from bridge.server.events import Event, StopReason
from bridge.server.request import Request

Name = Literal["chat", "messages", "responses"]

DEFAULT_MAX_TOKENS = 8192
"""For a provider that requires a limit where neither the client nor the list of models names one. Every Claude model
since 3.5 takes it."""


@dataclass(frozen=True, slots=True)
class Traits:
    """In what a provider differs from the others of its dialect."""

    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """OpenAI's reasoning models refuse ``max_tokens``, and most others do not know its successor."""
    reasoning_history: bool = False
    """It wants to see what its model thought before (``reasoning_content``). Others refuse the field."""
    max_tokens: int = DEFAULT_MAX_TOKENS


class Reader(Protocol):
    """Reads one answer of a provider. Both raise ApiError where the provider reports an error."""

    def feed(self, data: bytes) -> list[Event]:
        """What one server-sent event says."""

    def whole(self, data: dict[str, Any]) -> list[Event]:
        """What an answer that is not streamed says."""


class Writer(Protocol):
    """Writes one answer for a client."""

    def write(self, events: Iterable[Event]) -> bytes:
        """Server-sent events that say this; may be empty."""

    def end(self) -> bytes:
        """The end of an answer that is complete."""

    def failure(self, error: ApiError) -> bytes:
        """The end of an answer that fails after its beginning was sent."""

    def whole(self, events: Sequence[Event]) -> dict[str, Any]:
        """The answer in one piece."""


class Dialect(Protocol):
    name: Name
    path: str
    """Behind the address of a provider."""

    def read(self, body: dict[str, Any], model: str) -> Request:
        """What a client asks of `model`. Raises ApiError where it cannot be told to another dialect."""

    def write(self, request: Request, traits: Traits) -> dict[str, Any]:
        """The body that asks a provider for it."""

    def reader(self, provider: str) -> Reader: ...

    def writer(self, model: str, request: Request) -> Writer:
        """`model` is the name under which the client asked."""


def new_id(prefix: str) -> str:
    return f"{prefix}{token_hex(12)}"


def frame(data: Any, event: str = "") -> bytes:
    """One server-sent event."""
    head = b"event: " + event.encode() + b"\ndata: " if event else b"data: "
    return head + encode(data) + b"\n\n"


def arguments_of(text: str) -> dict[str, Any]:
    """The arguments of a tool call as an object, which two of the dialects want; what is none is put into one."""
    try:
        data = decode(text.encode(errors="replace")) if text.strip() else {}
    except ValueError:
        data = text
    return data if isinstance(data, dict) else {"arguments": data}


def stop_reason(reason: StopReason, calls: bool) -> StopReason:
    """Some providers say `stop` though they call tools."""
    return "tools" if calls and reason == "stop" else reason


_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[^;,]*)*;base64,", re.IGNORECASE)


def split_data_url(url: str) -> tuple[str, str] | None:
    """The type and the base64 of a data URL; None for any other."""
    if (head := _DATA_URL.match(url)) is None:
        return None
    return (head[1] or "application/octet-stream").lower(), url[head.end() :]


def invalid(message: str, param: str = "") -> ApiError:
    return ApiError(400, message, "invalid_request", param=param)
