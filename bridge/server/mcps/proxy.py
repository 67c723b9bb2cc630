"""Between the clients and one MCP server, by the official package on both sides.

So a client of any revision of the protocol can use a server of any other. To a client the server looks stateless: a
request needs no session, and a session that is asked for is not given. What a server asks of its client (samples of a
model, input of a person) is not handed on.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self, TextIO

from aiohttp import web
from mcp import types
from mcp.client._transport import ReadStream, TransportStreams
from mcp.client.client import Client
from mcp.client.session import ClientSession
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage

from bridge import __version__
from bridge.server.mcps.asgi import Application, serve
from bridge.server.mcps.config import McpSpec
from bridge.tools import ConfiguredServer, server_streams

MAX_LIST_PAGES = 50
MAX_REASON_CHARACTERS = 200
_TERMINATED = "Session terminated"
"""What the package says where the server does not know the session any more."""

_Params = type[types.RequestParams] | type[types.PaginatedRequestParams]
_METHODS: Mapping[str, Sequence[tuple[str, _Params, type[Any], type[Any]]]] = {
    "tools": (
        ("tools/list", types.PaginatedRequestParams, types.ListToolsRequest, types.ListToolsResult),
        ("tools/call", types.CallToolRequestParams, types.CallToolRequest, types.CallToolResult),
    ),
    "resources": (
        ("resources/list", types.PaginatedRequestParams, types.ListResourcesRequest, types.ListResourcesResult),
        (
            "resources/templates/list",
            types.PaginatedRequestParams,
            types.ListResourceTemplatesRequest,
            types.ListResourceTemplatesResult,
        ),
        ("resources/read", types.ReadResourceRequestParams, types.ReadResourceRequest, types.ReadResourceResult),
    ),
    "prompts": (
        ("prompts/list", types.PaginatedRequestParams, types.ListPromptsRequest, types.ListPromptsResult),
        ("prompts/get", types.GetPromptRequestParams, types.GetPromptRequest, types.GetPromptResult),
    ),
    "completions": (("completion/complete", types.CompleteRequestParams, types.CompleteRequest, types.CompleteResult),),
}
"""What is handed on, by the capability that a server has for it."""


class StartError(Exception):
    """The server did not start; the text says why."""


@dataclass
class Proxy:
    """A connection to the server, and what answers the clients."""

    client: Client
    application: Application
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    async def tools(self) -> list[dict[str, Any]]:
        """Every tool, as the server describes it."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        if self.client.server_capabilities.tools is None:
            return found
        for _ in range(MAX_LIST_PAGES):
            page = await self.client.list_tools(cursor=cursor)
            found += [tool.model_dump(by_alias=True, mode="json", exclude_none=True) for tool in page.tools]
            if not (cursor := page.next_cursor):
                break
        return found

    async def answer(self, request: web.Request) -> web.StreamResponse:
        return await serve(self.application, request)


@asynccontextmanager
async def proxy(spec: McpSpec, start_seconds: float) -> AsyncIterator[Proxy]:
    """Connect to the server. Raises StartError, or whatever the package makes of what the server does."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        lost = asyncio.Event()
        client = Client(
            _watched(server_streams(_configured(spec), errors), lost),
            client_info=types.Implementation(name="cherry-bridge gateway", version=__version__),
            cache=None,
        )
        try:
            async with asyncio.timeout(start_seconds):
                await client.__aenter__()
        except TimeoutError:
            raise StartError("it does not introduce itself") from None
        except Exception as error:
            raise StartError(_last_line(errors, spec) or reason(error)) from error
        try:
            manager = StreamableHTTPSessionManager(_server(spec, client, lost), stateless=True)
            async with manager.run():
                yield Proxy(client, manager.handle_request, lost)
        finally:
            await client.__aexit__(None, None, None)


def reason(error: BaseException) -> str:
    """In a few words; the first of a group's errors stands for all."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    match error:
        case StartError():
            return str(error)
        case MCPError():
            return " ".join(error.message.split())[:MAX_REASON_CHARACTERS]
    return type(error).__name__


def _server(spec: McpSpec, client: Client, lost: asyncio.Event) -> Server[Any]:
    """The server as the clients see it: with the capabilities of the one behind it."""
    info = client.server_info
    server: Server[Any] = Server(
        info.name if info is not None else spec.name,
        version=info.version if info is not None else "",
        instructions=client.instructions,
    )
    for capability, methods in _METHODS.items():
        if getattr(client.server_capabilities, capability) is not None:
            for method, params, request, result in methods:
                server.add_request_handler(method, params, _forward(client.session, lost, request, result))
    return server


def _forward(
    session: ClientSession, lost: asyncio.Event, request: type[Any], result: type[Any]
) -> Callable[[ServerRequestContext[Any], Any], Awaitable[Any]]:
    async def forward(context: ServerRequestContext[Any], params: Any) -> Any:
        token = (context.meta or {}).get("progress_token")

        async def report(progress: float, total: float | None, message: str | None) -> None:
            if token is not None:
                await context.session.send_progress_notification(
                    token, progress, total, message, related_request_id=str(context.request_id)
                )

        try:
            return await session.send_request(
                request(params=params.model_copy(update={"meta": None})),
                result,
                progress_callback=None if token is None else report,
            )
        except MCPError as error:
            if error.code == types.CONNECTION_CLOSED or error.message == _TERMINATED:
                lost.set()  # the next request reconnects
            raise

    return forward


def _configured(spec: McpSpec) -> ConfiguredServer:
    command, *arguments = spec.command or ("",)
    return ConfiguredServer(spec.id, command, tuple(arguments), spec.env, spec.url, spec.headers, spec.folder)


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


def _last_line(errors: TextIO, spec: McpSpec) -> str:
    """What the command wrote last before it ended, without the values that it was given."""
    errors.seek(0)
    lines = [line.strip() for line in errors.read().splitlines() if line.strip()]
    said = lines[-1] if lines else ""
    for secret in spec.secrets:
        said = said.replace(secret, "[secret]") if secret else said
    return said[:MAX_REASON_CHARACTERS]
