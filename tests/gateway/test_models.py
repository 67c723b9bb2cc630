"""What is on offer: everything that can chat, nothing that cannot, from every generation's list."""

from __future__ import annotations

import asyncio
import json

import pytest

from bridge.errors import GatewaySilent, GatewayUnreachable, KeyRefused, ProviderFailed
from bridge.gateway import Gateway, Model, client
from bridge.gateway import http as http
from bridge.gateway.models import usable_models
from bridge.types import ModelId, Price
from tests.emulators.gateway import GatewayEmulator, Provider
from tests.gateway.conftest import only
from tests.gateway.server import serving


def response(body: object, status: int = 200) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} So\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


async def test_each_generation_knows_itself(emulator: GatewayEmulator, gateway: Gateway) -> None:
    assert await gateway.generation() == emulator.generation


async def test_all_models_that_can_chat_and_no_others(emulator: GatewayEmulator, gateway: Gateway) -> None:
    models = {str(model.id): model for model in await gateway.models()}
    everything = {"A": 1, "B": 2, "C": 3}[emulator.generation]
    assert len(models) > 20  # the default page of v1.7 to v1.9
    assert ("fake-anthropic:claude-ok" in models) == (everything > 1)
    assert ("gemini:gemini-2.5-pro" in models) == (everything > 2)
    assert ("ollama:ok" in models) == (everything > 2)  # v1.7 to v1.9 list it, and then refuse it
    assert "fake-openai:text-embedding-3-small" not in models
    colon = models["fake-openai:vendor/ok:free"]
    assert colon.id == ModelId("fake-openai", "vendor/ok:free")
    # v2 names the maker, and four of these providers have the same.
    assert colon.provider_name == ("fake-openai" if emulator.generation == "C" else "Fake OpenAI")
    assert colon.name == ("vendor/ok:free" if emulator.generation == "C" else "Colon model")
    assert colon.dialect == "chat"


@only("B")
async def test_the_messages_dialect_is_for_anthropic_alone(emulator: GatewayEmulator, gateway: Gateway) -> None:
    dialects = {(model.id.provider, model.dialect) for model in await gateway.models()}
    assert dialects == {("fake-openai", "chat"), ("fake-dead", "chat"), ("fake-anthropic", "messages")}


@only("B")
async def test_a_list_that_comes_in_pages_is_read_to_its_end(
    emulator: GatewayEmulator, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MODELS_PAGE_SIZE", 7)
    assert len(await gateway.models()) > 20
    assert emulator.lists > 3


async def test_a_list_is_good_for_a_while_and_asked_for_once(emulator: GatewayEmulator, gateway: Gateway) -> None:
    first, *others = await asyncio.gather(*(gateway.models() for _ in range(20)))
    assert all(models is first for models in others)
    assert await gateway.models() is first
    assert emulator.lists == 1

    emulator.providers.append(Provider("new", "New", "openai", {"shiny": "Shiny"}))
    assert ModelId("new", "shiny") in {model.id for model in await gateway.models(fresh=True)}
    assert emulator.lists == 2


async def test_a_list_that_cannot_be_read_is_not_made_up(emulator: GatewayEmulator, gateway: Gateway) -> None:
    await gateway.models()
    await emulator.stop()
    for error in await asyncio.gather(*(gateway.models(fresh=True) for _ in range(5)), return_exceptions=True):
        assert isinstance(error, GatewayUnreachable)
        assert error.url == emulator.url
        assert error.detail == "the connection is refused"
    await emulator.start()
    assert await gateway.models(fresh=True)


async def test_one_impatient_caller_does_not_spoil_the_others(gateway: Gateway) -> None:
    impatient = asyncio.create_task(gateway.models())
    patient = asyncio.create_task(gateway.models())
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient


@pytest.mark.parametrize(("key", "missing"), [("", True), ("cs-sk-wrong", False), ("钥匙", False)])
async def test_a_missing_and_a_wrong_key(emulator: GatewayEmulator, key: str, missing: bool) -> None:
    async with Gateway(emulator.url, key) as gateway:
        with pytest.raises(KeyRefused) as refused:
            await gateway.models()
    assert refused.value.missing is missing


async def test_a_key_pasted_with_blanks_and_line_breaks(emulator: GatewayEmulator) -> None:
    async with Gateway(emulator.url, f" {emulator.key[:10]}\n{emulator.key[10:]}\r\n") as gateway:
        assert await gateway.models()


async def test_hostile_entries_are_set_aside() -> None:
    entries: list[object] = [
        None,
        7,
        {},
        {"id": 7},
        {"id": "no colon"},
        {"id": ":x"},
        {"id": "x" * 5000 + ":y"},
        {"id": "good:one", "name": ["no"], "owned_by": 5, "provider_name": {}},
        {"id": "good:one"},
        {"id": "good:two", "name": "  two\nlines " + "!" * 5000, "provider_type": 3},
    ]
    async with serving(response({"object": "list", "data": entries})) as url, Gateway(url) as gateway:
        one, two = await gateway.models()
    assert one == Model(ModelId("good", "one"), "one", "good", "chat")
    assert two.name.startswith("two lines !!!")
    assert len(two.name) < 200


@pytest.mark.parametrize(
    "answer",
    [
        response({"models": []}),
        response([]),
        response(b"<html>hello</html>"),
        response(b"[" * 100_000),
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nno",
        b"HTTP/1.1 301 Moved\r\nLocation: https://example.com/\r\nContent-Length: 0\r\n\r\n",
        b"-ERR unknown command\r\n",
    ],
    ids=["other list", "no object", "html", "deep", "404", "moved", "not http"],
)
async def test_a_server_that_is_no_gateway(answer: bytes) -> None:
    async with serving(answer) as url, Gateway(url) as gateway:
        with pytest.raises(GatewayUnreachable, match="something answers there, but not"):
            await gateway.models()
        with pytest.raises(GatewayUnreachable):
            await gateway.generation()


async def test_a_list_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LIST_TIMEOUT_SECONDS", 0.1)

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(silence) as url, Gateway(url) as gateway:
        with pytest.raises(GatewaySilent):
            await gateway.models()


async def test_a_gateway_that_fails() -> None:
    answer = response({"error": {"message": "out of memory"}}, 500)
    async with serving(answer) as url, Gateway(url) as gateway:
        with pytest.raises(ProviderFailed, match="out of memory"):
            await gateway.models()


@only("B")
async def test_names_most_like_what_was_typed(emulator: GatewayEmulator, gateway: Gateway) -> None:
    emulator.providers.append(
        Provider(
            "openrouter", "OpenRouter", "openai", {"tencent/hunyuan-a13b:free": "Hunyuan", "openai/gpt-5": "GPT-5"}
        )
    )
    assert (await gateway.nearest("HUNYUAN"))[0] == ModelId("openrouter", "tencent/hunyuan-a13b:free")
    assert (await gateway.nearest("gtp-5", 1)) == [ModelId("openrouter", "openai/gpt-5")]
    assert (await gateway.nearest("openai:gpt-5"))[0] == ModelId("openrouter", "openai/gpt-5")
    assert len(await gateway.nearest("ok", 3)) == 3
    assert await gateway.nearest("", 2)


def test_openrouters_prices_are_read_and_odd_ones_are_not() -> None:
    def price(pricing: object) -> Price | None:
        [model] = usable_models([{"id": "openai/gpt-5", "pricing": pricing}], direct=True)
        return model.price

    assert price({"prompt": "0.00000125", "completion": "0.00001"}) == Price(1.25, 10.0)
    for odd in ({"prompt": "-1", "completion": "-1"}, {"prompt": "x"}, "free", None, {"prompt": [], "completion": 1}):
        assert price(odd) is None
