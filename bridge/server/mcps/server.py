"""One MCP server: connected when it is first used, let go when nobody has used it for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bridge.mcp import ConfiguredServer, McpConnection, McpFailed
from bridge.server.errors import ApiError
from bridge.server.mcps.config import McpSpec

if TYPE_CHECKING:
    from mcp.client.client import Client

    from bridge.server.mcps.proxy import Proxy


class McpServer:
    """All clients of the gateway share one connection."""

    def __init__(self, spec: McpSpec) -> None:
        self.spec = spec
        command, *arguments = spec.command or ("",)
        server = ConfiguredServer(spec.id, command, tuple(arguments), spec.env, spec.url, spec.headers, spec.folder)
        self._connection: McpConnection[Proxy] = McpConnection(server, self._serving)

    async def tools(self) -> list[dict[str, Any]]:
        """Its tools, as it describes them. Raises ApiError."""
        async with self._errors(), self._connection.asking() as proxy:
            return await proxy.tools()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of the streamable HTTP transport. Raises ApiError."""
        async with self._errors(), self._connection.using() as proxy:
            return await proxy.answer(request)

    async def close(self) -> None:
        """End the connection, and the command if there is one."""
        await self._connection.close()

    def _serving(self, client: Client, lost: asyncio.Event) -> AbstractAsyncContextManager[Proxy]:
        from bridge.server.mcps.proxy import serving

        return serving(client, lost, self.spec.name)

    @asynccontextmanager
    async def _errors(self) -> AsyncIterator[None]:
        try:
            yield
        except McpFailed as error:
            said = f"The MCP server '{self.spec.id}' cannot be reached: {error}"
            raise ApiError(503, said, "server_info_unavailable") from None
