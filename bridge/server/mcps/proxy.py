"""Between the clients and one MCP server, by the official package on both sides.

So a client of any revision of the protocol can use a server of any other. To a client the server looks stateless: a
request needs no session, and a session that is asked for is not given. What a server asks of its client (samples of a
model, input of a person) is not handed on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from mcp import types
from mcp.client.client import Client
from mcp.client.session import ClientSession
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError

from bridge.mcp import all_tools, is_lost
from bridge.server.mcps.asgi import Application, serve

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


@dataclass
class Proxy:
    """A connection to the server, and what answers the clients."""

    client: Client
    application: Application

    async def tools(self) -> list[dict[str, Any]]:
        """Every tool, as the server describes it."""
        return await all_tools(self.client)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        return await serve(self.application, request)


@asynccontextmanager
async def serving(client: Client, lost: asyncio.Event, name: str) -> AsyncIterator[Proxy]:
    """Answer clients by way of `client`; `name` for a server that does not say its own."""
    manager = StreamableHTTPSessionManager(_server(name, client, lost), stateless=True)
    async with manager.run():
        yield Proxy(client, manager.handle_request)


def _server(name: str, client: Client, lost: asyncio.Event) -> Server[Any]:
    """The server as the clients see it: with the capabilities of the one behind it."""
    info = client.server_info
    server: Server[Any] = Server(
        info.name if info is not None else name,
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
            if is_lost(error):
                lost.set()  # the next request reconnects
            raise

    return forward
