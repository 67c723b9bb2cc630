"""The bridge with providers of its own and no gateway set: one process, no port, errors as elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from bridge import cli
from bridge.admin.doctor.gateway import gateway as gateway_check
from bridge.errors import GatewayError, KeyRefused, ProviderRefused, SettingsError
from bridge.gateway import Gateway
from bridge.sampling import Sampling
from bridge.server import GatewayServer
from bridge.settings import Settings, read
from bridge.types import ChatMessage, ModelId, Thought, ToolCall, ToolResult, ToolSpec
from bridge.words import IN
from bridge.words.shell import DOCTOR
from tests.server.answers import Answer
from tests.server.harness import write_config
from tests.server.provider import ScriptedProvider, status

HELLO = [ChatMessage.user("Why is the sky blue?")]


@pytest_asyncio.fixture
async def upstream(tmp_path: Path) -> AsyncIterator[ScriptedProvider]:
    async with ScriptedProvider(Answer("Because.")) as provider:
        text = f'[providers.mine]\nurl = "{provider.url}"\nkey = "sk-mine-12345678"\n'
        write_config(tmp_path / "gateway.toml", text)
        yield provider


def own(settings: Settings, *, listens: bool = False) -> Gateway:
    """The one gateway of these settings, to be entered."""
    [gateway] = settings.open_gateways(listens=listens).all
    return gateway


async def said(gateway: Gateway, model: str) -> str:
    return "".join([piece async for piece in gateway.stream(ModelId.parse(model), HELLO)])


async def test_it_answers_without_a_port(upstream: ScriptedProvider, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert settings.runs_own_gateway
    async with own(settings) as gateway:
        assert [str(model.id) for model in await gateway.models()] == ["mine:m1", "mine:m2"]
        assert await said(gateway, "mine:m1") == "Because."
        assert await gateway.generation() == "other"
        upstream.replies = [status(401, {"error": {"message": "Incorrect API key"}})]
        with pytest.raises(ProviderRefused):
            await said(gateway, "mine:m1")
    assert "sk-mine" not in repr(gateway) + gateway.url


async def test_thoughts_come_and_go_as_the_provider_has_them(tmp_path: Path) -> None:
    """Of a provider that speaks Anthropic's dialect, in that dialect, bytes untouched between."""
    thought = Thought("I need the weather.", "sig-from-anthropic", model="claude:m1")
    call = ("call_1", "get_weather", "{}")
    async with ScriptedProvider(Answer("", reasoning=thought.text, signature=thought.signature, call=call)) as provider:
        text = f'[providers.claude]\ntype = "anthropic"\nurl = "{provider.url}"\nkey = "sk-mine-12345678"\n'
        write_config(tmp_path / "gateway.toml", text)
        tools = [ToolSpec("get_weather", "", {"type": "object", "properties": {}})]
        async with own(Settings(data_dir=tmp_path)) as gateway:
            await gateway.models()
            hard = Sampling(reasoning_effort="high")
            model = ModelId.parse("claude:m1")
            events = [each async for each in gateway.stream(model, HELLO, sampling=hard, tools=tools).events()]
            assert thought in events
            called = ChatMessage("assistant", (thought, ToolCall(*call)))
            further = [*HELLO, called, ChatMessage("tool", (ToolResult("call_1", "sunny"),))]
            async for _ in gateway.stream(model, further, sampling=hard, tools=tools).events():
                pass
        first = provider.last.body["messages"][1]["content"][0]
        assert first == {"type": "thinking", "thinking": thought.text, "signature": thought.signature}
        assert provider.last.path == "/v1/messages" and provider.last.body["thinking"]["type"] == "enabled"


async def test_with_a_port_for_other_programs(upstream: ScriptedProvider, tmp_path: Path) -> None:
    async with GatewayServer(tmp_path / "gateway.toml", port=0) as taken:  # to find a port that is free
        port = int(taken.url.rpartition(":")[2])
    async with own(Settings(data_dir=tmp_path, gateway_port=port), listens=True) as gateway:
        assert await said(gateway, "mine:m1") == "Because."
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/v1/models") as response:
            assert (await response.json())["total"] == 2


async def test_a_port_that_is_taken(upstream: ScriptedProvider, tmp_path: Path) -> None:
    """Only what runs for long listens: a command beside it asks without."""
    async with GatewayServer(tmp_path / "gateway.toml", port=0) as taken:
        settings = Settings(data_dir=tmp_path, gateway_port=int(taken.url.rpartition(":")[2]))
        with pytest.raises(SettingsError, match=r"BRIDGE_GATEWAY_PORT: \d+ cannot be listened on: .*in use"):
            await own(settings, listens=True).__aenter__()
        async with own(settings) as gateway:
            assert await said(gateway, "mine:m1") == "Because."


async def test_a_gateway_that_is_set_goes_first(
    upstream: ScriptedProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRIDGE_DATA_DIR", str(tmp_path))
    assert read(Settings, None).runs_own_gateway
    monkeypatch.setenv("BRIDGE_GATEWAY_URL", "http://127.0.0.1:9")
    assert not read(Settings, None).runs_own_gateway
    monkeypatch.setenv("BRIDGE_GATEWAY_URL", "")
    assert read(Settings, None).runs_own_gateway, "an empty value is none"


async def test_a_file_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    write_config(tmp_path / "gateway.toml", "[providers")
    with pytest.raises(SettingsError, match=r"gateway\.toml"):
        await Settings(data_dir=tmp_path).open_gateways().__aenter__()


async def test_our_own_key_is_told_from_a_providers(upstream: ScriptedProvider, tmp_path: Path) -> None:
    async with GatewayServer(tmp_path / "gateway.toml", port=0, key="cb-sk-mine") as server:
        for key, error in (("", KeyRefused), ("wrong", KeyRefused), ("cb-sk-mine", None)):
            async with Gateway(server.url, key) as gateway:
                if error is None:
                    assert await said(gateway, "mine:m1") == "Because."
                    continue
                with pytest.raises(GatewayError) as raised:
                    await said(gateway, "mine:m1")
                assert isinstance(raised.value, error)


def test_one_question_at_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`cherry-bridge chat` starts it, asks, and ends."""
    monkeypatch.setenv("BRIDGE_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path / "gateway.toml", '[providers.gone]\nurl = "http://127.0.0.1:9/v1"\n')
    assert cli.main(["chat", "--model", "gone:m", "hello"]) == 1
    assert "cannot be reached" in capsys.readouterr().err


async def test_doctor_looks_at_each_provider(upstream: ScriptedProvider, tmp_path: Path) -> None:
    async def found() -> list[tuple[str, str]]:
        settings = Settings(data_dir=tmp_path)
        return [(each.severity, each.text) async for each in gateway_check(settings, DOCTOR["en"], IN["en"])]

    fine, models, answered = await found()
    assert fine[0] == models[0] == answered[0] == "ok"
    assert "mine:m1 answers" in answered[1]
    config = tmp_path / "gateway.toml"
    write_config(config, config.read_text() + '[providers.gone]\nurl = "http://127.0.0.1:9/v1"\n')
    severity, text = (await found())[1]
    assert severity == "wrong"
    assert "gone: " in text
    assert "the connection is refused" in text
    config.chmod(0o644)
    ((severity, text),) = await found()
    assert severity == "wrong"
    assert "chmod 600" in text
