"""What was said while nobody listened is found in the history, answered once, and within bounds."""

from __future__ import annotations

import asyncio

from bridge.types import User
from tests.discord_channel.harness import COMMANDS, FakeMemory, Recorder, listening, opened, until
from tests.emulators.discord import DiscordPlatform

HOUR = 3600.0


async def spoken(platform: DiscordPlatform, memory: FakeMemory, *places: str) -> None:
    """Somebody talks to the bot in each place, so that it is in use; then the bot goes down."""
    async with listening(platform, memory) as (_, recorder):
        for place in places:
            await platform.say("hello", place=place, mention=place != "direct")
        await until(lambda: len(recorder.said) == len(places))
        await until(lambda: len(memory.kept) == len(places))
    await until(lambda: not platform.gateway.sessions)


async def test_messages_sent_while_the_bot_was_down_come_once_in_order() -> None:
    memory = FakeMemory()
    async with DiscordPlatform() as platform:
        await spoken(platform, memory, "direct", "group", "topic")
        await platform.say("one")
        await platform.say("among people", place="group")
        await platform.say("two")
        await platform.say("three", place="topic", mention=True)
        async with listening(platform, memory) as (_, recorder):
            await platform.say("four")
            await until(lambda: len(recorder.said) == 4)
            assert [m.text for m in recorder.said if m.chat.direct] == ["one", "two", "four"]
            [topic] = [m for m in recorder.said if not m.chat.direct]
            assert (topic.text, topic.chat) == ("three", platform.chat("topic"))
            assert topic.addressed
        async with listening(platform, memory) as (_, recorder):
            await platform.say("five")
            await recorder.receives("five")


async def test_a_session_that_ends_loses_nothing() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (_, recorder):
        await platform.say("before")
        await until(lambda: len(recorder.acknowledged) == 1)
        await platform.gateway.invalidate()
        await platform.say("while away")
        await until(lambda: bool(platform.gateway.connected))
        await platform.say("after")
        await recorder.receives("before", "while away", "after")
        assert platform.gateway.identifies == 2


async def test_only_what_the_bridge_has_taken_counts_as_heard() -> None:
    memory = FakeMemory()
    async with DiscordPlatform() as platform:
        await spoken(platform, memory, "direct")
        async with listening(platform, memory) as (_, recorder):
            recorder.accepting.clear()
            await platform.say("unsafe")
            await until(lambda: recorder.texts == ["unsafe"])
            await platform.say("not even taken")
        async with listening(platform, memory) as (_, recorder):
            await recorder.receives("unsafe", "not even taken")


async def test_a_channel_that_lost_its_lease_can_listen_again() -> None:
    memory = FakeMemory()
    async with DiscordPlatform() as platform:
        await spoken(platform, memory, "direct")
        async with listening(platform, memory) as (channel, recorder):
            recorder.accepting.clear()
            await platform.say("taken by nobody")
            await until(lambda: len(recorder.said) == 1)
            await recorder.close()
            await until(lambda: not platform.gateway.sessions)
            await platform.say("said meanwhile")
            again = Recorder(channel)
            await again.receives("taken by nobody", "said meanwhile")
            await again.close()


async def test_an_admins_first_message_is_found_after_an_outage() -> None:
    memory = FakeMemory()
    async with DiscordPlatform() as platform:
        async with opened(platform, memory) as channel:
            for _ in range(2):
                await channel.publish(
                    COMMANDS, [platform.user(), User("discord", "12345"), User("discord", "not an id")]
                )
        assert platform.bubbles() == []
        await platform.say("Are you there?")
        async with listening(platform, memory) as (_, recorder):
            await recorder.receives("Are you there?")


async def test_what_is_too_old_or_too_much_is_skipped_and_said() -> None:
    memory = FakeMemory()
    async with DiscordPlatform() as platform:
        old = await platform.say("long ago", ago=30 * HOUR)
        memory.kept[f"seen.{platform.place()}"] = (
            f'{{"id": {int(old) - 1}, "chat": {{"id": "{platform.user().id}", "direct": true}}}}'
        )
        for number in range(4):
            await platform.say(f"question {number}", ago=60.0 - number)
        async with listening(platform, memory, discord_catch_up_messages=3) as (_, recorder):
            await recorder.receives("question 1", "question 2", "question 3")
            [bubble] = platform.bubbles()
            assert ": 2." in bubble.text and "away" in bubble.text
        async with listening(platform, memory, discord_catch_up_messages=3):
            await asyncio.sleep(1)
        assert len(platform.bubbles()) == 1, "told twice"


async def test_nothing_is_caught_up_with_where_that_is_switched_off() -> None:
    memory = FakeMemory()
    async with DiscordPlatform() as platform:
        await spoken(platform, memory, "direct")
        await platform.say("one")
        async with listening(platform, memory, discord_catch_up_messages=0, bridge_language="zh-CN") as (_, recorder):
            await until(lambda: len(platform.bubbles()) == 1)
            await platform.say("two")
            await recorder.receives("two")
            assert "没有回答" in platform.bubbles()[0].text


async def test_a_chat_that_is_gone_is_forgotten_and_holds_nobody_up() -> None:
    memory = FakeMemory()
    async with DiscordPlatform() as platform:
        await spoken(platform, memory, "direct", "group")
        platform.rest.forbidden[platform.place("group")] = 50001
        await platform.say("one")
        async with listening(platform, memory) as (_, recorder):
            await recorder.receives("one")
            await until(lambda: f"seen.{platform.place('group')}" not in memory.kept)


async def test_a_chat_that_is_still_behind_holds_up_only_itself() -> None:
    memory = FakeMemory()
    async with DiscordPlatform() as platform:
        await spoken(platform, memory, "direct")
        await platform.say("missed")
        async with listening(platform, memory) as (channel, recorder):
            await channel.publish(COMMANDS, [])
            await platform.say("live", who="tom")
            await platform.say("live too")
            await until(lambda: len(recorder.said) == 3)
            assert [m.text for m in recorder.said if m.sender == platform.user()] == ["missed", "live too"]


async def test_a_mark_that_cannot_be_read_is_no_reason_to_fail() -> None:
    memory = FakeMemory()
    memory.kept |= {"seen.12": "{", "seen.x": "{}", "seen.13": "[]", "seen.14": '{"id": 1, "chat": {"no": 1}}'}
    async with DiscordPlatform() as platform, listening(platform, memory) as (_, recorder):
        await platform.say("hello")
        await recorder.receives("hello")


async def test_messages_that_come_twice_move_nothing_back() -> None:
    memory = FakeMemory()
    async with DiscordPlatform() as platform, listening(platform, memory) as (_, recorder):
        first = await platform.say("one")
        await platform.say("two")
        await until(lambda: len(recorder.acknowledged) == 2)
        await platform.redeliver(first)
        await recorder.receives("one", "two", "one")
        assert f'"id":{recorder.said[1].id}' in memory.kept[f"seen.{platform.place()}"]
