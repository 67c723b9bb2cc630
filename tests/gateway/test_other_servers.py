"""OpenAI-compatible servers that are not Cherry Studio, and gateways that answer only in part."""

from __future__ import annotations

import asyncio

import pytest

from bridge.errors import (
    GatewayError,
    GatewaySilent,
    GatewayUnreachable,
    KeyRefused,
    ModelNotFound,
    NoModelList,
    ProviderRefused,
)
from bridge.gateway import Gateway, http, labelled
from bridge.gateway.models import Model, usable_models
from bridge.types import ModelId
from bridge.words import EN, IN, trouble
from tests.emulators.servers import KEY, KINDS, NO_LIST, Kind, ServerEmulator, refusal
from tests.gateway.seen import watched
from tests.gateway.server import HELLO, serving


@pytest.mark.parametrize("root", [200, 401, 404, 500])
async def test_a_server_that_is_not_cherry_studio(root: int) -> None:
    async with ServerEmulator(root=root) as server, Gateway(server.url) as gateway:
        assert await gateway.generation() == "other"
        await gateway.ping()
        models = await gateway.models()
        assert [str(model.id) for model in models] == ["gpt-4o", "llama3:8b"]
        assert ModelId.parse("gpt-4o") == models[0].id == ModelId("", "gpt-4o")
        seen, error = await watched(gateway.stream(models[0].id, HELLO))
    assert (seen.text, error) == ("You said: Why is the sky blue?", None)


@pytest.mark.parametrize("text", ["", ":x", "x:", "two words"])
def test_what_is_no_model(text: str) -> None:
    with pytest.raises(ValueError, match="is not a model; write provider:model"):
        ModelId.parse(text)


async def test_no_route_for_models() -> None:
    async with ServerEmulator(listed=NO_LIST) as server, Gateway(server.url) as gateway:
        assert await gateway.generation() == "other"
        await gateway.ping()
        with pytest.raises(NoModelList) as missing:
            await gateway.models()
        seen, _ = await watched(gateway.stream(ModelId("", "gpt-4o"), HELLO))
    assert seen.text == "You said: Why is the sky blue?"
    told = trouble(missing.value, EN, model=None, admin=True)
    assert told == "The gateway answers, but has no list of models. Name a model by its full id: `/model` and the id."


@pytest.mark.parametrize(("key", "missing"), [("", True), ("sk-1", False)])
@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_refused_for_the_list_is_ours(key: str, missing: bool, status: int) -> None:
    wrong = refusal(status, {"error": {"message": "Invalid proxy server token", "type": "auth_error", "code": "401"}})
    async with ServerEmulator(listed=wrong) as server, Gateway(server.url, key) as gateway:
        with pytest.raises(KeyRefused) as refused:
            await gateway.models()
        assert refused.value.missing is missing
        assert await gateway.generation() == "other"
        await gateway.ping()  # it is there


async def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LIST_TIMEOUT_SECONDS", 0.05)

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(silence) as url, Gateway(url) as gateway:
        for call in (gateway.models, gateway.ping, gateway.generation):
            with pytest.raises(GatewaySilent):
                await call()


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_proxy_before_nothing_is_not_back(status: int) -> None:
    nothing = refusal(status, {"error": "no upstream"})
    async with ServerEmulator(listed=nothing) as server, Gateway(server.url) as gateway:
        for call in (gateway.ping, gateway.generation):
            with pytest.raises(GatewayUnreachable):
                await call()


@pytest.mark.parametrize(
    "message",
    [
        "litellm.BadRequestError: There are no healthy deployments for this model. Passed model=gpt-4",
        "Invalid model name passed in model=gpt-4. Call `/v1/models` to view available models",
        "gpt-4 is not a valid model ID",
        "No endpoints found for gpt-4.",
        "当前分组 default 下对于模型 gpt-4 无可用渠道",
    ],
)
async def test_models_that_other_servers_do_not_have(message: str) -> None:
    async with ServerEmulator() as server, Gateway(server.url) as gateway:
        server.script(refusal(400, {"error": {"message": message}}))
        _, error = await watched(gateway.stream(ModelId("", "gpt-4"), HELLO))
    assert isinstance(error, ModelNotFound)
    assert error.nearest[0] == ModelId("", "gpt-4o")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_model_that_a_server_does_not_have(kind: Kind) -> None:
    async with ServerEmulator(kind) as server, Gateway(server.url) as gateway:
        _, error = await watched(gateway.stream(ModelId.parse("gpt-4"), HELLO))
        assert isinstance(error, ModelNotFound), error
        assert error.nearest
        assert len(server.requests) == 1, "it is not asked again for what it does not have"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["", "sk-wrong"])
async def test_our_own_key_is_wrong(kind: Kind, key: str) -> None:
    async with ServerEmulator(kind, key=KEY) as server, Gateway(server.url, key) as gateway:
        model = ModelId.parse(server.models[0])
        _, error = await watched(gateway.stream(model, HELLO))
        assert isinstance(error, KeyRefused), error
        assert error.missing is not bool(key)


async def test_a_providers_key_behind_a_server_is_not_ours() -> None:
    message = "litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided: sk-1***"
    async with ServerEmulator("litellm") as server, Gateway(server.url) as gateway:
        server.script(refusal(401, {"error": {"message": message, "type": None, "code": "401"}}))
        _, error = await watched(gateway.stream(ModelId.parse("gpt-4o"), HELLO))
    assert isinstance(error, ProviderRefused)
    assert error.status == 401


# -- sentences -----------------------------------------------------------------------------------------------


def told(error: GatewayError, model: str = "", name: str = "Cherry Studio") -> str:
    error.gateway_name = name
    return trouble(error, EN, model=ModelId.parse(model) if model else None, admin=False)


def test_sentences_name_the_time_and_the_server() -> None:
    assert told(GatewaySilent(20, before_first=True)) == (
        "Cherry Studio accepted the connection, but has not answered for 20 seconds."
    )
    assert told(GatewaySilent(1, before_first=True), name="").endswith("for 1 second.")
    assert told(GatewaySilent(300, before_first=True), "a:b") == "a:b has not answered for 5 minutes."
    assert told(GatewaySilent(60, before_first=True), "a:b") == "a:b has not answered for 60 seconds."
    assert told(GatewayUnreachable("http://x"), name="") == "The gateway is not answering. Is it running?"
    assert told(ProviderRefused(400), "gpt-4o", "") == "The gateway refused the request."
    assert told(KeyRefused(missing=False)) == "Cherry Studio does not accept my key. Please tell my owner."
    assert told(KeyRefused(missing=False), name="").startswith("The gateway does not accept my key.")


@pytest.mark.parametrize("language", IN)
def test_every_sentence_can_be_said_in_every_language(language: str) -> None:
    errors = [NoModelList(), GatewaySilent(60, before_first=True), KeyRefused(missing=True), ProviderRefused(401)]
    for error in errors:
        for model in (None, ModelId("", "x"), ModelId("a", "b")):
            for words in IN.values():
                assert "{" not in trouble(error, words, model=model, admin=True)


# -- labels --------------------------------------------------------------------------------------------------

UUID = "3f2504e0-4f89-11d3-9a0c-0305e82c330{}"


def models_of(**owners: str) -> list[Model]:
    entries = [{"id": f"{name}:gpt-5", "owned_by": owner} for name, owner in owners.items()]
    return labelled(usable_models(entries))


def test_providers_of_one_maker_are_told_apart() -> None:
    models = models_of(silicon="openai", openrouter="openai", aihubmix="openai", dmxapi="deepseek-ai")
    assert [model.provider_name for model in models] == ["silicon", "openrouter", "aihubmix", "dmxapi"]


def test_opaque_ids_get_a_short_name_or_the_admins() -> None:
    ids = [UUID.format(n) for n in range(3)]
    entries = [{"id": f"{id}:gpt-5", "owned_by": "openai"} for id in ids] + [{"id": "x:y", "owned_by": "X 云"}]
    models = usable_models(entries)
    names = [model.provider_name for model in labelled(models)]
    assert len({name.casefold() for name in names}) == 4
    assert names[0].startswith("openai 3f25 (3f25")
    assert names[3] == "X 云"
    given = {ids[0]: " 硅基 流动 ", ids[1]: "x 云"}
    assert [model.provider_name for model in labelled(models, given)] == [
        "硅基 流动",
        "x 云 (3f25)",
        "openai 3f25",
        "X 云 (x)",
    ]


def test_models_of_one_name_are_told_apart() -> None:
    entries = [{"id": f"a:gpt-5-{n}", "name": "GPT-5", "provider_name": "A"} for n in (1, 2)]
    assert [model.name for model in labelled(usable_models(entries))] == ["gpt-5-1", "gpt-5-2"]
