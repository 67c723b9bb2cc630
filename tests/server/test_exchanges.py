"""Every exchange that was recorded with Cherry Studio's own gateways, played with ours."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bridge.server import GatewayServer
from tests.server.answers import Answer
from tests.server.exchanges import EXCHANGES, KEY, Exchange, table
from tests.server.exchanges_zh import CHINESE
from tests.server.harness import write_config
from tests.server.provider import ScriptedProvider
from tests.tunnel.note import ROOT

ANSWERS: Mapping[str, Answer] = {
    "reason": Answer(reasoning="Blue light is scattered."),
    "tags": Answer("<think>Blue</think>It is blue."),
    "tool": Answer("", call=("call_1", "get_weather", "{}")),
    "empty": Answer(""),
    "length": Answer(ending="length"),
    "filtered": Answer(ending="filtered"),
}


@pytest_asyncio.fixture
async def gateway(
    tmp_path: Path, exchange: Exchange
) -> AsyncIterator[tuple[aiohttp.ClientSession, Mapping[str, ScriptedProvider]]]:
    # Only what falls silent is waited for in vain; all else may take its time on a busy machine.
    patience = 0.5 if "has said nothing" in exchange.holds else 20
    async with AsyncExitStack() as stack:
        names = ("fake-openai", "fake-anthropic", "fake-responses", "ollama", "gemini", "one")
        providers = {name: await stack.enter_async_context(ScriptedProvider(by_model=dict(ANSWERS))) for name in names}
        providers["fake-openai"].models = {"data": [{"id": f"m{number}"} for number in range(39)]}
        for name in names[1:5]:
            providers[name].models = {"data": [{"id": "m1"}]}
        providers["one"].models = {"data": [{"id": "only-here"}, {"id": "zzz"}]}
        url = {name: provider.url for name, provider in providers.items()}
        text = f"""
[server]
first_token_seconds = {patience}
idle_seconds = {patience}
wait_seconds = 0.5
[providers.fake-openai]
url = "{url["fake-openai"]}"
key = "sk-up-12345678"
[providers.fake-anthropic]
type = "anthropic"
url = "{url["fake-anthropic"]}"
key = "sk-up-12345678"
[providers.fake-responses]
type = "openai-responses"
url = "{url["fake-responses"]}"
key = "sk-up-12345678"
[providers.ollama]
preset = "ollama"
url = "{url["ollama"]}"
[providers.gemini]
preset = "gemini"
url = "{url["gemini"]}"
key = "sk-up-12345678"
[providers.filtered-one]
url = "{url["one"]}"
models = ["only-*"]
[providers.fake-dead]
url = "http://127.0.0.1:9/v1"
[providers.disabled-one]
url = "{url["one"]}"
enabled = false
"""
        server = GatewayServer(write_config(tmp_path / "gateway.toml", text), port=0, key=KEY)
        await stack.enter_async_context(server)
        http = await stack.enter_async_context(aiohttp.ClientSession(server.url))
        yield http, providers


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda each: each.name)
async def test_each_exchange(
    gateway: tuple[aiohttp.ClientSession, Mapping[str, ScriptedProvider]], exchange: Exchange
) -> None:
    http, providers = gateway
    for way in exchange.ways:
        for provider in providers.values():
            provider.replies = list(exchange.replies)
        body, headers = exchange.body, dict(exchange.headers)
        sent: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {}
        if isinstance(body, dict):
            sent["json"] = {**body, "stream": way} if way is not None and "stream" not in body else body
        async with http.request(exchange.method, exchange.path, headers=headers, **sent) as response:
            told = (await response.read()).decode()
        assert (response.status, way) == (exchange.here, way), told[:500]
        assert not [text for text in exchange.holds if text not in told], told[:2000]
        assert not [text for text in exchange.lacks if text in told], told[:2000]
        assert "sk-up" not in told
        if exchange.here == 429 or (exchange.replies and "Retry-After" in exchange.why):
            assert int(response.headers["Retry-After"]) >= 1


def test_the_page_lists_them_all() -> None:
    assert table() in (ROOT / "docs" / "gateway-exchanges.md").read_text()
    assert table(CHINESE) in (ROOT / "docs" / "gateway-exchanges.zh-CN.md").read_text()
    said = {text for each in EXCHANGES for text in (each.name, each.verdict, each.why)} | {"here"}
    assert not CHINESE.keys() - said, "what is not said any more"
    words = {text for text in said if re.search(r"[a-z]{2}", re.sub(r"`[^`]*`", "", text))}
    assert words - CHINESE.keys() == {"messages", "responses"}, "what is only said in English"
    assert {each.verdict for each in EXCHANGES} == {"same", "better", "different"}
    assert all(each.why or each.verdict == "same" for each in EXCHANGES)
