"""MCP servers of one's own: connected when the first tool is used, let go when none has been for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import IO, TYPE_CHECKING, Any

import structlog

from bridge.tools.child import child_streams
from bridge.tools.clean import plain, read_tools
from bridge.tools.configured import ConfiguredServer
from bridge.tools.results import read_result
from bridge.tools.tool import Tool, ToolContext, ToolError, ToolOutcome

if TYPE_CHECKING:
    from mcp.client._transport import TransportStreams
    from mcp.client.session import ClientSession

log = structlog.get_logger(__name__)

START_SECONDS = 30.0
"""For a server to start and to introduce itself; `npx` and `uvx` download it the first time."""
IDLE_SECONDS = 600.0
MAX_LIST_PAGES = 10
MAX_RESPONSE_BYTES = 12_000_000
_CONNECTION_CLOSED, _NO_SESSION = -32000, -32001
"""Codes of errors after which a connection is of no use any more."""


class OwnServer:
    """A `ToolServer`. Its users may be cancelled at any time, so the connection lives in a task of its own."""

    def __init__(self, configured: ConfiguredServer) -> None:
        self.name = configured.name
        self._configured = configured
        self._session: asyncio.Future[ClientSession] | None = None
        self._serving: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._under_way = 0
        self._idle = asyncio.Event()
        """Set when nothing has been asked for long."""
        self._timer: asyncio.TimerHandle | None = None

    async def tools(self) -> Sequence[Tool]:
        from mcp import types

        entries: list[Any] = []
        cursor: str | None = None
        async with self._using() as session:
            for _ in range(MAX_LIST_PAGES):
                params = types.PaginatedRequestParams(cursor=cursor) if cursor else None
                page = await session.list_tools(params=params)
                entries += [tool.model_dump(by_alias=True, mode="json", exclude_none=True) for tool in page.tools]
                if not (cursor := page.next_cursor):
                    break
        return read_tools(self.name, entries)

    async def call(self, tool: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutcome:
        async with self._using() as session:
            result = await session.call_tool(tool, dict(arguments))
            return read_result(result.model_dump(by_alias=True, mode="json", exclude_none=True))

    async def close(self) -> None:
        """End the connection, and the child if there is one."""
        if self._serving is not None:
            self._drop(self._serving)
        if self._ending:
            await asyncio.wait(self._ending)

    def _drop(self, serving: asyncio.Task[None]) -> None:
        if not serving.done():
            serving.cancel()
            self._ending.add(serving)
            serving.add_done_callback(self._ending.discard)
        if self._serving is serving:
            self._serving = None

    @asynccontextmanager
    async def _using(self) -> AsyncIterator[ClientSession]:
        """The session, which is opened where there is none. Raises ToolError, for what goes wrong inside as well."""
        loop = asyncio.get_running_loop()
        if self._serving is None or self._serving.done():
            self._session = loop.create_future()
            self._serving = asyncio.create_task(self._serve(self._session))
        assert self._session is not None
        serving = self._serving
        self._under_way += 1
        if self._timer is not None:
            self._timer.cancel()
        try:
            session = await asyncio.shield(self._session)
            yield session
        except ToolError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever the package makes of what a server does
            if getattr(error, "code", _CONNECTION_CLOSED) in (_CONNECTION_CLOSED, _NO_SESSION):
                self._drop(serving)  # its state is not known; the next use opens another
            raise ToolError(_why(error)) from None
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._timer = loop.call_later(IDLE_SECONDS, self._idle.set)

    async def _serve(self, opened: asyncio.Future[ClientSession]) -> None:
        """Hold the connection until it has been idle for long, or breaks."""
        try:
            from mcp.client.session import ClientSession

            async with server_streams(self._configured) as (read, write), ClientSession(read, write) as session:
                async with asyncio.timeout(START_SECONDS):
                    await session.initialize()
                opened.set_result(session)
                self._idle.clear()
                await self._idle.wait()
        except Exception as error:  # noqa: BLE001  # as above; the user of the connection hears of it
            log.warning("tool server failed", server=self.name, why=type(error).__name__)
            if not opened.done():
                opened.set_exception(ToolError(_why(error)))
                opened.exception()  # nobody may be waiting any more
        finally:
            if not opened.done():
                opened.set_exception(ToolError("the server was let go"))
                opened.exception()


@asynccontextmanager
async def server_streams(
    server: ConfiguredServer, errors: int | IO[str] = asyncio.subprocess.DEVNULL
) -> AsyncIterator[TransportStreams]:
    """The streams of a session with a server, however it is reached; `errors` gets a child's error output."""
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


def _why(error: BaseException) -> str:
    """In a few words; the first of a group's errors stands for all."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, ToolError):
        return str(error)
    if isinstance(error, TimeoutError):
        return "the server does not answer"
    if isinstance(error, FileNotFoundError):
        return "the command is not there"
    said = plain(str(error), 200) if type(error).__name__ == "MCPError" else ""
    return f"the server failed ({said or type(error).__name__})"
