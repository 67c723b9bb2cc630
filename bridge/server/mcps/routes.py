"""``/v1/mcps``: what MCP servers there are, their tools, and each of them by the streamable HTTP transport.

Cherry Studio v1 answers with an object in ``data``, v2 without it; here both are in one, for clients of either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bridge.server.errors import ApiError, json_response
from bridge.server.ledger import ClientKey
from bridge.server.mcps.config import McpSpec
from bridge.server.mcps.server import McpServer


async def servers(request: web.Request, known: Mapping[str, McpServer], client: ClientKey | None) -> web.Response:
    found = [_entry(request, server.spec) for server in known.values() if _may_use(client, server)]
    by_id = {entry["id"]: entry for entry in found}
    return json_response({"servers": found, "success": True, "data": {"servers": by_id}})


async def one(request: web.Request, known: Mapping[str, McpServer], client: ClientKey | None) -> web.Response:
    server = find(request, known, client)
    described = {**_entry(request, server.spec), "tools": await server.tools()}
    return json_response({**described, "success": True, "data": described})


def find(request: web.Request, known: Mapping[str, McpServer], client: ClientKey | None) -> McpServer:
    """The server that the path names, by its id or its name. Raises ApiError."""
    name = request.match_info["id"]
    server = known.get(name) or next((each for each in known.values() if each.spec.name == name), None)
    if server is None:
        raise ApiError(404, f"There is no MCP server '{name[:64]}'", "server_not_found")
    if not _may_use(client, server):
        assert client is not None
        raise ApiError(403, f"The key '{client.name}' is not for this MCP server", "mcp_not_allowed")
    return server


def _may_use(client: ClientKey | None, server: McpServer) -> bool:
    return client is None or client.allows(f"mcp:{server.spec.id}")


def _entry(request: web.Request, spec: McpSpec) -> dict[str, Any]:
    return {
        "id": spec.id,
        "name": spec.name,
        "type": "streamableHttp",
        "description": spec.description,
        "url": f"{request.scheme}://{request.host}/v1/mcps/{spec.id}/mcp",
    }
