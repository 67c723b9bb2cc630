"""Several gateways as one: which of them answers for an id, whatever is away."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bridge.access import Patterns
from bridge.errors import GatewayError, GatewayUnreachable
from bridge.gateway import Gateway, Gateways, shortest_ids
from bridge.types import ChatMessage, ModelId
from tests.emulators.gateway import GatewayEmulator, Provider
from tests.emulators.servers import ServerEmulator

OK = ModelId("fake-openai", "ok")
LLAMA = ModelId.parse("llama3.2:latest")


@pytest.fixture
async def home() -> AsyncIterator[GatewayEmulator]:
    async with GatewayEmulator("B") as emulator:
        yield emulator


@pytest.fixture
async def work() -> AsyncIterator[ServerEmulator]:
    async with ServerEmulator("ollama") as server:
        yield server


@pytest.fixture
async def gateways(home: GatewayEmulator, work: ServerEmulator) -> AsyncIterator[Gateways]:
    desk = Gateway(home.url, home.key, id="home", label="Desk", retry_delay=0.01)
    async with Gateways([desk, Gateway(work.url, id="work", retry_delay=0.01)]) as gateways:
        yield gateways


async def test_ids_end_with_their_gateway(gateways: Gateways) -> None:
    models = await gateways.models()
    assert {(model.gateway, model.gateway_label) for model in models} == {("home", "Desk"), ("work", "work")}
    assert OK.at("home") in {model.id for model in models}
    ids = shortest_ids(models)
    assert ids[OK.at("home")] == str(OK)
    assert ids[LLAMA.at("work")] == "llama3.2:latest"


async def test_each_gets_the_id_that_it_knows(gateways: Gateways, home: GatewayEmulator, work: ServerEmulator) -> None:
    for model in (OK.at("home"), LLAMA.at("work")):
        completion = gateways.stream(model, [ChatMessage.user("hello")])
        async for _ in completion.events():
            pass
        assert completion.model == model
    assert home.requests[-1].model == str(OK)
    assert work.requests[-1]["model"] == "llama3.2:latest"


async def test_an_id_without_a_gateway_is_found(gateways: Gateways, home: GatewayEmulator) -> None:
    assert await gateways.canonical(LLAMA) == LLAMA.at("work")
    assert await gateways.canonical(OK) == OK.at("home")
    assert await gateways.canonical(OK.at("work")) == OK.at("work"), "as it is written"
    await home.stop()
    assert await gateways.canonical(OK) == OK.at("home"), "by the list that was read last"
    assert await gateways.first_model(lambda _: True) == (gateways.all[0].known_models[0].id)


async def test_an_id_that_nobody_has_is_asked_of_who_cannot_be_asked(
    gateways: Gateways, home: GatewayEmulator, work: ServerEmulator
) -> None:
    nobody = ModelId.parse("no:body")
    assert await gateways.canonical(nobody) == nobody.at("home")
    await work.stop()
    async with Gateways([Gateway(home.url, home.key, id="home"), Gateway(work.url, id="work")]) as others:
        assert await others.canonical(nobody) == nobody.at("work")
        assert await others.canonical(OK) == OK.at("home")


async def test_one_away_is_left_out_and_named(gateways: Gateways, home: GatewayEmulator, work: ServerEmulator) -> None:
    await home.stop()
    assert {model.gateway for model in await gateways.models(fresh=True)} == {"work"}
    error = gateways.errors["home"]
    assert isinstance(error, GatewayUnreachable)
    assert (error.gateway_id, error.gateway_label) == ("home", "Desk")
    await work.stop()
    with pytest.raises(GatewayError) as failed:
        await gateways.models(fresh=True)
    assert failed.value.gateway_id == "home"


async def test_one_gateway_is_as_it_was(home: GatewayEmulator) -> None:
    async with Gateways([Gateway(home.url, home.key)]) as gateways:
        models = await gateways.models()
        assert OK in {model.id for model in models}
        assert {model.gateway for model in models} == {""}
        lists = home.lists
        assert await gateways.canonical(OK) == OK
        assert await gateways.canonical(OK.at("home")) == OK, "chosen while there were several"
        home.providers.append(Provider("odd", "Odd", "openai", {"m@v1": "M"}))
        assert home.lists == lists, "nothing more is asked"
        await gateways.models(fresh=True)
        assert await gateways.canonical(ModelId("odd", "m@v1")) == ModelId("odd", "m@v1")


async def test_a_pattern_means_a_model_at_every_gateway() -> None:
    at_work = OK.at("work")
    assert not Patterns(deny=("fake-openai:ok",)).permit(at_work)
    assert Patterns(allow=("fake-openai:ok",)).permit(at_work)
    assert not Patterns(allow=("*@home",)).permit(at_work)
    assert not Patterns(deny=("*@work",)).permit(at_work)
    assert Patterns(deny=("*@work",)).permit(OK.at("home"))
