"""A minimal HTTP/1.1 server protocol: what a fake peer needs so as not to be the bottleneck."""

from __future__ import annotations

import asyncio
import re
import resource
from typing import cast

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
BACKLOG = 8192
"""Connections that may wait to be accepted; a burst opens thousands at once."""


class HttpConnection(asyncio.Protocol):
    """Parses requests whose bodies have a Content-Length, and hands each to `handle`, in order."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            found = CONTENT_LENGTH.search(head)
            start = end + 4
            size = int(found[1]) if found else 0
            if len(self._buffer) < start + size:
                return
            body, self._buffer = self._buffer[start : start + size], self._buffer[start + size :]
            path = head.split(b" ", 2)[1].partition(b"?")[0]
            self.handle(path.decode(), body)

    def handle(self, path: str, body: bytes) -> None:
        raise NotImplementedError

    def respond(self, json: bytes) -> None:
        """Answer 200 with `json`; nothing where the client has left."""
        if not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(json), json)
            )


def raise_file_limit() -> None:
    """Let this process, and those that it starts, open as many sockets as the system permits."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
