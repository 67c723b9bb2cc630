"""One MCP server: connected when it is first used, let go when nobody has used it for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from bridge.server.errors import ApiError
from bridge.server.mcps.config import McpSpec

if TYPE_CHECKING:
    from bridge.server.mcps.proxy import Proxy

START_SECONDS = 60.0
"""For a server to start and introduce itself; `npx` and `uvx` fetch it the first time."""
IDLE_SECONDS = 600.0

log = structlog.get_logger(__name__)


class McpServer:
    """Its users may leave at any time, so the connection lives in a task of its own. All users share it."""

    def __init__(self, spec: McpSpec) -> None:
        self.spec = spec
        self._opened: asyncio.Future[Proxy] | None = None
        self._serving: asyncio.Task[None] | None = None
        self._under_way = 0
        self._used_at = 0.0

    async def tools(self) -> list[dict[str, Any]]:
        """Its tools, as it describes them. Raises ApiError."""
        async with self._using() as proxy:
            return await proxy.tools()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of the streamable HTTP transport. Raises ApiError."""
        async with self._using() as proxy:
            return await proxy.answer(request)

    async def close(self) -> None:
        """End the connection, and the command if there is one."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait([self._serving])

    @asynccontextmanager
    async def _using(self) -> AsyncIterator[Proxy]:
        loop = asyncio.get_running_loop()
        if self._serving is None or self._serving.done() or self._is_lost:
            self._opened = loop.create_future()
            self._serving = asyncio.create_task(self._serve(self._opened))
        assert self._opened is not None
        self._under_way += 1
        try:
            yield await asyncio.shield(self._opened)
        finally:
            self._under_way -= 1
            self._used_at = loop.time()

    @property
    def _is_lost(self) -> bool:
        """Whether the server has ended, or closed the connection."""
        opened = self._opened
        return opened is not None and opened.done() and opened.exception() is None and opened.result().lost.is_set()

    async def _serve(self, opened: asyncio.Future[Proxy]) -> None:
        """Hold the connection until it has been idle for long, or is lost."""
        from bridge.server.mcps.proxy import proxy, reason

        loop = asyncio.get_running_loop()
        try:
            async with proxy(self.spec, START_SECONDS) as connected:
                opened.set_result(connected)
                log.info("MCP server connected", mcp=self.spec.id)
                self._used_at = loop.time()
                while not connected.lost.is_set():
                    idle = loop.time() - self._used_at
                    if not self._under_way and idle >= IDLE_SECONDS:
                        break
                    try:
                        async with asyncio.timeout(IDLE_SECONDS if self._under_way else IDLE_SECONDS - idle):
                            await connected.lost.wait()
                    except TimeoutError:
                        continue
        except Exception as error:  # noqa: BLE001 - whatever the package makes of what a server does
            log.warning("MCP server failed", mcp=self.spec.id, why=reason(error))
            if not opened.done():
                said = f"The MCP server '{self.spec.id}' cannot be reached: {reason(error)}"
                opened.set_exception(ApiError(503, said, "server_info_unavailable"))
        finally:
            if not opened.done():
                opened.set_exception(ApiError(503, f"The MCP server '{self.spec.id}' was let go", "server_gone"))
            if opened.exception() is not None:
                pass  # nobody may be waiting any more; asyncio would complain of an error that nobody has seen
