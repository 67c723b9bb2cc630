"""The tripwire itself: what reaches beyond this machine fails the test that tried."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests import conftest


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.org"])
async def test_beyond_is_refused_and_remembered(host: str) -> None:
    with pytest.raises(PermissionError):
        await asyncio.open_connection(host, 9)
    with pytest.raises(PermissionError):
        socket.create_connection((host, 9), timeout=1)
    assert conftest._beyond
    conftest._beyond.clear()


async def test_here_is_allowed() -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for host in ("127.0.0.1", "localhost"):
        _, writer = await asyncio.open_connection(host, port)
        writer.close()
    server.close()
    await server.wait_closed()
