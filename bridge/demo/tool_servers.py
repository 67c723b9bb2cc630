"""Two MCP servers as Cherry Studio may have them: a made-up weather, and notes that are not kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from zlib import crc32

from aiohttp import web

from bridge.server import McpServer, McpSpec

MAX_NOTES, MAX_NOTE_CHARACTERS = 100, 500
_SKIES = ("sunny", "cloudy", "rainy", "windy", "snowy")

Run = Callable[[Mapping[str, Any]], str]


class DeskServer(McpServer):
    """A server in this process. `run` has a function for each of its `tools`, by name."""

    def __init__(self, name: str, description: str, tools: list[dict[str, Any]], run: Mapping[str, Run]) -> None:
        super().__init__(
            McpSpec(id=name, name=name, description=description, command=(), env={}, folder="", url="", headers={})
        )
        self._tools = tools
        self._run = run

    async def tools(self) -> list[dict[str, Any]]:
        return self._tools

    async def answer(self, request: web.Request) -> web.StreamResponse:
        try:
            message = json.loads(await request.read())
        except (ValueError, RecursionError):
            return web.Response(status=400)
        if not isinstance(message, dict) or "id" not in message:
            return web.Response(status=202)
        given = message.get("params")
        params: dict[str, Any] = given if isinstance(given, dict) else {}
        result: dict[str, Any]
        match message.get("method"):
            case "initialize":
                version = params.get("protocolVersion", "2025-06-18")
                info = {"name": self.spec.name, "version": "1"}
                result = {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
            case "tools/list":
                result = {"tools": self._tools}
            case "tools/call" if (run := self._run.get(str(params.get("name")))) is not None:
                arguments = params.get("arguments")
                said = run(arguments if isinstance(arguments, dict) else {})
                result = {"content": [{"type": "text", "text": said}]}
            case _:
                error = {"code": -32601, "message": "There is no such method or tool"}
                return web.json_response({"jsonrpc": "2.0", "id": message["id"], "error": error})
        return web.json_response({"jsonrpc": "2.0", "id": message["id"], "result": result})


def servers() -> dict[str, McpServer]:
    """The servers of one gateway; their notes are its own."""
    notes: list[str] = []

    def forecast(given: Mapping[str, Any]) -> str:
        city = str(given.get("city") or "here")[:80]
        seed = crc32(city.casefold().encode(errors="replace"))
        return f"{city}: {_SKIES[seed % len(_SKIES)]}, {seed // 7 % 35 - 5} degrees (made up for this demo)"

    def add(given: Mapping[str, Any]) -> str:
        notes.append(str(given.get("text", ""))[:MAX_NOTE_CHARACTERS])
        del notes[:-MAX_NOTES]
        return f"Noted. Notes so far: {len(notes)}."

    def listed(given: Mapping[str, Any]) -> str:
        return "\n".join(f"- {note}" for note in notes) or "There are no notes yet."

    return {
        "weather": DeskServer(
            "weather",
            "The weather, made up",
            [_tool("forecast", "The weather in a city.", reads=True, city="the city")],
            {"forecast": forecast},
        ),
        "notes": DeskServer(
            "notes",
            "Notes, for as long as the demo runs",
            [
                _tool("add_note", "Write a note.", reads=False, text="what to write down"),
                _tool("list_notes", "All notes.", reads=True),
            ],
            {"add_note": add, "list_notes": listed},
        ),
    }


def _tool(name: str, description: str, *, reads: bool, **properties: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {each: {"type": "string", "description": what} for each, what in properties.items()},
        "required": list(properties),
    }
    hints = {"title": description.rstrip("."), "readOnlyHint": reads}
    return {"name": name, "description": description, "inputSchema": schema, "annotations": hints}
