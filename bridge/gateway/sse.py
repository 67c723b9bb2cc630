"""Bytes to server-sent events.

Lines end at LF, CRLF or CR and nowhere else: a raw U+2028 or U+0085 inside JSON is text, and a character that is
split over two reads is joined again, because everything here is bytes.
"""

from __future__ import annotations

MAX_EVENT_BYTES = 48 * 1024 * 1024
"""The longest event. A picture of 4,096 x 4,096 pixels as PNG comes to about 30 MB in base64; no event with text
alone comes near that."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Allowed before the first line. A proxy that joins responses leaves one before a later line too."""


class SseDecoder:
    """Collects bytes as they come from the network and returns the data of each event that is complete."""

    def __init__(self) -> None:
        self._unfinished: list[bytes] = []
        self._held = 0
        self._after_cr = False
        self._data: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """The events that `data` completes. Raises ValueError where one exceeds `MAX_EVENT_BYTES`."""
        if not self._held and not self._after_cr and data.startswith(b"data: ") and data.endswith(b"\n\n"):
            # What gateways send: whole events of one line each.
            events = data[6:-2].split(b"\n\ndata: ")
            if data.count(b"\n") == 2 * len(events) and b"\r" not in data:
                return events
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        if not data:
            return []
        self._unfinished.append(data)
        self._held += len(data)
        if self._held > MAX_EVENT_BYTES:
            raise ValueError(f"an event is longer than {MAX_EVENT_BYTES} bytes")
        if b"\n" not in data and b"\r" not in data:
            return []
        lines = b"".join(self._unfinished).splitlines(keepends=True)
        self._unfinished = [] if lines[-1].endswith((b"\n", b"\r")) else [lines.pop()]
        events = []
        for line in lines:
            field = line.rstrip(b"\r\n").removeprefix(BYTE_ORDER_MARK)
            if field.startswith(b"data:"):
                self._data.append(field[6:] if field.startswith(b"data: ") else field[5:])
            elif not field and self._data:
                events.append(b"\n".join(self._data))
                self._data.clear()
        self._held = sum(map(len, self._unfinished)) + sum(map(len, self._data))
        return events

    def end(self) -> list[bytes]:
        """What the last line holds where the stream ends without the blank one after it."""
        return self.feed(b"\n\n")
