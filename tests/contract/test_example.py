"""The example channel of docs/channels.md keeps the contract, and the page quotes it to the letter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, suppress

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.channel import Channel
from bridge.errors import Refused
from bridge.reply import Address, Draft, Pace, Unrecorded, deliver
from bridge.settings import read
from bridge.store import Store
from bridge.types import Body, Chat
from channels.kit.text import clean
from tests.contract.example_channel import Courier, Settings
from tests.contract.example_platform import TOKEN, CourierPlatform
from tests.contract.harness import Open
from tests.contract.test_files import (  # noqa: F401
    test_a_picture_that_a_person_shares_can_be_fetched,
    test_what_a_person_shares_can_be_fetched,
    test_what_cannot_be_fetched_says_so,
)
from tests.contract.test_listening import (  # noqa: F401
    test_a_message_delivered_twice_has_one_id,
    test_a_message_that_a_person_deleted_is_told,
    test_a_reply_to_the_bot_is_meant_for_it_and_says_to_what,
    test_an_edit_by_a_person_is_told,
    test_asking_for_the_next_message_acknowledges_the_last,
    test_hostile_events_are_set_aside_and_the_next_is_heard,
    test_messages_come_in_the_order_they_were_said,
    test_what_a_person_says_is_heard_as_it_was_said,
)
from tests.contract.test_posting import (  # noqa: F401
    test_a_post_whose_answer_was_lost_stands_there_once,
    test_a_rate_limit_says_how_long,
    test_a_request_that_never_left_can_be_repeated,
    test_a_text_that_does_not_fit_is_called_too_long,
    test_in_a_group_a_reply_hangs_under_its_question,
    test_it_knows_who_it_is_and_shows_no_secret,
    test_its_measure_never_falls,
    test_typing_shows_and_a_menu_is_published,
    test_what_its_limits_allow_it_takes,
)
from tests.operations.pages import blocks
from tests.reply.speech import expected, speak, speech, weather
from tests.tunnel.note import ROOT
from tests.virtual_clock import run

CHAT = Chat("courier", "mia", direct=True)


class Notes:
    """An adapter's memory, without a store."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    async def get(self, name: str) -> str:
        return self._kept.get(name, "")

    async def put(self, name: str, value: str) -> None:
        self._kept[name] = value

    async def put_all(self, values: Mapping[str, str]) -> None:
        self._kept |= values

    async def add(self, name: str, amount: int = 1) -> int:
        self._kept[name] = str(int(self._kept.get(name, 0)) + amount)
        return int(self._kept[name])

    async def forget(self, name: str) -> None:
        self._kept.pop(name, None)

    async def names(self, prefix: str = "") -> Mapping[str, str]:
        return {name: value for name, value in self._kept.items() if name.startswith(prefix)}


@pytest.fixture
async def platform(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CourierPlatform]:
    async with CourierPlatform() as platform:
        for name, value in platform.environment().items():
            monkeypatch.setenv(name, value)
        yield platform


@pytest.fixture
def reopen(platform: CourierPlatform, store: Store) -> Open:
    def start() -> AbstractAsyncContextManager[Channel]:
        return read(Settings, None).open_channel(store.memory("courier"))

    return start


@settings(max_examples=300, deadline=None)
@given(speech, st.floats(0, 5), weather, st.lists(st.floats(0, 30), max_size=4))
def test_in_the_end_an_answer_stands_there_exactly_once(
    deltas: list[str], gap: float, sky: list[float], restarts: list[float]
) -> None:
    """What the reply engine promises of any platform holds where nothing can be edited, whatever the weather."""
    record = Unrecorded()

    async def live() -> None:
        platform = CourierPlatform(sky)
        http = httpx.AsyncClient(transport=platform.transport(), base_url="http://courier")
        async with Courier(http, Notes()) as courier:
            for lifetime in restarts:
                # A process that dies in the middle, and a model that then says something else at first.
                earlier = Draft(speak([*deltas[::-1], "and more " * 300], gap))
                with suppress(TimeoutError):
                    to = Address(courier, Pace(), CHAT, "k")
                    await asyncio.wait_for(deliver(earlier, to, record=record), lifetime)
            await deliver(Draft(speak(deltas, gap)), Address(courier, Pace(), CHAT, "k"), record=record)
            wanted = [clean(page) for page in expected("".join(deltas), courier.limits(CHAT))]
            assert platform.texts(CHAT) == wanted

    run(live())


async def test_an_aside_is_quoted_above_the_text(platform: CourierPlatform, channel: Channel) -> None:
    await channel.post(CHAT, Body("Forty-two.", aside="Six by\nnine?"), key="a", final=True)
    await channel.post(CHAT, Body("x" * 990, aside="Let me think."), key="b", final=True)
    first, second = platform.texts(CHAT)
    assert first == "> Six by\n> nine?\n\nForty-two."
    assert second.endswith("x" * 990)


async def test_a_message_is_taken_back_once_and_for_all(platform: CourierPlatform, channel: Channel) -> None:
    posted = await channel.post(CHAT, Body("Never mind."), key="k", final=True)
    for _ in range(2):
        await channel.posted(CHAT, posted.ref).delete()
    assert platform.texts(CHAT) == []


async def test_a_wrong_token_is_refused(platform: CourierPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURIER_TOKEN", "another")
    opened = read(Settings, None)
    with pytest.raises(Refused, match="COURIER_TOKEN"):
        async with opened.open_channel(Notes()):
            pass
    assert [each.severity async for each in opened.check("en", thorough=True)] == ["wrong"]


async def test_it_can_be_set_up_and_checked(platform: CourierPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = read(Settings, None)
    assert opened.configured
    assert {prompt.variable for prompt in opened.questions("en")} <= {name.upper() for name in Settings.model_fields}
    assert [each.severity async for each in opened.check("en", thorough=True)] == ["ok"]
    monkeypatch.delenv("COURIER_TOKEN")
    assert read(Settings, None).missing == ["COURIER_TOKEN"]
    assert TOKEN not in repr(opened)


def test_the_page_quotes_the_example_to_the_letter() -> None:
    [quoted] = [block.text for block in blocks(ROOT / "docs" / "channels.md") if block.mark == "python example"]
    assert quoted == (ROOT / "tests" / "contract" / "example_channel.py").read_text()
