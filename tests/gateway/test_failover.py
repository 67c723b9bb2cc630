"""Which failures another model stands in for, which not, and what is remembered of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bridge import errors
from bridge.errors import GatewayError
from bridge.events import TextDelta
from bridge.gateway import Failover, Gateway, Gateways, Health, MemoryHealth, Rest
from bridge.store import RedisHealth, Store
from bridge.types import ChatMessage, ModelId
from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.emulators.servers import ServerEmulator, refusal

HELLO = [ChatMessage.user("hello")]
OK = ModelId("fake-openai", "ok")
MENDED = {
    "reset": "failed",
    "err401": "refused",
    "err402": "refused",
    "err403": "refused",
    "err429": "limited",
    "err429q": "limited",
    "err500": "failed",
    "err502html": "failed",
    "errfirst": "failed",
    "hang": "silent",
}
"""Models of the emulator, and why another one is asked."""
NOT_MENDED = {
    "err400": errors.ContextTooLong,
    "err404": errors.ModelNotFound,
    "filter": errors.AnswerFiltered,
    "empty": errors.AnswerEmpty,
}
BEGUN = ["cut", "miderr", "midabort", "badjson", "midhang", "nofinish"]
"""These fail after the first token."""


@pytest.fixture(params=["B", "C"])
async def emulator(request: pytest.FixtureRequest) -> AsyncIterator[GatewayEmulator]:
    async with GatewayEmulator(request.param) as emulator:
        yield emulator


@pytest.fixture
async def gateways(emulator: GatewayEmulator) -> AsyncIterator[Gateways]:
    gateway = Gateway(emulator.url, emulator.key, retry_delay=0.01, idle=2, first_token=20)
    async with Gateways([gateway], fallback_seconds=2) as gateways:
        yield gateways


def named(model: str) -> ModelId:
    return ModelId("fake-openai", model)


async def ask(gateways: Gateways, *models: ModelId) -> tuple[str, Failover, GatewayError | None]:
    """What was said, by what, and the error at the end."""
    said, failed = "", None
    answering = gateways.stream(models[0], HELLO, fallbacks=models[1:])
    assert isinstance(answering, Failover)
    try:
        async for event in answering.events():
            said += event.text if isinstance(event, TextDelta) else ""
    except GatewayError as error:
        failed = error
    return said, answering, failed


@pytest.mark.parametrize("model", MENDED)
async def test_another_answers_before_the_first_token(gateways: Gateways, model: str) -> None:
    said, answering, failed = await ask(gateways, named(model), OK)
    assert (said, failed) == ("You said: hello", None)
    assert answering.model == OK
    [failure] = answering.failures
    assert (failure.model, failure.reason) == (named(model), MENDED[model])


@pytest.mark.parametrize("model", NOT_MENDED)
async def test_what_another_cannot_mend_is_raised(gateways: Gateways, emulator: GatewayEmulator, model: str) -> None:
    said, _, failed = await ask(gateways, named(model), OK)
    assert "You said" not in said
    assert type(failed) is NOT_MENDED[model]
    assert str(OK) not in [request.model for request in emulator.requests]


@pytest.mark.parametrize("model", BEGUN)
async def test_no_other_is_asked_after_the_first_token(
    gateways: Gateways, emulator: GatewayEmulator, model: str
) -> None:
    said, answering, _ = await ask(gateways, named(model), OK)
    assert said
    assert "You said" not in said
    assert answering.model == named(model)
    assert str(OK) not in [request.model for request in emulator.requests]


async def test_all_fail_and_the_first_that_was_wanted_is_told(gateways: Gateways) -> None:
    _, answering, failed = await ask(gateways, named("err429"), named("err500"), named("err402"))
    assert isinstance(failed, errors.ProviderLimited)
    assert [failure.model.model for failure in answering.failures] == ["err429", "err500", "err402"]
    _, _, failed = await ask(gateways, named("err429"), named("err500"), named("err402"))
    assert isinstance(failed, errors.ProviderLimited), "also where all of them rest"


async def test_a_filter_of_the_stand_in_is_the_end(gateways: Gateways, emulator: GatewayEmulator) -> None:
    _, _, failed = await ask(gateways, named("err500"), named("filter"), OK)
    assert isinstance(failed, errors.AnswerFiltered)
    assert str(OK) not in [request.model for request in emulator.requests]


async def test_a_stand_in_that_is_not_there_is_passed_over(gateways: Gateways) -> None:
    said, answering, failed = await ask(gateways, named("err500"), named("nosuch"), OK)
    assert (said, failed, answering.model) == ("You said: hello", None, OK)


async def test_too_long_goes_only_to_one_that_reads_more() -> None:
    too_long = refusal(400, {"error": {"message": "This model's maximum context length is 8192 tokens."}})
    async with ServerEmulator("vllm") as server, Gateways([Gateway(server.url)]) as gateways:
        server.models = ["small", "large", "unknown"]
        small, large, unknown = (ModelId("", name) for name in server.models)
        server.context_tokens = {"small": 8192, "large": 128_000, "unknown": 0}
        await gateways.models()
        server.script(too_long)
        _, _, failed = await ask(gateways, small, unknown)
        assert isinstance(failed, errors.ContextTooLong)
        server.script(too_long)
        said, answering, _ = await ask(gateways, small, unknown, large)
        assert (said, answering.model) == ("You said: hello", large)
        server.script(too_long)
        assert (await ask(gateways, large, small))[2] is not None


async def test_stopping_asks_no_other(gateways: Gateways, emulator: GatewayEmulator) -> None:
    answering = gateways.stream(named("hang"), HELLO, fallbacks=[OK])

    async def stop() -> None:
        while not emulator.requests:
            await asyncio.sleep(0)
        await answering.aclose()

    stopping = asyncio.create_task(stop())
    assert [event async for event in answering.events()] == []
    await stopping
    assert [request.model for request in emulator.requests] == ["fake-openai:hang"]


async def test_who_failed_is_asked_again_after_a_while(gateways: Gateways, emulator: GatewayEmulator) -> None:
    now = 1000.0
    gateways.health = MemoryHealth(lambda: now)
    first = named("slow")
    emulator.behave("slow", Behaviour(refusal=(500, "down")))
    for _ in range(3):
        said, answering, _ = await ask(gateways, first, OK)
        assert (said, answering.model) == ("You said: hello", OK)
    tries = [request.model for request in emulator.requests].count(str(first))
    emulator.behave("slow", Behaviour(text="Back."))
    assert (await ask(gateways, first, OK))[1].model == OK, "it rests"
    assert [request.model for request in emulator.requests].count(str(first)) == tries
    now += 61
    for _ in range(2):
        assert (await ask(gateways, first, OK))[0] == "Back."


def _healths(store: Store) -> list[tuple[Health, Health, list[float]]]:
    """Each kind of health, as two processes see it, with their clock."""
    one, other = [0.0], [0.0]
    memory = MemoryHealth(lambda: one[0])
    redis = RedisHealth(store.redis, lambda: other[0])
    return [(memory, memory, one), (redis, RedisHealth(store.redis, lambda: other[0]), other)]


async def test_one_process_tries_and_the_others_wait(store: Store) -> None:
    for here, there, clock in _healths(store):
        await here.rest("a:x", "limited", 60)
        await here.rest("@home", "away", 60)
        assert await there.resting(["a:x", "b:y", "@home"]) == {
            "a:x": Rest("limited", False),
            "@home": Rest("away", False),
        }
        clock[0] += 61
        assert (await here.resting(["a:x"]))["a:x"].is_over, "one tries it again"
        assert not (await there.resting(["a:x"]))["a:x"].is_over, "the others wait"
        await here.recovered(["a:x", "@home"])
        assert await there.resting(["a:x", "@home"]) == {}


async def test_health_that_cannot_be_read_is_well(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.redis.hset("cherry:health", "a:x", "nonsense")
    await store.redis.hset("cherry:health", "b:y", "9999999999 reason-of-a-newer-process")
    health = RedisHealth(store.redis)
    assert await health.resting(["a:x", "b:y"]) == {"b:y": Rest("failed", False)}
    with monkeypatch.context() as patched:  # as where Redis is away
        patched.setattr("bridge.store.health.keys.HEALTH", "cherry:names:wrong-type")
        await store.redis.set("cherry:names:wrong-type", "text")
        assert await health.resting(["a:x"]) == {}
        await health.rest("a:x", "failed", 60)
        await health.recovered(["a:x"])
