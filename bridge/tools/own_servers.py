"""MCP servers of one's own: connected when the first tool is used, let go when none has been for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from bridge.mcp import ConfiguredServer, McpConnection, McpFailed, all_tools
from bridge.tools.clean import progress_text, read_tools
from bridge.tools.results import read_result
from bridge.tools.tool import Tool, ToolContext, ToolError, ToolOutcome

if TYPE_CHECKING:
    from mcp.client.client import Client


class OwnServer:
    """A `ToolServer`."""

    def __init__(self, configured: ConfiguredServer) -> None:
        self.name = configured.name
        self._connection: McpConnection[Client] = McpConnection(configured, _itself)

    async def tools(self) -> Sequence[Tool]:
        async with self._asking() as client:
            return read_tools(self.name, await all_tools(client))

    async def call(self, tool: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutcome:
        from mcp import types

        async def report(progress: float, total: float | None, message: str | None) -> None:
            context.report(progress_text(progress, total, message))

        # The session's own `call_tool` would refuse a result that is not as the tool's schema has it.
        params = types.CallToolRequestParams(name=tool, arguments=dict(arguments))
        async with self._asking() as client:
            result = await client.session.send_request(
                types.CallToolRequest(params=params), types.CallToolResult, progress_callback=report
            )
        return read_result(result.model_dump(by_alias=True, mode="json", exclude_none=True))

    async def close(self) -> None:
        """End the connection, and the child if there is one."""
        await self._connection.close()

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[Client]:
        try:
            async with self._connection.asking() as client:
                yield client
        except McpFailed as error:
            raise ToolError(f"the server failed ({error})") from None


@asynccontextmanager
async def _itself(client: Client, lost: asyncio.Event) -> AsyncIterator[Client]:
    yield client
