"""One connection to an MCP server: opened when it is first used, let go when it was idle for long, or is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import structlog

from bridge import __version__
from bridge.mcp.child import LastWords
from bridge.mcp.configured import ConfiguredServer
from bridge.mcp.streams import server_streams

if TYPE_CHECKING:
    from mcp.client._transport import ReadStream, TransportStreams
    from mcp.client.client import Client
    from mcp.shared.message import SessionMessage

START_SECONDS = 60.0
"""For a server to start and to introduce itself; `npx` and `uvx` download it the first time."""
IDLE_SECONDS = 600.0
MAX_LIST_PAGES = 50
MAX_REASON_CHARACTERS = 200
_CONNECTION_CLOSED, _NO_SESSION = -32000, -32001
"""Codes of errors after which a connection is of no use any more."""
_TERMINATED = "Session terminated"
"""What the package says where the server does not know the session any more."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class McpFailed(Exception):
    """The server could not be reached, or failed; says why in a few words, without what is secret."""


class McpConnection(Generic[T]):
    """Its users may be cancelled at any time, so it lives in a task of its own. All users share it."""

    def __init__(
        self,
        server: ConfiguredServer,
        around: Callable[[Client, asyncio.Event], AbstractAsyncContextManager[T]],
    ) -> None:
        """What users get is what `around` makes of the client; it may set the event to have the connection let go."""
        self._server = server
        self._around = around
        self._opened: asyncio.Future[T] | None = None
        self._lost = asyncio.Event()
        self._serving: set[asyncio.Task[None]] = set()
        """The task of the connection, and of those that are ending."""
        self._under_way = 0
        self._used_at = 0.0

    @asynccontextmanager
    async def using(self) -> AsyncIterator[T]:
        """Use it; it is opened where there is none. Raises McpFailed where that is not possible."""
        if self._opened is None or self._lost.is_set():
            self._opened, self._lost = asyncio.get_running_loop().create_future(), asyncio.Event()
            serving = asyncio.create_task(self._serve(self._opened, self._lost))
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)
        self._under_way += 1
        try:
            yield await asyncio.shield(self._opened)
        finally:
            self._under_way -= 1
            self._used_at = asyncio.get_running_loop().time()

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[T]:
        """Use it for requests of our own. Raises McpFailed for all that goes wrong."""
        async with self.using() as used:
            lost = self._lost
            try:
                yield used
            except Exception as error:  # noqa: BLE001  # whatever the package makes of what a server does
                if is_lost(error):
                    lost.set()
                raise McpFailed(_reason(error)) from None

    async def close(self) -> None:
        """End the connection, and the child if there is one."""
        for serving in self._serving:
            serving.cancel()
        if self._serving:
            await asyncio.wait(self._serving)

    async def _serve(self, opened: asyncio.Future[T], lost: asyncio.Event) -> None:
        from mcp.client.client import Client
        from mcp.types import Implementation

        errors = LastWords()
        streams = _watched(server_streams(self._server, errors), lost)
        client = Client(streams, client_info=Implementation(name="cherry-bridge", version=__version__), cache=None)
        try:
            async with AsyncExitStack() as stack:
                try:
                    async with asyncio.timeout(START_SECONDS):
                        await stack.enter_async_context(client)
                except TimeoutError:
                    raise McpFailed("it does not introduce itself") from None
                opened.set_result(await stack.enter_async_context(self._around(client, lost)))
                log.info("MCP server connected", mcp=self._server.name)
                await self._until_idle(lost)
        except Exception as error:  # noqa: BLE001  # as above; the users of the connection hear of it
            said = "" if opened.done() or isinstance(error, McpFailed) else errors.last_line(self._server.secrets)
            why = said[:MAX_REASON_CHARACTERS] or _reason(error)
            log.warning("MCP server failed", mcp=self._server.name, why=why)
            if not opened.done():
                opened.set_exception(McpFailed(why))
        finally:
            lost.set()
            if not opened.done():
                opened.set_exception(McpFailed("it was let go"))
            opened.exception()  # nobody may be waiting any more; asyncio would complain of one that nobody has seen

    async def _until_idle(self, lost: asyncio.Event) -> None:
        """Return once nobody has used it for long, or it is lost."""
        loop = asyncio.get_running_loop()
        self._used_at = loop.time()
        while not lost.is_set():
            idle = 0.0 if self._under_way else loop.time() - self._used_at
            if idle >= IDLE_SECONDS:
                return
            try:
                async with asyncio.timeout(IDLE_SECONDS - idle):
                    await lost.wait()
            except TimeoutError:
                continue


async def all_tools(client: Client) -> list[dict[str, Any]]:
    """Every tool of a server, as it describes them."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    if client.server_capabilities.tools is None:
        return found
    for _ in range(MAX_LIST_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += [tool.model_dump(by_alias=True, mode="json", exclude_none=True) for tool in page.tools]
        if not (cursor := page.next_cursor):
            break
    return found


def is_lost(error: Exception) -> bool:
    """Whether a connection is of no use after `error`; where that is no error of the protocol, its state is unknown."""
    code = getattr(error, "code", _CONNECTION_CLOSED)
    return code in (_CONNECTION_CLOSED, _NO_SESSION) or getattr(error, "message", "") == _TERMINATED


def _reason(error: BaseException) -> str:
    """In a few words; the first of a group's errors stands for all."""
    from mcp.shared.exceptions import MCPError

    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    match error:
        case McpFailed():
            return str(error)
        case MCPError():
            said = "".join(each if each.isprintable() else " " for each in error.message[:1000])
            return " ".join(said.split())[:MAX_REASON_CHARACTERS]
        case TimeoutError():
            return "it does not answer"
    return type(error).__name__


@asynccontextmanager
async def _watched(transport: Any, lost: asyncio.Event) -> AsyncIterator[TransportStreams]:
    """The transport; `lost` is set once the server has closed it."""
    async with transport as (read, write):
        yield _WatchedStream(read, lost), write


class _WatchedStream:
    """What a server says; `lost` is set at its end."""

    def __init__(self, stream: ReadStream[SessionMessage | Exception], lost: asyncio.Event) -> None:
        self._stream = stream
        self._lost = lost

    async def receive(self) -> SessionMessage | Exception:
        return await self._stream.receive()

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self._stream.__anext__()
        except StopAsyncIteration:
            self._lost.set()
            raise

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *exc: Any) -> bool | None:
        return await self._stream.__aexit__(*exc)
