"""What a session with an MCP server reads and writes, however the server is reached."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bridge.mcp.child import LastWords, child_streams
from bridge.mcp.configured import ConfiguredServer

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams

MAX_RESPONSE_BYTES = 12_000_000
"""Of one answer by HTTP, all its events together."""


@asynccontextmanager
async def server_streams(server: ConfiguredServer, errors: LastWords) -> AsyncIterator[TransportStreams]:
    """The streams of a session; `errors` gets a child's error output."""
    if server.command:
        async with child_streams(server, errors) as streams:
            yield streams
        return
    import httpx2
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    class Bounded(httpx2.AsyncByteStream):
        """The content of one response, which ends with an error where it is endless."""

        def __init__(self, stream: httpx2.AsyncByteStream) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            room = MAX_RESPONSE_BYTES
            async for piece in self._stream:
                room -= len(piece)
                if room < 0:
                    raise httpx2.ReadError("the answer is too large")
                yield piece

        async def aclose(self) -> None:
            await self._stream.aclose()

    async def bound(response: httpx2.Response) -> None:
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = Bounded(response.stream)

    # Redirects to another origin are not followed by the package.
    async with create_mcp_http_client(dict(server.headers)) as http:
        http.event_hooks = {"response": [bound]}
        async with streamable_http_client(server.url, http_client=http) as streams:
            yield streams
