"""However the gateway comes and goes, what people chose to let wait is answered once, in order, and paid for once."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.access import SHELL, Limit
from bridge.gateway import http
from bridge.turn import outage as away
from bridge.types import User
from tests.harness import BridgeInProcess, direct, group, person, until_true

ANNA = person("anna", "Anna")
AT_ANNAS = direct(ANNA)
CLUB = group("club")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(away, "LOOK_SECONDS", 0.02)


async def back(bridge: BridgeInProcess) -> None:
    """The gateway is there, has been found back, and everything that waited is answered."""
    await bridge.gateway.start()

    async def noticed() -> bool:
        return await bridge.app.store.outage.now() is None

    await bridge.until(noticed)
    await bridge.quiet()


async def test_a_question_that_waited_is_charged_once(bridge: BridgeInProcess) -> None:
    await bridge.access.rules.allow(ANNA, SHELL)
    await bridge.say("/chat all limit 2 turns")
    await bridge.say("/later on", ANNA, AT_ANNAS)
    await bridge.gateway.stop()
    asked = [bridge.message(text, ANNA, AT_ANNAS) for text in ("one", "two", "three")]
    bridge.put(*asked)
    await bridge.until(lambda: _told(bridge))
    assert await bridge.access.quota.used_today(ANNA, AT_ANNAS) == Limit(0)
    await back(bridge)
    assert [bridge.answer(message) for message in asked[:2]] == ["You said: one", "You said: two"]
    assert "today's limit" in bridge.answer(asked[2])
    assert await bridge.access.quota.used_today(ANNA, AT_ANNAS) == Limit(2)


async def _told(bridge: BridgeInProcess) -> bool:
    return any("⏳" in message.text for message in bridge.channel.messages.values())


async def test_in_a_group_admins_may_choose_that_everything_waits(bridge: BridgeInProcess) -> None:
    await bridge.access.rules.allow(CLUB, SHELL)
    await bridge.say("/chat choose admins", chat=CLUB)
    assert await bridge.say("/later on", ANNA, CLUB) == "Only admins choose that in this chat."
    assert "`later`: `on`" in await bridge.say("/chat later on", chat=CLUB)
    await bridge.gateway.stop()
    asked = bridge.message("hello", ANNA, CLUB)
    bridge.put(asked)
    await bridge.until(lambda: _told(bridge))
    await back(bridge)
    assert bridge.answer(asked) == "You said: Anna: hello"


async def test_an_answered_question_is_not_asked_by_an_old_button(bridge: BridgeInProcess) -> None:
    assert await bridge.say("hello") == "You said: hello"
    await bridge.say("/later on", menu="1")
    assert [request.question for request in bridge.gateway.requests] == ["hello"]
    assert "messages do not wait" in await bridge.say("/later off")
    assert "messages do not wait" in await bridge.say("/later")
    assert await bridge.say("/later maybe") == await bridge.say("/later")


async def test_through_gateway_errors_all_is_answered_once_in_order(bridge: BridgeInProcess) -> None:
    await bridge.say("/chat all later on")
    loop, plays = asyncio.get_running_loop(), count()

    async def play(events: list[str]) -> None:
        people = [person(f"{name}{next(plays)}") for name in ("anna", "ben")]
        for someone in people:
            await bridge.access.rules.allow(someone, SHELL)
        before, there = len(bridge.gateway.requests), True
        asked: dict[User, list[str]] = {someone: [] for someone in people}
        for number, event in enumerate(events):
            match event:
                case "off" if there:
                    await bridge.gateway.stop()
                    there = False
                case "on" if not there:
                    await bridge.gateway.start()
                    there = True
                case "pause":
                    await asyncio.sleep(0.03)
                case "anna" | "ben":
                    someone = people[event == "ben"]
                    asked[someone].append(f"{someone.id} asks {number}")
                    bridge.put(bridge.message(asked[someone][-1], someone, direct(someone)))
        await (bridge.quiet() if there else back(bridge))
        for someone, questions in asked.items():
            said = [message.text for message in bridge.shown_in(direct(someone)) if "⏳" not in message.text]
            assert all(text.startswith("You said: ") for text in said)
            assert [line for text in said for line in text.removeprefix("You said: ").split("\n\n")] == questions
        everything = {question for questions in asked.values() for question in questions}
        requests = [request.question.split("\n\n") for request in bridge.gateway.requests[before:]]
        assert {question for questions in requests for question in questions} == everything

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(["anna", "anna", "ben", "off", "on", "pause"]), min_size=3, max_size=14))
    def play_all(events: list[str]) -> None:
        asyncio.run_coroutine_threadsafe(play(events), loop).result(120)

    await asyncio.to_thread(play_all)


async def test_a_tunnel_that_leads_nowhere_is_no_gateway_that_is_back(
    bridge: BridgeInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes connections, and nothing ever comes of them."""
    monkeypatch.setattr(http, "LIST_TIMEOUT_SECONDS", 0.2)
    await bridge.say("/later on")
    await bridge.gateway.stop()
    asked = bridge.message("hello")
    bridge.put(asked)
    await bridge.until(lambda: _told(bridge))
    taken: list[asyncio.StreamWriter] = []
    assert bridge.gateway._guard is not None
    bridge.gateway._guard.close()
    nowhere = await asyncio.start_server(lambda _, writer: taken.append(writer), "127.0.0.1", bridge.gateway.port)
    await until_true(lambda: len(taken) > 2)
    assert await bridge.app.store.outage.now() is not None
    nowhere.close()
    for writer in taken:
        writer.close()
    await back(bridge)
    assert bridge.answer(asked) == "You said: hello"
