"""An MCP server over streamable HTTP that counts how often each tool ran; the gateway's emulator hands it out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Self

from aiohttp import web

REPORT_SECONDS = 0.2
Result = dict[str, Any]
Tool = Callable[[dict[str, Any]], Awaitable[Result]]
Tell = Callable[[dict[str, Any]], Awaitable[None]]


def text(said: str, *, failed: bool = False) -> Result:
    return {"content": [{"type": "text", "text": said}], "isError": failed}


class ToolServerEmulator:
    """Used with ``async with``. `add` gives it tools; `holds` keeps calls until they are let go."""

    def __init__(self) -> None:
        self.tools: list[dict[str, Any]] = []
        self.ran: list[tuple[str, dict[str, Any]]] = []
        """Every call that came, in order."""
        self.released = asyncio.Event()
        """Cleared by a test: calls then wait, after they have been counted."""
        self.released.set()
        self.url = ""
        self.reports: dict[str, list[dict[str, Any]]] = {}
        """By tool: how far it says it has come, again and again until it is let go; to a client that can be told."""
        self._run: dict[str, Tool] = {}
        self._runner: web.AppRunner | None = None

    def add(self, name: str, run: Tool | Result | str = "done", **more: Any) -> None:
        """Offer a tool that gives back `run`, or what calling it gives; `more` are fields of its entry."""
        schema = {"type": "object", "properties": {"city": {"type": "string"}}}
        self.tools = [each for each in self.tools if each["name"] != name]
        self.tools.append({"name": name, "description": f"The tool {name}.", "inputSchema": schema, **more})

        async def same(_arguments: dict[str, Any]) -> Result:
            return text(run) if isinstance(run, str) else dict(run)  # type: ignore[arg-type]  # no callable, see below

        self._run[name] = run if callable(run) else same

    def count(self, name: str) -> int:
        """How often the tool of that name ran."""
        return sum(each == name for each, _ in self.ran)

    async def answer(self, message: dict[str, Any], tell: Tell | None = None) -> dict[str, Any] | None:
        """The answer to one JSON-RPC message; None for a notification. `tell` is given what comes before it."""
        if "id" not in message:
            return None
        params = message.get("params") or {}
        result: dict[str, Any]
        match message["method"]:
            case "initialize":
                version = params.get("protocolVersion", "2025-06-18")
                info = {"name": "emulated", "version": "1"}
                result = {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
            case "tools/list":
                result = {"tools": self.tools}
            case "tools/call":
                name, arguments = params["name"], params.get("arguments") or {}
                self.ran.append((name, arguments))
                token = (params.get("_meta") or {}).get("progressToken")
                if tell is not None and token is not None and name in self.reports:
                    await self._report(name, token, tell)
                await self.released.wait()
                if name not in self._run:
                    return _error(message["id"], f"Unknown tool: {name}")
                result = await self._run[name](arguments)
            case method:
                return _error(message["id"], f"Method not found: {method}")
        return {"jsonrpc": "2.0", "id": message["id"], "result": result}

    async def _report(self, name: str, token: object, tell: Tell) -> None:
        while True:
            for report in self.reports.get(name, []):
                said = {"progressToken": token, **report}
                await tell({"jsonrpc": "2.0", "method": "notifications/progress", "params": said})
            with suppress(TimeoutError):
                await asyncio.wait_for(self.released.wait(), REPORT_SECONDS)
                return

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 24)
        app.router.add_route("*", "/mcp", self._http)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/mcp"
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _http(self, request: web.Request) -> web.StreamResponse:
        if request.method != "POST":
            return web.Response(status=405)
        return await respond(self, request, await request.json(), streams=bool(self.reports))


async def respond(
    server: ToolServerEmulator,
    request: web.Request,
    message: dict[str, Any],
    headers: Mapping[str, str] | None = None,
    *,
    streams: bool,
) -> web.StreamResponse:
    """Answer as streamable HTTP does: as JSON, or in a stream with what the server says before."""
    if not streams or "id" not in message:
        answer = await server.answer(message)
        return web.Response(status=202) if answer is None else web.json_response(answer, headers=headers)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **(headers or {})})
    await response.prepare(request)

    async def tell(said: dict[str, Any]) -> None:
        await response.write(f"event: message\ndata: {json.dumps(said)}\n\n".encode())

    answer = await server.answer(message, tell)
    assert answer is not None
    await tell(answer)
    return response


def _error(id: Any, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "error": {"code": -32602, "message": message}}
