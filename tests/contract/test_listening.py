"""What a channel hears, as `bridge/channel.py` promises it; asked of every channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest
from msgspec import convert, to_builtins

from bridge.channel import Channel
from bridge.inbound import Deleted, Edited, Inbound, Pressed, Said
from bridge.types import Body, Button
from tests.contract.harness import PATIENCE_SECONDS, Listener, Open, patiently, shows
from tests.fakes import ALLOW_ALL
from tests.platform import Place, Platform


async def test_what_a_person_says_is_heard_as_it_was_said(platform: Platform, listener: Listener) -> None:
    id = await platform.say("Hello, 世界 👋🏽")
    message = await listener.next()
    assert message.text == "Hello, 世界 👋🏽"
    assert message.id == id
    assert message.chat == platform.chat()
    assert message.chat.direct
    assert message.sender == platform.user("mia")
    assert message.sender.name
    assert message.addressed
    assert message.sent_at > 1_700_000_000
    assert convert(to_builtins(message), Said) == message


async def test_messages_come_in_the_order_they_were_said(platform: Platform, listener: Listener) -> None:
    for number in range(12):
        await platform.say(f"number {number}")
    await listener.next(12)
    assert [message.text for message in listener.heard] == [f"number {number}" for number in range(12)]


@pytest.mark.parametrize("place", ["group", "topic"])
async def test_in_a_group_it_tells_what_is_meant_for_the_bot(
    platform: Platform, listener: Listener, place: Place
) -> None:
    await platform.say("among ourselves", who="tom", place=place)
    await platform.say("what do you think?", who="tom", place=place, mention=True)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not any(message.addressed for message in listener.heard):
            await asyncio.sleep(0.01)
    *others, message = listener.heard
    assert not any(other.addressed for other in others)
    assert message.text == "what do you think?", "the bot's own name is not part of the question"
    assert message.chat == platform.chat(place)
    assert not message.chat.direct
    assert message.sender == platform.user("tom")
    assert (message.chat.whole == platform.chat("group").whole) or place == "topic"


async def test_a_reply_to_the_bot_is_meant_for_it_and_says_to_what(
    platform: Platform, channel: Channel, listener: Listener
) -> None:
    posted = await channel.post(platform.chat("group"), Body("I said this."), key="k", final=True)
    [bubble] = await shows(platform, bool, "group")
    await platform.say("why?", who="tom", place="group", reply_to=bubble.id)
    message = await listener.next()
    assert message.addressed
    assert message.text == "why?"
    assert message.quoted == "I said this."
    assert posted.ref


async def heard(batches: AsyncGenerator[Sequence[Inbound], None]) -> Said:
    [event] = await asyncio.wait_for(anext(batches), PATIENCE_SECONDS)
    assert isinstance(event, Said)
    return event


async def test_asking_for_the_next_message_acknowledges_the_last(platform: Platform, reopen: Open) -> None:
    async with reopen() as channel, aclosing(channel.listen(ALLOW_ALL)) as messages:
        first = asyncio.create_task(heard(messages))
        await platform.say("first")
        assert (await first).text == "first"
    async with reopen() as channel, aclosing(channel.listen(ALLOW_ALL)) as messages:  # it was never acknowledged
        again = await heard(messages)
        assert (again.text, again.id) == ("first", first.result().id)
        for text in ("second", "third"):
            await platform.say(text)
            assert (await heard(messages)).text == text
    async with reopen() as channel, aclosing(channel.listen(ALLOW_ALL)) as messages:
        assert (await heard(messages)).text == "third"
        await platform.say("fourth")
        assert (await heard(messages)).text == "fourth"


async def test_a_pressed_button_is_a_message_that_names_its_menu(
    platform: Platform, channel: Channel, listener: Listener
) -> None:
    offered = [Button("One", "/model a:one"), Button("Two 二", "/model a:" + "x" * 55)]
    posted = await channel.post(platform.chat(), Body("Pick.", tuple(offered)), key="k", final=True)
    [bubble] = await shows(platform, bool)
    assert bubble.buttons == ["One", "Two 二"]
    await platform.press(bubble.id, "Two 二")
    pressed = await listener.event(Pressed)
    assert pressed.command == "/model a:" + "x" * 55
    assert pressed.message == posted.ref
    assert pressed.chat == platform.chat()
    assert pressed.sender == platform.user("mia")
    menu = channel.posted(platform.chat(), pressed.message)
    await patiently(lambda: menu.edit(Body("Picked."), final=True))
    [bubble] = await shows(platform, lambda bubbles: bubbles[0].text == "Picked.")
    assert bubble.buttons == []


async def test_hostile_events_are_set_aside_and_the_next_is_heard(
    platform: Platform, channel: Channel, listener: Listener
) -> None:
    assert await platform.hostile() > 0
    await platform.say("still there?")
    message = await listener.next()
    assert message.text == "still there?"
    assert channel.set_aside > 0


async def test_a_message_delivered_twice_has_one_id(platform: Platform, listener: Listener) -> None:
    id = await platform.say("once")
    await listener.next()
    await platform.redeliver(id)
    await platform.say("and on")
    async with asyncio.timeout(PATIENCE_SECONDS):
        while listener.heard[-1].text != "and on":
            await asyncio.sleep(0.01)
    assert {message.id for message in listener.heard if message.text == "once"} == {id}


async def test_an_edit_by_a_person_is_told(platform: Platform, listener: Listener) -> None:
    id = await platform.say("frist")
    await listener.next()
    try:
        await platform.edit(id, "first")
    except LookupError:
        return  # the platform tells bots nothing of it
    edited = await listener.event(Edited)
    assert (edited.message.id, edited.message.text) == (id, "first")


async def test_a_message_that_a_person_deleted_is_told(platform: Platform, listener: Listener) -> None:
    id = await platform.say("oops")
    await listener.next()
    try:
        await platform.delete(id)
    except LookupError:
        return  # the platform tells bots nothing of it
    deleted = await listener.event(Deleted)
    assert (deleted.id, deleted.chat) == (id, platform.chat())
