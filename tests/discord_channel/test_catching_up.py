"""What was said while nobody listened is found in the history, answered once, and within bounds."""

from __future__ import annotations

import asyncio

from bridge.types import User
from tests.discord_channel.room import COMMANDS, Ear, Notes, listening, opened, until
from tests.emulators.discord import DiscordStage

HOUR = 3600.0


async def spoken(stage: DiscordStage, notes: Notes, *places: str) -> None:
    """Somebody talks to the bot in each place, so that it is in use; then the bot goes down."""
    async with listening(stage, notes) as (_, ear):
        for place in places:
            await stage.say("hello", place=place, mention=place != "direct")
        await until(lambda: len(ear.heard) == len(places))
        await until(lambda: len(notes.kept) == len(places))
    await until(lambda: not stage.gateway.sessions)


async def test_what_came_while_the_bot_was_down_is_heard_once_and_in_order() -> None:
    notes = Notes()
    async with DiscordStage() as stage:
        await spoken(stage, notes, "direct", "group", "topic")
        await stage.say("one")
        await stage.say("among people", place="group")
        await stage.say("two")
        await stage.say("three", place="topic", mention=True)
        async with listening(stage, notes) as (_, ear):
            await stage.say("four")
            await until(lambda: len(ear.heard) == 4)
            assert [m.text for m in ear.heard if m.chat.direct] == ["one", "two", "four"]
            [topic] = [m for m in ear.heard if not m.chat.direct]
            assert (topic.text, topic.chat) == ("three", stage.chat("topic"))
            assert topic.addressed
        async with listening(stage, notes) as (_, ear):
            await stage.say("five")
            await ear.hears("five")


async def test_a_session_that_ends_loses_nothing() -> None:
    async with DiscordStage() as stage, listening(stage) as (_, ear):
        await stage.say("before")
        await until(lambda: len(ear.safe) == 1)
        await stage.gateway.invalidate()
        await stage.say("while away")
        await until(lambda: bool(stage.gateway.connected))
        await stage.say("after")
        await ear.hears("before", "while away", "after")
        assert stage.gateway.identifies == 2


async def test_only_what_the_bridge_has_taken_counts_as_heard() -> None:
    notes = Notes()
    async with DiscordStage() as stage:
        await spoken(stage, notes, "direct")
        async with listening(stage, notes) as (_, ear):
            ear.accepting.clear()
            await stage.say("unsafe")
            await stage.say("not even taken")
            await until(lambda: len(ear.heard) == 1)
        async with listening(stage, notes) as (_, ear):
            await ear.hears("unsafe", "not even taken")


async def test_a_channel_that_lost_its_lease_can_listen_again() -> None:
    notes = Notes()
    async with DiscordStage() as stage:
        await spoken(stage, notes, "direct")
        async with listening(stage, notes) as (channel, ear):
            ear.accepting.clear()
            await stage.say("taken by nobody")
            await until(lambda: len(ear.heard) == 1)
            await ear.close()
            await until(lambda: not stage.gateway.sessions)
            await stage.say("said meanwhile")
            again = Ear(channel)
            await again.hears("taken by nobody", "said meanwhile")
            await again.close()


async def test_an_admins_first_message_is_found_although_nobody_was_there() -> None:
    notes = Notes()
    async with DiscordStage() as stage:
        async with opened(stage, notes) as channel:
            for _ in range(2):
                await channel.publish(COMMANDS, [stage.user(), User("discord", "12345"), User("discord", "not an id")])
        assert stage.bubbles() == []
        await stage.say("Are you there?")
        async with listening(stage, notes) as (_, ear):
            await ear.hears("Are you there?")


async def test_what_is_too_old_or_too_much_is_skipped_and_said() -> None:
    notes = Notes()
    async with DiscordStage() as stage:
        old = await stage.say("long ago", ago=30 * HOUR)
        notes.kept[f"seen.{stage.place()}"] = (
            f'{{"id": {int(old) - 1}, "chat": {{"id": "{stage.user().id}", "direct": true}}}}'
        )
        for number in range(4):
            await stage.say(f"question {number}", ago=60.0 - number)
        async with listening(stage, notes, discord_catch_up_messages=3) as (_, ear):
            await ear.hears("question 1", "question 2", "question 3")
            [bubble] = stage.bubbles()
            assert " 2 " in bubble.text and "away" in bubble.text
        async with listening(stage, notes, discord_catch_up_messages=3):
            await asyncio.sleep(1)
        assert len(stage.bubbles()) == 1, "told twice"


async def test_nothing_is_caught_up_with_where_that_is_switched_off() -> None:
    notes = Notes()
    async with DiscordStage() as stage:
        await spoken(stage, notes, "direct")
        await stage.say("one")
        async with listening(stage, notes, discord_catch_up_messages=0, bridge_language="zh-CN") as (_, ear):
            await until(lambda: len(stage.bubbles()) == 1)
            await stage.say("two")
            await ear.hears("two")
            assert "没有回答" in stage.bubbles()[0].text


async def test_a_chat_that_is_gone_is_forgotten_and_holds_nobody_up() -> None:
    notes = Notes()
    async with DiscordStage() as stage:
        await spoken(stage, notes, "direct", "group")
        stage.rest.forbidden[stage.place("group")] = 50001
        await stage.say("one")
        async with listening(stage, notes) as (_, ear):
            await ear.hears("one")
            await until(lambda: f"seen.{stage.place('group')}" not in notes.kept)


async def test_a_chat_that_is_still_behind_holds_up_only_itself() -> None:
    notes = Notes()
    async with DiscordStage() as stage:
        await spoken(stage, notes, "direct")
        await stage.say("missed")
        async with listening(stage, notes) as (channel, ear):
            await channel.publish(COMMANDS, [])
            await stage.say("live", who="tom")
            await stage.say("live too")
            await until(lambda: len(ear.heard) == 3)
            assert [m.text for m in ear.heard if m.sender == stage.user()] == ["missed", "live too"]


async def test_a_mark_that_cannot_be_read_is_no_reason_to_fail() -> None:
    notes = Notes()
    notes.kept |= {"seen.12": "{", "seen.x": "{}", "seen.13": "[]", "seen.14": '{"id": 1, "chat": {"no": 1}}'}
    async with DiscordStage() as stage, listening(stage, notes) as (_, ear):
        await stage.say("hello")
        await ear.hears("hello")


async def test_messages_that_come_twice_move_nothing_back() -> None:
    notes = Notes()
    async with DiscordStage() as stage, listening(stage, notes) as (_, ear):
        first = await stage.say("one")
        await stage.say("two")
        await until(lambda: len(ear.safe) == 2)
        await stage.redeliver(first)
        await ear.hears("one", "two", "one")
        assert f'"id": {ear.heard[1].id}' in notes.kept[f"seen.{stage.place()}"]
