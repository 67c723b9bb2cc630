"""What people change or take back, told where it can matter, and in the order in which it happened."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from bridge.inbound import Deleted, Edited, Said
from bridge.types import Body, Chat, User
from channels.discord.arrivals import Arrival, ChannelOrder
from tests.discord_channel.harness import FakeMemory, Recorder, listening, until
from tests.emulators.discord import DiscordPlatform
from tests.platform import Place


def edited(recorder: Recorder) -> list[Edited]:
    return [event for event in recorder.events if isinstance(event, Edited)]


@pytest.mark.parametrize("place", ["direct", "group", "topic"])
async def test_an_edit_tells_what_the_message_says_now(place: Place) -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        mention = place != "direct"
        id = await platform.say("waht?", place=place, mention=mention)
        await platform.edit(id, "what?", place=place, mention=mention)
        await recorder.receives("waht?", "edited: what?")
        [edit] = edited(recorder)
        assert edit.message.id == id and edit.message.addressed
        assert (edit.message.chat, edit.message.sender) == (platform.chat(place), platform.user())
        assert edit.message.groups == recorder.said[0].groups


async def test_what_discord_changes_is_no_edit() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        id = await platform.say("https://example.com/")
        await platform.touch(id, embeds=[{"type": "link", "url": "https://example.com/"}])
        await platform.touch(id, pinned=True)
        await platform.edit(id, "https://example.org/")
        await platform.touch(id, embeds=[], pinned=False)
        await platform.say("and on")
        await recorder.receives("https://example.com/", "edited: https://example.org/", "and on")


async def test_an_old_edit_is_not_told_when_the_message_is_pinned() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        id = await platform.say("long ago", ago=3 * 86400.0)
        await platform.touch(id, edited_timestamp="2026-01-01T00:00:00+00:00", pinned=True)
        await platform.say("now")
        await recorder.receives("long ago", "now")


async def test_what_the_bot_and_other_bots_edit_is_not_told() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        posted = await channel.post(platform.chat("group"), Body("half"), key="1", final=False)
        await posted.edit(Body("whole"), final=True)
        await posted.delete()
        robot = await platform.say("beep", voice="bot", place="group", mention=True)
        await platform.edit(robot, "boop", place="group", mention=True)
        await platform.delete(robot, place="group")
        await platform.say("human")
        await recorder.receives("human")


async def test_a_mention_that_is_added_later_calls_the_bot() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        id = await platform.say("what is this?", place="group")
        await platform.edit(id, "what is this?", place="group", mention=True)
        await platform.delete(id, place="group")
        await recorder.receives("what is this?", "edited: what is this?", f"deleted: {id}")
        assert edited(recorder)[0].message.addressed


async def test_talk_among_people_may_change_unheard() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        ids = [await platform.say(text, place="group") for text in ("lunch?", "pizza", "soup")]
        await platform.edit(ids[0], "dinner?", place="group")
        await platform.delete(ids[0], place="group")
        await platform.purge(ids[1:])
        await platform.say("bot?", place="group", mention=True)
        await recorder.receives("lunch?", "pizza", "soup", "bot?")


@pytest.mark.parametrize("place", ["direct", "group", "topic"])
async def test_a_deleted_message_is_named_with_its_chat(place: Place) -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        id = await platform.say("never mind", place=place, mention=place != "direct")
        await platform.delete(id, place=place)
        await recorder.receives("never mind", f"deleted: {id}")
        assert recorder.events[-1] == Deleted(id, platform.chat(place))


async def test_messages_that_go_together_are_named_one_by_one() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        ids = [await platform.say(text, place="group", mention=True) for text in ("one", "two")]
        await platform.purge(ids)
        await recorder.receives("one", "two", *(f"deleted: {id}" for id in ids))


@pytest.mark.parametrize("place", ["direct", "group", "topic"])
async def test_what_was_asked_before_a_restart_can_be_changed(place: Place) -> None:
    memory = FakeMemory()
    async with DiscordPlatform() as platform:
        async with listening(platform, memory) as (_, recorder):
            id = await platform.say("question", place=place, mention=place != "direct")
            await until(lambda: len(memory.kept) == 1 and id in next(iter(memory.kept.values())))
        await until(lambda: not platform.gateway.sessions)
        async with listening(platform, memory) as (_, recorder):
            await platform.edit(id, "another question", place=place, mention=place != "direct")
            await platform.delete(id, place=place)
            await recorder.receives("edited: another question", f"deleted: {id}")
            assert recorder.events[-1] == Deleted(id, platform.chat(place))


class GatedMemory(FakeMemory):
    """A memory that answers only while it is open."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = asyncio.Event()
        self.opened.set()

    async def names(self, prefix: str = "") -> Mapping[str, str]:
        await self.opened.wait()
        return await super().names(prefix)


async def test_a_deletion_just_after_a_restart_names_its_chat() -> None:
    memory = GatedMemory()
    async with DiscordPlatform() as platform:
        async with listening(platform, memory) as (_, recorder):
            id = await platform.say("question")
            await until(lambda: len(memory.kept) == 1 and id in next(iter(memory.kept.values())))
        await until(lambda: not platform.gateway.sessions)
        memory.opened.clear()
        async with listening(platform, memory) as (_, recorder):
            await platform.delete(id)
            await recorder.receives()
            memory.opened.set()
            await recorder.receives(f"deleted: {id}")
            assert recorder.events == [Deleted(id, platform.chat())]


def test_a_change_waits_for_the_message_that_it_is_about() -> None:
    delivered: list[Arrival] = []
    order = ChannelOrder(delivered.append)
    chat, mia = Chat("discord", "1", direct=True), User("discord", "1")
    missed, live = (Arrival(Said(str(id), chat, mia, "text"), 7, id) for id in (10, 11))
    edit = Arrival(Edited(Said("11", chat, mia, "new text")), 7)
    gone = Arrival(Deleted("10", chat), 7)
    press = Arrival(Said("i1", chat, mia, "/stop"), 7, urgent=True)
    order.hold_all()
    for arrival in (live, edit, gone, press):
        order.add(arrival)
    assert delivered == [press]
    order.hold({7})
    assert delivered == [press]
    order.release(7, [missed, live])
    assert delivered == [press, missed, live, edit, gone]
