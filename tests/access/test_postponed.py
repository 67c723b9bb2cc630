"""However the gateway comes and goes, what people chose to let wait is answered once, in order, and paid for once."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.access import SHELL, Limit
from bridge.gateway import wire
from bridge.turn import outage as away
from bridge.types import User
from tests.access.desk import Office, direct, group, person, until_true

ANNA = person("anna", "Anna")
AT_ANNAS = direct(ANNA)
CLUB = group("club")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(away, "LOOK_EVERY", 0.02)


async def back(office: Office) -> None:
    """The gateway is there, has been found back, and everything that waited is answered."""
    await office.gateway.start()

    async def noticed() -> bool:
        return await office.bridge.store.outage.now() is None

    await office.until(noticed)
    await office.quiet()


async def test_a_question_that_waited_is_charged_once(office: Office) -> None:
    await office.access.allow(ANNA, SHELL)
    await office.say("/chat all limit 2 turns")
    await office.say("/later on", ANNA, AT_ANNAS)
    await office.gateway.stop()
    asked = [office.message(text, ANNA, AT_ANNAS) for text in ("one", "two", "three")]
    office.put(*asked)
    await office.until(lambda: _told(office))
    assert await office.access.usage.today(ANNA, AT_ANNAS) == Limit(0)
    await back(office)
    assert [office.answer(message) for message in asked[:2]] == ["You said: one", "You said: two"]
    assert "today's limit" in office.answer(asked[2])
    assert await office.access.usage.today(ANNA, AT_ANNAS) == Limit(2)


async def _told(office: Office) -> bool:
    return any("⏳" in sheet.text for sheet in office.desk.sheets.values())


async def test_it_may_come_back_just_as_a_chat_is_left_to_wait(office: Office) -> None:
    """Then whoever found it back has called for all that waited, and the chat is the last to begin."""
    store, elsewhere = office.bridge.store, "paper:elsewhere"
    await store.inbox.put(elsewhere, office.message("hello"))
    async with aclosing(store.inbox.ready([elsewhere], lambda: 1)) as claims:
        claim = await anext(claims)
        assert await claim.next() is not None
        await away.OutageMonitor(store, office.bridge.gateway, office.access, 0).release(claim)
        assert (await asyncio.wait_for(anext(claims), 30)).chat == claim.chat


async def test_in_a_group_admins_may_choose_that_everything_waits(office: Office) -> None:
    await office.access.allow(CLUB, SHELL)
    await office.say("/chat choose admins", chat=CLUB)
    assert await office.say("/later on", ANNA, CLUB) == "Only admins choose that in this chat."
    assert "`later`: `on`" in await office.say("/chat later on", chat=CLUB)
    await office.gateway.stop()
    asked = office.message("hello", ANNA, CLUB)
    office.put(asked)
    await office.until(lambda: _told(office))
    await back(office)
    assert office.answer(asked) == "You said: Anna: hello"


async def test_an_answered_question_is_not_asked_again_by_an_old_button(office: Office) -> None:
    assert await office.say("hello") == "You said: hello"
    await office.say("/later on", menu="1")
    assert [request.question for request in office.gateway.requests] == ["hello"]
    assert "nothing waits" in await office.say("/later off")
    assert "nothing waits" in await office.say("/later")
    assert await office.say("/later maybe") == await office.say("/later")


async def test_whatever_the_gateway_does_everything_is_answered_once_and_in_order(office: Office) -> None:
    await office.say("/chat all later on")
    loop, plays = asyncio.get_running_loop(), count()

    async def play(events: list[str]) -> None:
        people = [person(f"{name}{next(plays)}") for name in ("anna", "ben")]
        for someone in people:
            await office.access.allow(someone, SHELL)
        before, there = len(office.gateway.requests), True
        asked: dict[User, list[str]] = {someone: [] for someone in people}
        for number, event in enumerate(events):
            match event:
                case "off" if there:
                    await office.gateway.stop()
                    there = False
                case "on" if not there:
                    await office.gateway.start()
                    there = True
                case "pause":
                    await asyncio.sleep(0.03)
                case "anna" | "ben":
                    someone = people[event == "ben"]
                    asked[someone].append(f"{someone.id} asks {number}")
                    office.put(office.message(asked[someone][-1], someone, direct(someone)))
        await (office.quiet() if there else back(office))
        for someone, questions in asked.items():
            said = [sheet.text for sheet in office.lying_in(direct(someone)) if "⏳" not in sheet.text]
            assert said == [f"You said: {question}" for question in questions]
        everything = [question for questions in asked.values() for question in questions]
        assert sorted(request.question for request in office.gateway.requests[before:]) == sorted(everything)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.sampled_from(["anna", "anna", "ben", "off", "on", "pause"]), min_size=3, max_size=14))
    def play_all(events: list[str]) -> None:
        asyncio.run_coroutine_threadsafe(play(events), loop).result(120)

    await asyncio.to_thread(play_all)


async def test_a_tunnel_that_leads_nowhere_is_no_gateway_that_is_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes connections, and nothing ever comes of them."""
    monkeypatch.setattr(wire, "LIST_LIMIT", 0.2)
    await office.say("/later on")
    await office.gateway.stop()
    asked = office.message("hello")
    office.put(asked)
    await office.until(lambda: _told(office))
    taken: list[asyncio.StreamWriter] = []
    assert office.gateway._guard is not None
    office.gateway._guard.close()
    nowhere = await asyncio.start_server(lambda _, writer: taken.append(writer), "127.0.0.1", office.gateway.port)
    await until_true(lambda: len(taken) > 2)
    assert await office.bridge.store.outage.now() is not None
    nowhere.close()
    for writer in taken:
        writer.close()
    await back(office)
    assert office.answer(asked) == "You said: hello"
