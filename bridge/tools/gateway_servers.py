"""The MCP servers of Cherry Studio, through its gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.errors import GatewayError
from bridge.gateway import Gateway, McpServerEntry
from bridge.tools.clean import plain, progress_text, read_tools
from bridge.tools.results import read_result
from bridge.tools.tool import BUILT_IN, Tool, ToolContext, ToolError, ToolOutcome

MAX_SERVERS = 20
LIST_SECONDS, NO_LIST_SECONDS = 60.0, 600.0
"""How long a list of servers is used, and how long a gateway that has none is not asked again."""


class GatewayServer:
    """A `ToolServer`."""

    def __init__(self, gateway: Gateway, entry: McpServerEntry, name: str) -> None:
        self.name = name
        self._gateway = gateway
        self._id = entry.id

    async def tools(self) -> Sequence[Tool]:
        try:
            return read_tools(self.name, await self._gateway.mcps.tools(self._id))
        except GatewayError as error:
            raise ToolError(str(error)) from None

    async def call(self, tool: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutcome:
        def report(done: float, total: float | None, message: str) -> None:
            context.report(progress_text(done, total, message))

        try:
            return read_result(await self._gateway.mcps.call(self._id, tool, arguments, report))
        except GatewayError as error:
            raise ToolError(str(error)) from None


class GatewayServers:
    """Which servers there are now. Those of a gateway that has none, or cannot be asked, are none."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._servers: Sequence[GatewayServer] = ()
        self._until = float("-inf")

    async def servers(self, taken: Sequence[str]) -> Sequence[GatewayServer]:
        """The servers, each under a name that is not `taken`. Raises nothing."""
        now = asyncio.get_running_loop().time()
        if now < self._until:
            return self._servers
        try:
            entries = await self._gateway.mcps.servers()
        except GatewayError:
            entries = []
        self._until = now + (LIST_SECONDS if entries else NO_LIST_SECONDS)
        named: dict[str, GatewayServer] = {}
        for entry in entries[:MAX_SERVERS]:
            base = plain(entry.name or entry.id, 40).replace(" ", "-").replace("/", "-").replace(":", "-") or "server"
            name, number = base, 2
            while name in named or name in taken or name == BUILT_IN:
                name, number = f"{base}-{number}", number + 1
            named[name] = GatewayServer(self._gateway, entry, name)
        self._servers = list(named.values())
        return self._servers
