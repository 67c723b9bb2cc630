"""Keys of clients: what each may, and what each has used."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
import pytest_asyncio

from bridge.server import GatewayServer
from bridge.server.ledger import LEDGER_FILE_NAME, Ledger
from bridge.server.rates import Rate
from tests.server.answers import Answer, sse
from tests.server.harness import ServerRig, open_rig, write_config
from tests.server.provider import ScriptedProvider, silence, stream

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
PRICES = 'prices = { "m1" = { input = 1_000_000, output = 2_000_000 } }'


@pytest_asyncio.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[ServerRig]:
    async with open_rig(tmp_path, each=PRICES) as opened:
        yield opened


@pytest.fixture
def ledger(tmp_path: Path, gateway: ServerRig) -> Any:
    opened = Ledger(tmp_path / LEDGER_FILE_NAME)  # as a command opens it while the gateway runs
    yield opened
    opened.close()


async def ask(gateway: ServerRig, key: str, model: str = "chat:m1") -> None:
    await gateway.openai.with_options(api_key=key).chat.completions.create(model=model, messages=HELLO)


async def test_from_the_first_key_on_one_is_needed(gateway: ServerRig, ledger: Ledger) -> None:
    await ask(gateway, "any")
    key = ledger.new_key("laptop")
    with pytest.raises(openai.AuthenticationError):
        await ask(gateway, "any")
    await ask(gateway, key)
    ledger.new_key("other")
    ledger.revoke("laptop")
    with pytest.raises(openai.AuthenticationError):
        await ask(gateway, key)


async def test_a_key_for_some_models(gateway: ServerRig, ledger: Ledger) -> None:
    key = ledger.new_key("laptop", ("chat:*", "messages:m2"))
    await ask(gateway, key)
    await ask(gateway, key, "messages:m2")
    with pytest.raises(openai.PermissionDeniedError, match="not for this model"):
        await ask(gateway, key, "messages:m1")
    listed = [model.id for model in (await gateway.openai.with_options(api_key=key).models.list()).data]
    assert listed == ["chat:m1", "chat:m2", "messages:m2"]


async def test_a_key_with_a_rate(gateway: ServerRig, ledger: Ledger) -> None:
    key = ledger.new_key("laptop", rate="2/min")
    await ask(gateway, key)
    await ask(gateway, key)
    with pytest.raises(openai.RateLimitError, match="may ask 2/min") as raised:
        await ask(gateway, key)
    assert 50 <= int(raised.value.response.headers["Retry-After"]) <= 60
    await ask(gateway, ledger.new_key("another"))


async def test_a_key_with_a_budget(gateway: ServerRig, ledger: Ledger) -> None:
    """11 tokens in and 7 out cost 25 here, so the second answer is the last."""
    key = ledger.new_key("laptop", budget=40_000_000)
    await ask(gateway, key)
    async for _ in await gateway.openai.with_options(api_key=key).chat.completions.create(
        model="messages:m1", messages=HELLO, stream=True
    ):
        pass
    assert ledger.spent_this_month("laptop") == 50_000_000
    with pytest.raises(openai.RateLimitError, match="budget") as raised:
        await ask(gateway, key)
    assert raised.value.code == "insufficient_quota"
    with pytest.raises(openai.PermissionDeniedError, match="no price"):
        await ask(gateway, key, "chat:m2")


async def test_usage_by_key_model_and_day(gateway: ServerRig, ledger: Ledger) -> None:
    key = ledger.new_key("laptop")
    for _ in range(2):
        await ask(gateway, key)
    stream = await gateway.openai.with_options(api_key=key).chat.completions.create(
        model="chat:m1", messages=HELLO, stream=True
    )
    assert all(chunk.usage is None for chunk in [chunk async for chunk in stream]), "it was counted all the same"
    with pytest.raises(openai.NotFoundError):
        await ask(gateway, key, "chat:")
    (row,) = ledger.usage(1)
    assert (row.key, row.model, row.requests, row.failed) == ("laptop", "chat:m1", 3, 0)
    assert (row.prompt, row.completion, row.cost) == (33, 21, 75_000_000)
    async with gateway.http.get("/metrics", headers={"Authorization": f"Bearer {key}"}) as response:
        told = await response.text()
    assert 'cherry_bridge_server_requests_total{provider="chat",dialect="chat",status="200"}' in told
    assert "laptop" not in told


async def test_prices_and_aliases_are_listed(tmp_path: Path) -> None:
    more = f'{PRICES}\naliases = {{ quick = "m1" }}\nmodels = ["m2", "hidden-*", "unlisted"]'
    async with open_rig(tmp_path, each=more) as gateway:
        async with gateway.http.get("/v1/models?limit=3") as response:
            listed = (await response.json())["data"]
        assert [model["id"] for model in listed] == ["chat:quick", "chat:m2", "chat:unlisted"]
        assert listed[0]["pricing"] == {"prompt": 1.0, "completion": 2.0}
        await ask(gateway, "any", "chat:quick")
        assert gateway.providers["chat"].last.body["model"] == "m1"
        for hidden in ("chat:m1", "chat:else"):
            with pytest.raises(openai.NotFoundError):
                await ask(gateway, "any", hidden)
        assert gateway.providers["chat"].listed == 1, "the list is read once"


@pytest.mark.parametrize("provider", ["chat", "messages"])
async def test_what_was_written_for_one_who_left_is_counted(gateway: ServerRig, ledger: Ledger, provider: str) -> None:
    """Handed on or translated; nobody has a free answer by hanging up before its end."""
    key = ledger.new_key("laptop", budget=10**12)
    frames = [frame for frame in sse(provider, Answer("one two")) if b"one" in frame or b"message_start" in frame]
    gateway.providers[provider].replies = [stream(*frames, *frames[-1:] * 9, then=silence)]
    answer = await gateway.openai.with_options(api_key=key).chat.completions.create(
        model=f"{provider}:m1", messages=HELLO, stream=True
    )
    async for chunk in answer:
        if "one" in (chunk.choices[0].delta.content or ""):
            break
    await answer.close()
    async with asyncio.timeout(5):
        while not (rows := list(ledger.usage(1))):
            await asyncio.sleep(0.01)
    assert rows[0].failed == 1
    assert rows[0].prompt >= 4
    assert 1 <= rows[0].completion <= 12


async def test_usage_cannot_be_hidden(gateway: ServerRig, ledger: Ledger) -> None:
    key = ledger.new_key("laptop")
    answer = await gateway.openai.with_options(api_key=key).chat.completions.create(
        model="chat:m1", messages=HELLO, stream=True, stream_options={"include_usage": False}
    )
    assert all(chunk.usage is None for chunk in [chunk async for chunk in answer])
    (row,) = ledger.usage(1)
    assert (row.prompt, row.completion) == (11, 7)


async def test_all_processes_share_the_limits(tmp_path: Path) -> None:
    """Two gateways on one file, as `run --processes 2` has them inside."""
    config = '[server]\nwait_seconds = 0\n[providers.mine]\nurl = "{url}"\nlimit = "3/hour"\n'
    async with ScriptedProvider() as provider, AsyncExitStack() as stack:
        path = write_config(tmp_path / "gateway.toml", config.format(url=provider.url))
        servers = [await stack.enter_async_context(GatewayServer(path, port=0)) for _ in range(2)]
        ledger = Ledger(tmp_path / LEDGER_FILE_NAME)
        stack.callback(ledger.close)
        slow, quick = ledger.new_key("slow", rate="1/hour"), ledger.new_key("quick")
        http = await stack.enter_async_context(aiohttp.ClientSession())

        async def status(server: GatewayServer, key: str) -> int:
            body = {"model": "mine:m1", "messages": HELLO}
            headers = {"X-API-Key": key}
            async with http.post(f"{server.url}/v1/chat/completions", json=body, headers=headers) as response:
                return response.status

        assert [await status(each, slow) for each in servers] == [200, 429], "the key's"
        assert [await status(each, quick) for each in (*servers, *servers)] == [200, 200, 429, 429], "the provider's"
        assert len(provider.seen) == 3


def test_a_clock_that_is_set_back_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    ledger, rate = Ledger(tmp_path / LEDGER_FILE_NAME), Rate(2, 60.0)
    try:
        assert [ledger.reserve("a", rate, 90) for _ in range(5)] == [0, 0, 60, 60, 120]
        assert ledger.reserve("b", rate) == 0
        now -= 3600
        assert ledger.reserve("a", rate) == 0
    finally:
        ledger.close()
