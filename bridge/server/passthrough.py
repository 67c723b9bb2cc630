"""A provider's stream handed on as bytes: whole events only, and an eye on the usage that it reports."""

from __future__ import annotations

import re
from typing import Any

from bridge.gateway import MAX_EVENT_BYTES, SseDecoder
from bridge.gateway.dialects import as_dict, as_list
from bridge.server.codec import decode
from bridge.server.dialects import Name
from bridge.server.dialects.chat_answer import read_usage as chat_usage
from bridge.server.dialects.messages_answer import read_usage as messages_usage
from bridge.server.dialects.responses_answer import read_usage as responses_usage
from bridge.server.events import TokenCounts

_USAGE = re.compile(rb'"usage"\s*:\s*\{')
_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")


class Passthrough:
    """`drop_usage`: the gateway asked for the usage, and the client did not; the chunk that holds it is left out."""

    def __init__(self, dialect: Name, *, drop_usage: bool) -> None:
        self._dialect = dialect
        self._drop_usage = drop_usage
        self._held = bytearray()
        self._counts: dict[str, Any] = {}

    @property
    def usage(self) -> TokenCounts | None:
        return _read(self._dialect, self._counts) if self._counts else None

    def feed(self, data: bytes) -> bytes:
        """The events that `data` completes, as they are. Raises ValueError where one exceeds `MAX_EVENT_BYTES`."""
        if self._held or not data.endswith(_ENDS):
            data = self._whole_events(data)
        if _USAGE.search(data) is None:
            return data
        return self._counted(data)

    def rest(self) -> bytes:
        """What is left where the stream ends without a blank line."""
        data, self._held = bytes(self._held), bytearray()
        return self._counted(data) if _USAGE.search(data) else data

    def _whole_events(self, data: bytes) -> bytes:
        start = max(0, len(self._held) - 3)  # an end may be split over two reads
        self._held += data
        end = max(at + len(mark) if (at := self._held.rfind(mark, start)) >= 0 else 0 for mark in _ENDS)
        if len(self._held) - end > MAX_EVENT_BYTES:
            raise ValueError(f"an event is longer than {MAX_EVENT_BYTES} bytes")
        whole = bytes(self._held[:end])
        del self._held[:end]
        return whole

    def _counted(self, data: bytes) -> bytes:
        kept = data
        for event in SseDecoder().feed(data if data.endswith(_ENDS) else data + b"\n\n"):
            if _USAGE.search(event) is None:
                continue
            try:
                chunk = as_dict(decode(event))
            except ValueError:
                continue
            self.count(chunk)
            if self._drop_usage and not as_list(chunk.get("choices")) and "choices" in chunk:
                kept = kept.replace(b"data: " + event + b"\n\n", b"")
        return kept

    def count(self, data: dict[str, Any]) -> None:
        """Note the usage in an event, or in a whole answer."""
        for holder in (data, as_dict(data.get("message")), as_dict(data.get("response"))):
            usage = {name: count for name, count in as_dict(holder.get("usage")).items() if count is not None}
            self._counts |= usage


def _read(dialect: Name, counts: dict[str, Any]) -> TokenCounts:
    match dialect:
        case "chat":
            return chat_usage(counts)
        case "messages":
            return messages_usage(counts)
        case "responses":
            return responses_usage(counts)
