"""MCP servers of somebody else's: the reference ones, by PyPI and by npm, over standard input and output and HTTP.

Those by npm lie where `NODE_CLIENTS` says (`.ci/run`); nothing is fetched by the tests.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bridge.mcp import ConfiguredServer
from bridge.tools import ToolContext, ToolOutcome
from bridge.tools.own_servers import OwnServer
from bridge.types import Chat, User
from tests.harness import until

CONTEXT = ToolContext(Chat("fake", "1", direct=True), User("fake", "1"), "fake:1", "en", "m1", "c1")
MODULES = Path(os.environ.get("NODE_CLIENTS") or "/nonexistent") / "node_modules"
NODE = shutil.which("node") or ""
SERVERS = MODULES / "@modelcontextprotocol"
npm = pytest.mark.skipif(
    not NODE or not (SERVERS / "server-everything").is_dir(), reason="NODE_CLIENTS names no folder with the servers"
)


class Used:
    def __init__(self, server: OwnServer) -> None:
        self._server = server
        self.heard: list[str] = []

    async def offers(self) -> set[str]:
        return {tool.name for tool in await self._server.tools()}

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> ToolOutcome:
        return await self._server.call(tool, arguments, replace(CONTEXT, report=self.heard.append))


@asynccontextmanager
async def use(command: str = "", *args: str, url: str = "") -> AsyncIterator[Used]:
    server = OwnServer(ConfiguredServer("theirs", command, args, url=url))
    try:
        yield Used(server)
    finally:
        await server.close()


async def test_the_time_by_pypi() -> None:
    async with use(sys.executable, "-m", "mcp_server_time") as theirs:
        assert await theirs.offers() == {"get_current_time", "convert_time"}
        given = {"source_timezone": "Asia/Shanghai", "time": "18:00", "target_timezone": "Europe/Berlin"}
        outcome = await theirs.call("convert_time", given)
        assert "Asia/Shanghai" in outcome.text and not outcome.failed
        refused = await theirs.call("convert_time", given | {"time": "25:00"})
        assert refused.failed and "Invalid time format" in refused.text


async def test_a_page_by_pypi() -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<h1>Cats</h1><p>They <b>sleep</b>.</p>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/page", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with use(
            sys.executable, "-m", "mcp_server_fetch", "--ignore-robots-txt", "--allow-private-ips"
        ) as theirs:
            outcome = await theirs.call("fetch", {"url": f"http://127.0.0.1:{runner.addresses[0][1]}/page"})
            assert "They" in outcome.text and "sleep" in outcome.text and "<b>" not in outcome.text
    finally:
        await runner.cleanup()


@npm
async def test_files_by_npm(tmp_path: Path) -> None:
    script = SERVERS / "server-filesystem" / "dist" / "index.js"
    async with use(NODE, str(script), str(tmp_path)) as theirs:
        assert {"read_text_file", "write_file"} <= await theirs.offers()
        await theirs.call("write_file", {"path": str(tmp_path / "a.txt"), "content": "Grüße"})
        assert (tmp_path / "a.txt").read_text() == "Grüße"
        assert (await theirs.call("read_text_file", {"path": str(tmp_path / "a.txt")})).text == "Grüße"
        refused = await theirs.call("read_text_file", {"path": "/etc/passwd"})
        assert refused.failed and "Access denied" in refused.text


@npm
async def test_everything_by_npm_over_http() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = SERVERS / "server-everything" / "dist" / "index.js"
    process = await asyncio.create_subprocess_exec(
        *(NODE, str(script), "streamableHttp"),
        env={"PATH": os.environ["PATH"], "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await until(lambda: answers(port), "the server")
        async with use(url=f"http://127.0.0.1:{port}/mcp") as theirs:
            assert {"echo", "get-tiny-image"} <= await theirs.offers()
            assert (await theirs.call("echo", {"message": "Hi"})).text == "Echo: Hi"
            [picture] = (await theirs.call("get-tiny-image", {})).files
            assert picture.kind == "image" and picture.content.startswith(b"\x89PNG")
            outcome = await theirs.call("trigger-long-running-operation", {"duration": 0.2, "steps": 4})
            assert "completed" in outcome.text and theirs.heard == ["25%", "50%", "75%", "100%"]
    finally:
        process.kill()
        await process.wait()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
