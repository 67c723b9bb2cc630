"""MCP servers of one's own: as children with limits, and by HTTP; started when used, ended with the bridge."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.mcp import ConfiguredServer
from bridge.mcp import child as children
from bridge.tools import ToolContext, ToolError, read_servers
from bridge.tools.own_servers import OwnServer
from bridge.types import Chat, User
from tests.emulators.tool_server import ToolServerEmulator
from tests.harness import until_true

ROOT = str(Path(__file__).parents[2])
CONTEXT = ToolContext(Chat("fake", "1", direct=True), User("fake", "1"), "fake:1", "en", "m1", "c1")


@asynccontextmanager
async def child(mode: str = "") -> AsyncIterator[OwnServer]:
    script = str(Path(__file__).with_name("stdio_server.py"))
    server = OwnServer(ConfiguredServer("mine", sys.executable, (script, mode), {"TOKEN": "t0ps3cret"}))
    try:
        yield server
    finally:
        await server.close()


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"


async def test_a_child_is_started_when_used_and_ended_with_us() -> None:
    async with child() as server:
        assert [tool.name for tool in await server.tools()] == ["echo", "pid", "environment"]
        assert (await server.call("echo", {"a": "ü"}, CONTEXT)).text == '{"a": "\\u00fc"}'
        pid = int((await server.call("pid", {}, CONTEXT)).text)
        assert runs(pid)
    await until_true(lambda: not runs(pid))


async def test_a_child_gets_its_own_variables_and_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_GATEWAY_KEY", "cs-sk-secret")
    async with child() as server:
        told = json.loads((await server.call("environment", {}, CONTEXT)).text)
    assert told["TOKEN"] == "t0ps3cret"
    assert not any("cs-sk-secret" in value for value in told.values())


async def test_calls_at_the_same_time_share_one_child() -> None:
    async with child() as server:
        found = await asyncio.gather(*(server.call("pid", {}, CONTEXT) for _ in range(5)))
    assert len({each.text for each in found}) == 1


async def test_a_child_says_how_far_it_is() -> None:
    """A real server, by the official package."""
    server = OwnServer(
        ConfiguredServer("mine", sys.executable, ("-m", "tests.server.mcp_server", "stdio"), folder=ROOT)
    )
    heard: list[str] = []
    outcome = await server.call("climb", {"steps": 2}, replace(CONTEXT, report=heard.append))
    await server.close()
    assert (outcome.text, heard) == ("on top", ["step 1", "step 2"])


async def test_one_that_dies_in_a_call_is_started_again() -> None:
    async with child("dies") as server:
        with pytest.raises(ToolError):
            await server.call("echo", {}, CONTEXT)
        assert len(await server.tools()) == 3


async def test_endless_output_costs_one_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "MAX_LINE_BYTES", 1_000_000)
    async with child("endless") as server:
        await server.tools()
        with pytest.raises(ToolError):
            async with asyncio.timeout(20):
                await server.call("echo", {}, CONTEXT)


async def test_a_command_that_is_not_there_is_said_so() -> None:
    server = OwnServer(ConfiguredServer("mine", "no-such-command-anywhere"))
    with pytest.raises(ToolError, match="no-such-command-anywhere: No such file"):
        await server.tools()
    await server.close()


async def test_a_cancelled_call_leaves_the_server_usable() -> None:
    async with ToolServerEmulator() as there:
        there.add("wait", "at last")
        server = OwnServer(ConfiguredServer("mine", url=there.url))
        there.released.clear()
        call = asyncio.create_task(server.call("wait", {}, CONTEXT))
        await until_true(lambda: there.count("wait") == 1)
        call.cancel()
        await asyncio.wait([call])
        there.released.set()
        assert (await server.call("wait", {}, CONTEXT)).text == "at last"
        await server.close()


def write(path: Path, servers: object) -> Path:
    path.write_text(json.dumps({"mcpServers": servers}))
    return path


def test_the_file_is_the_one_that_other_clients_have(tmp_path: Path) -> None:
    servers = {
        "files": {"command": "npx", "args": ["-y", "server-filesystem", "/tmp"], "env": {"A": "s3cret"}},
        "far": {"type": "http", "url": "https://tools.example/mcp", "headers": {"Authorization": "Bearer s3cret"}},
        "off": {"command": "x", "disabled": True},
    }
    found = read_servers(write(tmp_path / "mcp.json", servers))
    assert [each.name for each in found] == ["files", "far"]
    assert found[0].args == ("-y", "server-filesystem", "/tmp")
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(
    ("servers", "said"),
    [
        ({"a b": {"command": "x"}}, "is no name of a server"),
        ({"bridge": {"command": "x"}}, "is no name of a server"),
        ({"a": {}}, "needs a command or a url"),
        ({"a": {"command": "x", "url": "http://x"}}, "needs a command or a url"),
        ({"a": {"url": "file:///etc/passwd"}}, "is no address"),
        ({"a": {"command": "x", "args": "s3cret"}}, "args a list"),
        ({"a": {"command": "x", "env": {"A": 1}}}, "objects of texts"),
        ([], "has no servers"),
    ],
)
def test_what_is_wrong_in_it_is_said_without_its_content(tmp_path: Path, servers: object, said: str) -> None:
    with pytest.raises(ValueError, match=said) as error:
        read_servers(write(tmp_path / "mcp.json", servers))
    assert "s3cret" not in str(error.value)


def test_the_package_is_imported_when_it_is_used() -> None:
    code = "import sys, bridge.app; print([name for name in ('mcp', 'httpx2', 'anyio') if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "mcp" not in told.stdout and "httpx2" not in told.stdout
