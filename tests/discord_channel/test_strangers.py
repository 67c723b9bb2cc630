"""People who are not let in leave nothing behind that others could see, whatever they pick, press or write."""

from __future__ import annotations

import asyncio

import pytest

from bridge.types import Body, Button
from tests.discord_channel.harness import COMMANDS, FakeMemory, listening, until
from tests.emulators.discord import DiscordPlatform
from tests.fakes import FakeHost
from tests.platform import Place


@pytest.mark.parametrize("place", ["direct", "group", "topic"])
@pytest.mark.parametrize("host", [FakeHost(lets_in=False), FakeHost(away=True), FakeHost(seconds=60)])
async def test_a_strangers_slash_command_is_seen_by_nobody_else(host: FakeHost, place: Place) -> None:
    async with DiscordPlatform() as platform, listening(platform, host=host) as (channel, recorder):
        await channel.publish(COMMANDS, [])
        await platform.slash("model", "gpt 5", who="tom", place=place)
        await recorder.receives("/model gpt 5")
        assert platform.interactions.failed == 0, "it was not acknowledged in time"
        assert recorder.said[0].ack == "", "the bridge would answer in place of what is gone"
        await until(lambda: not platform.bubbles(place, who="tom"))
        [shown] = platform.ever_shown(place, who="tom")
        assert (shown.text, shown.streaming) == ("/model", False), "it would hang as thinking if it stayed"
        if place != "direct":
            assert platform.ever_shown(place) == []
        assert platform.typing(place, who="tom") == 0


async def test_a_command_that_is_not_published_yet_is_judged_too() -> None:
    async with DiscordPlatform() as platform:
        async with listening(platform) as (channel, _):
            await channel.publish(COMMANDS, [])
        host = FakeHost(lets_in=False)
        async with listening(platform, host=host) as (_, recorder):
            await platform.slash("new", who="tom", place="group")
            host.lets_in = True
            await platform.slash("new", place="group")
            await recorder.receives("/new", "/new")
            assert [bubble.id for bubble in platform.ever_shown("group")] == [recorder.said[1].ack]


async def test_a_message_not_deleted_at_once_is_deleted_later() -> None:
    async with DiscordPlatform() as platform, listening(platform, host=FakeHost(lets_in=False)) as (channel, recorder):
        await channel.publish(COMMANDS, [])
        platform.rest.dropped_deletions = 2  # the first is tried again by aiohttp itself
        await platform.slash("new", who="tom", place="group")
        await recorder.receives("/new")
        await until(lambda: not platform.bubbles("group", who="tom"))
        assert platform.rest.dropped_deletions == 0 and platform.rest.calls["DELETE messages/@original"] == 3


async def test_a_button_pressed_by_somebody_not_let_in_changes_nothing() -> None:
    async with DiscordPlatform() as platform, listening(platform, host=FakeHost(lets_in=False)) as (channel, recorder):
        stop = (Button("Stop", "/stop"),)
        posted = await channel.post(platform.chat("group"), Body("growing", stop), key="1", final=False)
        await platform.press(posted.ref, "Stop", who="tom", place="group")
        await recorder.receives("/stop")
        assert platform.interactions.failed == 0
        for who in ("mia", "tom"):
            [bubble] = platform.ever_shown("group", who=who)
            assert len(bubble.writes) == 1, "the press was shown"


async def test_skipped_messages_are_told_to_nobody_who_was_not_let_in() -> None:
    async with DiscordPlatform() as platform:
        memory = FakeMemory()
        old = await platform.say("long ago", who="tom", ago=30 * 3600)
        tom = platform.user("tom").id
        memory.kept[f"seen.{platform.place(who='tom')}"] = (
            f'{{"id": {int(old) - 1}, "chat": {{"id": "{tom}", "direct": true}}}}'
        )
        async with listening(platform, memory, FakeHost(lets_in=False)) as (_, recorder):
            await until(lambda: str(int(old) - 1) not in memory.kept[f"seen.{platform.place(who='tom')}"])
            await platform.say("and now", who="tom")
            await recorder.receives("and now")
            await asyncio.sleep(0.1)
        assert platform.ever_shown(who="tom") == []
