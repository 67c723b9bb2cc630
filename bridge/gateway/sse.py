"""Bytes to server-sent events.

Lines end at LF, CRLF or CR and nowhere else: a raw U+2028 or U+0085 inside JSON is text, and a character split
over two reads is put together again, because everything here is bytes.
"""

from __future__ import annotations

MAX_EVENT = 8 * 1024 * 1024
"""Bytes. No token is that long; whoever sends more is not a gateway."""


class Events:
    """Collects bytes as they come from the network and hands out the data of each event that is complete."""

    def __init__(self) -> None:
        self._unfinished: list[bytes] = []
        self._held = 0
        self._after_cr = False
        self._data: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """The events that `data` completes. Raises ValueError where one exceeds `MAX_EVENT`."""
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._after_cr = data.endswith(b"\r")
        if not data:
            return []
        self._unfinished.append(data)
        self._held += len(data)
        if self._held > MAX_EVENT:
            raise ValueError(f"an event is longer than {MAX_EVENT} bytes")
        if b"\n" not in data and b"\r" not in data:
            return []
        lines = b"".join(self._unfinished).splitlines(keepends=True)
        self._unfinished = [] if lines[-1].endswith((b"\n", b"\r")) else [lines.pop()]
        events: list[bytes] = []
        for line in lines:
            field = line.rstrip(b"\r\n")
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
