"""The MCP servers that a gateway hands out: one call at a time, and in a session where that tells how far a tool is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bridge.gateway import Gateway
from tests.emulators.gateway import GatewayEmulator, Generation
from tests.emulators.gateway.server import id_of
from tests.emulators.tool_server import ToolServerEmulator
from tests.harness import until_true

STEPS: list[dict[str, Any]] = [
    {"progress": 1, "total": 4},
    {"progress": "7", "message": "half"},
    {"progress": 2, "message": "half", "x": []},
]
Heard = list[tuple[float, float | None, str]]


@asynccontextmanager
async def desk(generation: Generation) -> AsyncIterator[tuple[GatewayEmulator, ToolServerEmulator, Gateway]]:
    async with GatewayEmulator(generation) as emulator, ToolServerEmulator() as server:
        server.add("walk", "There.")
        server.reports["walk"] = STEPS
        emulator.mcps["desk"] = server
        async with Gateway(emulator.url, emulator.key, first_token=60, idle=60) as gateway:
            await gateway.mcps.servers()
            yield emulator, server, gateway


async def walked(gateway: Gateway) -> tuple[str, Heard]:
    heard: Heard = []
    result = await gateway.mcps.call(id_of("desk"), "walk", {}, lambda *said: heard.append(said))
    return result["content"][0]["text"], heard


@pytest.mark.parametrize(
    ("generation", "heard"), [("B", []), ("C", [(1, 4, ""), (0, None, "half"), (2, None, "half")])]
)
async def test_v2_says_how_far_a_tool_is(generation: Generation, heard: Heard) -> None:
    async with desk(generation) as (emulator, server, gateway):
        assert await walked(gateway) == ("There.", heard)
        assert server.count("walk") == 1 and not emulator.mcp_sessions, "the session has ended"


async def test_without_a_session_it_runs_all_the_same() -> None:
    async with desk("C") as (emulator, server, gateway):
        emulator.mcp_sessions += [str(number) for number in range(64)]
        assert await walked(gateway) == ("There.", [])
        assert server.count("walk") == 1 and len(emulator.mcp_sessions) == 64


async def test_who_stops_waiting_ends_the_session() -> None:
    async with desk("C") as (emulator, server, gateway):
        server.released.clear()
        call = asyncio.create_task(walked(gateway))
        await until_true(lambda: server.count("walk") == 1)
        call.cancel()
        await asyncio.wait([call])
        assert not emulator.mcp_sessions
        server.released.set()
