"""What `bridge/channel.py` promises, asked of every channel against its stage. Nothing here knows a platform."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import channels
from bridge.access import Access
from bridge.channel import Channel
from bridge.commands import Commands
from bridge.errors import ChannelError, Gone, RateLimited, TooLong, Unsure
from bridge.gateway import Gateway
from bridge.settings import read
from bridge.store import Store
from bridge.types import Button, IncomingMessage
from tests.doors import OPEN
from tests.stage import Bubble, Place, Stage
from tests.stages import STAGES

PATIENCE = 30.0

Open = Callable[[], AbstractAsyncContextManager[Channel]]


@pytest.fixture(params=STAGES)
async def stage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    async with STAGES[request.param]() as stage:
        for name, value in stage.environment().items():
            monkeypatch.setenv(name, value)
        yield stage


@pytest.fixture
def reopen(stage: Stage, store: Store) -> Open:
    """Start the channel (again), with what it remembers."""

    @asynccontextmanager
    async def start() -> AsyncIterator[Channel]:
        module = channels.load(stage.channel)
        async with module.open_channel(read(module.Settings, None), store.memory(stage.channel)) as channel:
            yield channel

    return start


@pytest.fixture
async def channel(reopen: Open) -> AsyncIterator[Channel]:
    async with reopen() as channel:
        yield channel


class Ear:
    """Listens in the background, as the bridge does: each message is acknowledged at once."""

    def __init__(self, channel: Channel) -> None:
        self.heard: list[IncomingMessage] = []
        self._task = asyncio.create_task(self._listen(channel))

    async def _listen(self, channel: Channel) -> None:
        async with aclosing(channel.listen(OPEN)) as messages:
            async for message in messages:
                self.heard.append(message)

    async def next(self, number: int = 1) -> IncomingMessage:
        async with asyncio.timeout(PATIENCE):
            while len(self.heard) < number:
                assert not self._task.done(), "listening ended"
                await asyncio.sleep(0.01)
        return self.heard[number - 1]

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


@pytest.fixture
async def ear(channel: Channel) -> AsyncIterator[Ear]:
    ear = Ear(channel)
    yield ear
    await ear.close()


async def shows(stage: Stage, wanted: Callable[[list[Bubble]], bool], place: Place = "direct") -> list[Bubble]:
    async with asyncio.timeout(PATIENCE):
        while not wanted(stage.bubbles(place)):
            await asyncio.sleep(0.01)
    return stage.bubbles(place)


async def patiently(call: Callable[[], object]) -> None:
    """As the reply engine does: what was refused for its rate is said again."""
    while True:
        try:
            await call()  # type: ignore[misc]
        except RateLimited as error:
            await asyncio.sleep(error.retry_after)
        else:
            return


async def test_what_a_person_says_is_heard_as_it_was_said(stage: Stage, ear: Ear) -> None:
    id = await stage.say("Hello, 世界 👋🏽")
    message = await ear.next()
    assert message.text == "Hello, 世界 👋🏽"
    assert message.id == id
    assert message.chat == stage.chat()
    assert message.chat.direct
    assert message.sender == stage.user("mia")
    assert message.sender.name
    assert message.addressed
    assert message.sent_at > 1_700_000_000
    assert IncomingMessage.from_json(message.to_json()) == message


async def test_messages_come_in_the_order_they_were_said(stage: Stage, ear: Ear) -> None:
    for number in range(12):
        await stage.say(f"number {number}")
    await ear.next(12)
    assert [message.text for message in ear.heard] == [f"number {number}" for number in range(12)]


@pytest.mark.parametrize("place", ["group", "topic"])
async def test_in_a_group_it_tells_what_is_meant_for_the_bot(stage: Stage, ear: Ear, place: Place) -> None:
    await stage.say("among ourselves", who="tom", place=place)
    await stage.say("what do you think?", who="tom", place=place, mention=True)
    async with asyncio.timeout(PATIENCE):
        while not any(message.addressed for message in ear.heard):
            await asyncio.sleep(0.01)
    *others, message = ear.heard
    assert not any(other.addressed for other in others)
    assert message.text == "what do you think?", "the bot's own name is not part of the question"
    assert message.chat == stage.chat(place)
    assert not message.chat.direct
    assert message.sender == stage.user("tom")
    assert (message.chat.whole == stage.chat("group").whole) or place == "topic"


async def test_a_reply_to_the_bot_is_meant_for_it_and_says_to_what(stage: Stage, channel: Channel, ear: Ear) -> None:
    posted = await channel.post(stage.chat("group"), "I said this.", key="k", final=True)
    [bubble] = await shows(stage, bool, "group")
    await stage.say("why?", who="tom", place="group", reply_to=bubble.id)
    message = await ear.next()
    assert message.addressed
    assert message.text == "why?"
    assert message.quoted == "I said this."
    assert posted.ref


async def heard(messages: AsyncGenerator[IncomingMessage, None]) -> IncomingMessage:
    return await asyncio.wait_for(anext(messages), PATIENCE)


async def test_asking_for_the_next_message_acknowledges_the_last(stage: Stage, reopen: Open) -> None:
    async with reopen() as channel, aclosing(channel.listen(OPEN)) as messages:
        first = asyncio.create_task(heard(messages))
        await stage.say("first")
        assert (await first).text == "first"
    async with reopen() as channel, aclosing(channel.listen(OPEN)) as messages:  # it was never acknowledged
        again = await heard(messages)
        assert (again.text, again.id) == ("first", first.result().id)
        for text in ("second", "third"):
            await stage.say(text)
            assert (await heard(messages)).text == text
    async with reopen() as channel, aclosing(channel.listen(OPEN)) as messages:
        assert (await heard(messages)).text == "third"
        await stage.say("fourth")
        assert (await heard(messages)).text == "fourth"


async def test_a_message_grows_and_is_then_final(stage: Stage, channel: Channel) -> None:
    posted = await channel.post(stage.chat(), "The", key="k", final=False)
    await patiently(lambda: posted.edit("The sky", final=False))
    await patiently(lambda: posted.edit("The sky is **blue**.", final=True))
    [bubble] = await shows(stage, lambda bubbles: bool(bubbles) and not bubbles[0].streaming)
    assert bubble.text == "The sky is blue." or bubble.text == "The sky is **blue**."
    assert len(bubble.writes) == 3


async def test_saying_the_same_again_is_harmless(stage: Stage, channel: Channel) -> None:
    posted = await channel.post(stage.chat(), "Same.", key="k", final=True)
    again = channel.posted(stage.chat(), posted.ref)
    await patiently(lambda: again.edit("Same.", final=True))
    assert [bubble.text for bubble in stage.bubbles()] == ["Same."]


async def test_code_is_shown_as_code(stage: Stage, channel: Channel) -> None:
    text = "Look:\n\n```python\ndef f(x):\n    return x * 2  # @everyone *not* _marked_\n```\n\nDone."
    await channel.post(stage.chat(), text, key="k", final=True)
    [bubble] = await shows(stage, bool)
    assert len(bubble.code) == 1
    assert "def f(x):\n    return x * 2  # @everyone *not* _marked_" in bubble.code[0]
    assert bubble.text.startswith("Look:")
    assert bubble.text.endswith("Done.")
    assert "```" not in bubble.text


async def test_a_ref_finds_the_message_after_a_restart(stage: Stage, reopen: Open) -> None:
    async with reopen() as channel:
        ref = (await channel.post(stage.chat(), "Half an", key="k", final=False)).ref
    async with reopen() as channel:
        posted = channel.posted(stage.chat(), ref)
        assert posted.ref == ref
        await patiently(lambda: posted.edit("Half an answer, and the rest.", final=True))
    assert [bubble.text for bubble in stage.bubbles()] == ["Half an answer, and the rest."]
    assert not stage.bubbles()[0].streaming


async def test_a_pressed_button_is_a_message_that_names_its_menu(stage: Stage, channel: Channel, ear: Ear) -> None:
    offered = [Button("One", "/model a:one"), Button("Two 二", "/model a:" + "x" * 55)]
    posted = await channel.post(stage.chat(), "Pick.", key="k", final=True, buttons=offered)
    [bubble] = await shows(stage, bool)
    assert bubble.buttons == ["One", "Two 二"]
    await stage.press(bubble.id, "Two 二")
    message = await ear.next()
    assert message.text == "/model a:" + "x" * 55
    assert message.menu == posted.ref
    assert message.addressed
    assert message.chat == stage.chat()
    assert message.sender == stage.user("mia")
    menu = channel.posted(stage.chat(), message.menu)
    await patiently(lambda: menu.edit("Picked.", final=True))
    [bubble] = await shows(stage, lambda bubbles: bubbles[0].text == "Picked.")
    assert bubble.buttons == []


async def test_as_many_buttons_as_it_says_fit(stage: Stage, channel: Channel) -> None:
    most = channel.limits(stage.chat()).max_buttons
    assert most >= 10
    offered = [Button(f"Button number {number} " + "x" * 25, f"/model p:{number}") for number in range(most)]
    await channel.post(stage.chat(), "Pick.", key="k", final=True, buttons=offered)
    [bubble] = await shows(stage, bool)
    assert len(bubble.buttons) == most


async def test_a_message_taken_back_is_gone(stage: Stage, channel: Channel) -> None:
    posted = await channel.post(stage.chat(), "Never mind.", key="k", final=True)
    await patiently(posted.delete)
    assert not any("Never mind." in bubble.text for bubble in stage.bubbles())
    await patiently(posted.delete)  # twice is harmless
    with pytest.raises(Gone):
        await patiently(lambda: channel.posted(stage.chat(), posted.ref).edit("Still here?", final=True))


async def test_in_a_group_a_reply_hangs_under_its_question(stage: Stage, channel: Channel, ear: Ear) -> None:
    question = await stage.say("who are you?", who="tom", place="group", mention=True)
    await ear.next()
    await channel.post(stage.chat("group"), "A bot.", key="k1", reply_to=question, final=True)
    await patiently(
        lambda: channel.post(stage.chat("group"), "Really.", key="k2", reply_to="no-such-message", final=True)
    )
    first, second = await shows(stage, lambda bubbles: len(bubbles) == 2, "group")
    assert first.reply_to == question
    assert second.text == "Really."


async def test_a_topic_is_a_place_of_its_own(stage: Stage, channel: Channel) -> None:
    await channel.post(stage.chat("topic"), "Only here.", key="k", final=True)
    assert [bubble.text for bubble in stage.bubbles("topic")] == ["Only here."]
    assert stage.bubbles("group") == []


async def test_a_rate_limit_says_how_long(stage: Stage, channel: Channel) -> None:
    stage.flood(3)
    with pytest.raises(RateLimited) as caught:
        await channel.post(stage.chat(), "Too fast.", key="k", final=True)
    assert 1 <= caught.value.retry_after <= 6


async def test_a_post_whose_answer_was_lost_stands_there_once(stage: Stage, channel: Channel, ear: Ear) -> None:
    await stage.say("hello")
    await ear.next()
    await channel.post(stage.chat(), "Before.", key="k0", final=True)
    stage.lose_answers(1)
    with pytest.raises(Unsure):
        await channel.post(stage.chat(), "Once.", key="k1", final=False)
    await patiently(lambda: channel.post(stage.chat(), "Once.", key="k1", again=True, final=False))
    await shows(stage, lambda bubbles: [bubble.text for bubble in bubbles] == ["Before.", "Once."])


async def test_a_request_that_never_left_can_be_repeated(stage: Stage, channel: Channel) -> None:
    stage.drop_requests(1)
    with pytest.raises(ChannelError):
        await channel.post(stage.chat(), "Once.", key="k1", final=True)
    await patiently(lambda: channel.post(stage.chat(), "Once.", key="k1", again=True, final=True))
    assert [bubble.text for bubble in stage.bubbles()] == ["Once."]


async def test_a_text_that_does_not_fit_is_called_too_long(stage: Stage, channel: Channel) -> None:
    with pytest.raises(TooLong):
        await channel.post(stage.chat(), "long words " * 20_000, key="k", final=True)
    assert stage.bubbles() == []


async def test_what_its_limits_allow_it_takes(stage: Stage, channel: Channel) -> None:
    limits = channel.limits(stage.chat())
    unit = "some words 字 "
    text = unit * (limits.max_length // limits.measure(unit) - 2)
    assert limits.measure(text) <= limits.max_length
    await channel.post(stage.chat(), text, key="k", final=True)
    [bubble] = await shows(stage, bool)
    assert bubble.text.replace(" ", "") == text.replace(" ", "")


async def test_its_measure_never_falls(stage: Stage, channel: Channel) -> None:
    measure = channel.limits(stage.chat()).measure
    table, code = "| a | b |\n|---|---|\n| 1 | 2 |\n", "```py\n"
    pieces = ["word ", "\n", code, "\n```\n", table, "[x](http://y.z)", "@all", "# h\n", "中", "😀"]

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.sampled_from(pieces), max_size=30))
    def never_falls(parts: list[str]) -> None:
        text, last = "", 0
        for part in parts:
            text += part
            assert measure(text) >= last
            last = measure(text)

    never_falls()


async def test_hostile_events_are_set_aside_and_the_next_message_is_heard(
    stage: Stage, channel: Channel, ear: Ear
) -> None:
    assert await stage.hostile() > 0
    await stage.say("still there?")
    message = await ear.next()
    assert message.text == "still there?"
    assert channel.set_aside > 0


async def test_a_message_delivered_twice_has_one_id(stage: Stage, ear: Ear) -> None:
    id = await stage.say("once")
    await ear.next()
    await stage.redeliver(id)
    await stage.say("and on")
    async with asyncio.timeout(PATIENCE):
        while ear.heard[-1].text != "and on":
            await asyncio.sleep(0.01)
    assert {message.id for message in ear.heard if message.text == "once"} == {id}


async def test_typing_shows_and_a_menu_is_published(stage: Stage, channel: Channel, store: Store) -> None:
    await channel.typing(stage.chat())
    async with Gateway("http://127.0.0.1:9") as gateway:
        menu = Commands(store, gateway, Access(store.redis), None).menu()
    await channel.publish(menu, [stage.user("mia")])
    await channel.publish(menu, [stage.user("mia")])


async def test_it_knows_who_it_is_and_shows_no_secret(stage: Stage, channel: Channel) -> None:
    assert channel.name == stage.channel
    assert channel.account
    for secret in stage.secrets:
        assert secret not in repr(channel)
