"""MCP servers of `gateway.toml`, real ones over stdio and HTTP, behind the gateway and the official client."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

from bridge import cli
from bridge.errors import SettingsError
from bridge.mcp import connection
from bridge.server import GatewayServer, Ledger, parse_config
from bridge.settings import Settings
from tests.server.harness import write_config
from tests.tunnel.note import ROOT

COMMAND = [sys.executable, "-m", "tests.server.mcp_server"]
FAILING = "import os, sys; sys.exit('no such token: ' + os.environ['T'])"
TOKEN = "letters-token-123456"
START_SECONDS = 30


@asynccontextmanager
async def over_http() -> AsyncIterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "http", str(port), cwd=ROOT, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.1)
                else:
                    writer.close()
                    break
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        await process.wait()


def table(url: str = "") -> str:
    text = f"""
[mcps.letters]
name = "Letters of words"
description = "Counts them"
command = {json.dumps([*COMMAND, "stdio"])}
folder = {json.dumps(str(ROOT))}
env = {{ LETTERS_TOKEN = "env:MY_LETTERS" }}
[mcps.broken]
command = {json.dumps([sys.executable, "-c", FAILING])}
env = {{ T = "{TOKEN}" }}
[mcps.absent]
command = ["there-is-no-such-command"]
"""
    return text + (f'[mcps.remote]\nurl = "{url}"\n' if url else "")


@pytest_asyncio.fixture
async def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GatewayServer]:
    monkeypatch.setenv("MY_LETTERS", TOKEN)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(over_http())
        config = write_config(tmp_path / "gateway.toml", table(url))
        yield await stack.enter_async_context(GatewayServer(config, port=0))


@asynccontextmanager
async def client(gateway: GatewayServer, id: str, key: str = "", mode: str = "auto") -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with create_mcp_http_client(headers) as http:
        transport = streamable_http_client(f"{gateway.url}/v1/mcps/{id}/mcp", http_client=http)
        async with Client(transport, mode=mode) as connected:
            yield connected


async def called(connected: Client, tool: str, **arguments: Any) -> str:
    result: Any = await connected.call_tool(tool, arguments)
    text: str = result.content[0].text
    return text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("id", ["letters", "remote"])
async def test_the_official_client_of_either_revision(gateway: GatewayServer, id: str, mode: str) -> None:
    async with client(gateway, id, mode=mode) as connected:
        assert connected.server_info is not None
        assert connected.server_info.name == "letters"
        assert connected.instructions == "Ask it about words."
        assert "count" in [tool.name for tool in (await connected.list_tools()).tools]
        assert (await called(connected, "count", word="strawberry", letter="r")).startswith("3 of process")
        [resource] = (await connected.list_resources()).resources
        content: Any = (await connected.read_resource(str(resource.uri))).contents[0]
        assert content.text == "abc"
        prompt: Any = await connected.get_prompt("spell", {"word": "sky"})
        assert prompt.messages[0].content.text == "Spell sky."
        refused = await connected.call_tool("count", {"word": "sky"})
        assert refused.is_error


async def test_progress_is_handed_on(gateway: GatewayServer) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total, message))

    async with client(gateway, "letters") as connected:
        result: Any = await connected.call_tool("climb", {"steps": 3}, progress_callback=note)
    assert result.content[0].text == "on top"
    assert heard == [(1, 3, "step 1"), (2, 3, "step 2"), (3, 3, "step 3")]


async def test_all_clients_share_one_process(gateway: GatewayServer) -> None:
    async def ask() -> str:
        async with client(gateway, "letters") as connected:
            return await called(connected, "count", word="sky", letter="s")

    assert len(set(await asyncio.gather(*(ask() for _ in range(5))))) == 1


async def test_its_variables_are_its_own(gateway: GatewayServer) -> None:
    async with client(gateway, "letters") as connected:
        assert await called(connected, "secret") == TOKEN
    assert TOKEN not in repr(gateway.registry.mcps["letters"].spec)


async def test_a_server_that_ends_is_started_again(gateway: GatewayServer) -> None:
    async with client(gateway, "letters") as connected:
        before = await called(connected, "count", word="a", letter="a")
        with pytest.raises(Exception, match="closed"):
            await connected.call_tool("leave", {})
        async with asyncio.timeout(10):
            while not gateway.registry.mcps["letters"]._connection._lost.is_set():
                await asyncio.sleep(0.01)
        assert await called(connected, "count", word="a", letter="a") != before


async def test_an_idle_server_is_let_go(gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.2)
    async with client(gateway, "letters") as connected:
        before = await called(connected, "count", word="a", letter="a")
        [serving] = gateway.registry.mcps["letters"]._connection._serving
        await asyncio.wait_for(asyncio.shield(serving), 10)
        assert await called(connected, "count", word="a", letter="a") != before


async def test_one_request_needs_no_session(gateway: GatewayServer) -> None:
    body = {"jsonrpc": "2.0", "id": 7, "method": "tools/call"}
    body |= {"params": {"name": "count", "arguments": {"word": "sky", "letter": "k"}}}
    headers = {"Accept": "application/json, text/event-stream"}
    async with aiohttp.ClientSession(gateway.url, headers=headers) as http:
        async with http.post("/v1/mcps/letters/mcp", json=body) as response:
            told = await response.text()
            assert response.status == 200
            assert "Mcp-Session-Id" not in response.headers
        assert '"id":7' in told
        assert "1 of process" in told
        async with http.get("/v1/mcps/letters/mcp") as response:
            assert response.status == 405


async def test_the_list_for_clients_of_both_generations(gateway: GatewayServer) -> None:
    async with aiohttp.ClientSession(gateway.url) as http:
        async with http.get("/v1/mcps") as response:
            listed = await response.json()
        entry = listed["servers"][0]
        assert entry == {
            "id": "letters",
            "name": "Letters of words",
            "type": "streamableHttp",
            "description": "Counts them",
            "url": f"{gateway.url}/v1/mcps/letters/mcp",
        }
        assert listed["data"]["servers"]["letters"] == entry
        for name in ("letters", "Letters of words"):
            async with http.get(f"/v1/mcps/{name}") as response:
                one = await response.json()
            assert one["tools"] == one["data"]["tools"]
            tools = {tool["name"]: tool for tool in one["tools"]}
            assert tools["count"]["description"] == "Count a letter in a word."
            assert tools["count"]["inputSchema"]["required"] == ["word", "letter"]


@pytest.mark.parametrize(
    ("id", "status", "code", "said"),
    [
        ("nope", 404, "server_not_found", "no MCP server 'nope'"),
        ("broken", 503, "server_info_unavailable", "no such token: [secret]"),
        ("absent", 503, "server_info_unavailable", "there-is-no-such-command: No such file or directory"),
    ],
)
async def test_a_server_that_cannot_be_used(gateway: GatewayServer, id: str, status: int, code: str, said: str) -> None:
    async with aiohttp.ClientSession(gateway.url) as http:
        for method, path in (("GET", f"/v1/mcps/{id}"), ("POST", f"/v1/mcps/{id}/mcp")):
            async with http.request(method, path, json={"jsonrpc": "2.0", "id": 1, "method": "ping"}) as response:
                assert response.status == status
                error = (await response.json())["error"]
            assert (error["code"], said in error["message"]) == (code, True), error
            assert TOKEN not in error["message"]


async def test_keys_for_some_servers(gateway: GatewayServer, tmp_path: Path) -> None:
    """A key that is limited to models needs `mcp:ID` beside them."""
    ledger = Ledger(tmp_path / "gateway.sqlite3")
    models, tools, every = (
        ledger.new_key("models", ("openai:*",)),
        ledger.new_key("tools", ("mcp:letters",)),
        ledger.new_key("every"),
    )
    ledger.close()
    async with aiohttp.ClientSession(gateway.url) as http:
        for key, ids, status in (
            ("", None, 401),
            (models, [], 403),
            (tools, ["letters"], 200),
            (every, ["letters", "broken", "absent", "remote"], 200),
        ):
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            async with http.get("/v1/mcps", headers=headers) as response:
                if ids is not None:
                    assert [entry["id"] for entry in (await response.json())["servers"]] == ids
            async with http.get("/v1/mcps/letters", headers=headers) as response:
                assert response.status == status
    async with client(gateway, "letters", tools) as connected:
        assert await called(connected, "count", word="a", letter="a")


async def test_a_change_of_the_file_ends_what_is_gone(gateway: GatewayServer) -> None:
    registry = gateway.registry
    async with client(gateway, "letters") as connected:
        await called(connected, "count", word="a", letter="a")
    [serving], kept = registry.mcps["letters"]._connection._serving, registry.mcps["remote"]
    config = gateway._config
    assert config is not None
    write_config(config, config.read_text().replace("Counts them", "Counts all"))
    await registry.look()
    assert serving.done()
    assert registry.mcps["remote"] is kept
    async with client(gateway, "letters") as connected:
        assert await called(connected, "count", word="a", letter="a")


def test_what_is_wrong_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_LETTERS", raising=False)
    text = """
[mcps.both]
command = ["x"]
url = "http://x.example/mcp"
[mcps.none]
[mcps.odd]
url = "x.example"
[mcps.unset]
command = ["x"]
env = { A = "env:MY_LETTERS" }
[mcps."a b"]
command = ["x"]
[mcps.typo]
comand = ["x"]
[mcps.off]
enabled = false
[providers.mcp]
url = "http://x.example/v1"
"""
    with pytest.raises(SettingsError) as raised:
        parse_config(text, tmp_path / "gateway.toml")
    for said in (
        "mcps.both: give either command or url",
        "mcps.none: give either command or url",
        "mcps.odd.url: not an address",
        "mcps.unset: the environment variable MY_LETTERS is not set",
        "mcps.a b: an id is made of",
        "mcps.typo: Object contains unknown field `comand`",
        "providers.mcp: this id stands for MCP servers",
    ):
        assert sum(said in problem for problem in raised.value.problems) == 1, raised.value.problems
    assert len(raised.value.problems) == 7


async def test_the_bridge_uses_those_of_the_gateway_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_LETTERS", TOKEN)
    write_config(tmp_path / "gateway.toml", table())
    [inside] = Settings(data_dir=tmp_path).open_gateways().all
    async with inside as gateway:
        assert [server.name for server in await gateway.mcps.servers()] == ["Letters of words", "broken", "absent"]
        tools: Any = await gateway.mcps.tools("letters")
        assert [tool["name"] for tool in tools] == ["count", "climb", "secret", "leave"]
        result = await gateway.mcps.call("letters", "count", {"word": "sky", "letter": "k"})
        assert result["content"][0]["text"].startswith("1 of process")
        heard: list[tuple[float, float | None, str]] = []
        await gateway.mcps.call("letters", "climb", {"steps": 2}, lambda *said: heard.append(said))
        assert heard == [(1, 2, "step 1"), (2, 2, "step 2")]


async def test_the_commands_list_and_try_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MY_LETTERS", TOKEN)
    config = write_config(tmp_path / "gateway.toml", table())

    async def told(*arguments: str) -> tuple[int, str]:
        status = await asyncio.to_thread(cli.main, ["gateway", "--config", str(config), *arguments])
        said = capsys.readouterr()
        assert TOKEN not in said.out + said.err
        return status, said.out + said.err

    _, listed = await told("list")
    assert f"mcp:letters  Letters of words  {sys.executable}" in listed
    assert await told("test", "mcp:letters") == (0, "[ok] mcp:letters: 4 tools: count, climb, secret, leave\n")
    status, tried = await told("test")
    assert status == 1
    assert "[--] mcp:absent: The MCP server 'absent' cannot be reached: there-is-no-such-command: " in tried
    assert (await told("test", "mcp:nope"))[0] == 2


def test_the_package_is_imported_when_it_is_used() -> None:
    code = "import sys, bridge.server; print('mcp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
