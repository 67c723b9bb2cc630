"""All tools there are, of every server, and one call of one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from bridge.gateway import Gateway
from bridge.mcp import ConfiguredServer
from bridge.tools.built_in import BuiltInTools
from bridge.tools.gateway_servers import GatewayServers
from bridge.tools.own_servers import OwnServer
from bridge.tools.tool import Tool, ToolContext, ToolError, ToolOutcome, ToolServer

log = structlog.get_logger(__name__)

LIST_SECONDS = 60.0
"""How long a server's list is used; a server may change it at any time."""
WAIT_SECONDS, LONG_WAIT_SECONDS = 6.0, 30.0
"""How long an answer waits for a server that has not said what it offers; after that it does without. The longer one is
for an answer that has called tools before, which may be missed now that a server has to start again."""


@dataclass(slots=True)
class _Listing:
    tools: Sequence[Tool] = ()
    read_at: float = float("-inf")
    problem: str = ""
    reading: asyncio.Task[None] | None = None


@dataclass(slots=True)
class Offer:
    """What every server offers now."""

    tools: list[Tool] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    """By server: why it offers nothing."""


class Toolbox:
    """Nothing is connected, started or imported before the first chat that has tools asks for them."""

    def __init__(self, built_in: BuiltInTools, own: Sequence[ConfiguredServer], gateways: Sequence[Gateway]) -> None:
        self._built_in = built_in
        self._own = [OwnServer(each) for each in own]
        self._gateways = [GatewayServers(gateway) for gateway in gateways]
        self._listings: dict[str, _Listing] = {}
        self._servers: dict[str, ToolServer] = {}

    async def offer(self, *, fresh: bool = False, wait: float = WAIT_SECONDS) -> Offer:
        """What there is now, the built-in tools first. `wait`, in seconds, for servers that have not said anything yet.

        Raises nothing.
        """
        found: list[ToolServer] = [self._built_in, *self._own]
        try:
            async with asyncio.timeout(wait):
                for gateway in self._gateways:
                    found += await gateway.servers([each.name for each in found])
        except TimeoutError:
            pass  # what has come so far
        servers = self._servers = {each.name: each for each in found}
        self._listings = {name: self._listings.get(name) or _Listing() for name in servers}
        now = asyncio.get_running_loop().time()
        for name, listing in self._listings.items():
            if (fresh or now - listing.read_at >= LIST_SECONDS) and listing.reading is None:
                listing.reading = asyncio.create_task(self._read(servers[name], listing))
        waited = [each.reading for each in self._listings.values() if each.reading and (fresh or not each.tools)]
        if waited:
            await asyncio.wait(waited, timeout=wait)
        offer = Offer()
        for name, listing in self._listings.items():
            offer.tools += listing.tools
            if listing.problem or (listing.reading and not listing.tools):
                offer.problems[name] = listing.problem or "the server does not answer"
        return offer

    async def call(self, tool: Tool, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutcome:
        """Run `tool`. Raises ToolError."""
        server = self._servers.get(tool.server)
        if server is None:
            raise ToolError("its server is not there any more")
        return await server.call(tool.name, arguments, context)

    async def close(self) -> None:
        """End every connection and every child."""
        reading = [each.reading for each in self._listings.values() if each.reading is not None]
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, *(each.close() for each in self._own), return_exceptions=True)

    async def _read(self, server: ToolServer, listing: _Listing) -> None:
        try:
            listing.tools, listing.problem = await server.tools(), ""
        except ToolError as error:
            listing.tools, listing.problem = (), str(error)
            log.info("tool server offers nothing", server=server.name, why=str(error))
        finally:
            listing.read_at = asyncio.get_running_loop().time()
            listing.reading = None
