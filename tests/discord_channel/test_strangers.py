"""Whoever is not let in leaves nothing behind that others could see, whatever they pick, press or write."""

from __future__ import annotations

import asyncio

import pytest

from bridge.types import Button
from tests.discord_channel.room import COMMANDS, Notes, listening, until
from tests.doors import Doorkeeper
from tests.emulators.discord import DiscordStage
from tests.stage import Place


@pytest.mark.parametrize("place", ["direct", "group", "topic"])
@pytest.mark.parametrize("host", [Doorkeeper(lets_in=False), Doorkeeper(away=True), Doorkeeper(seconds=60)])
async def test_a_slash_command_of_somebody_not_let_in_is_seen_by_nobody_else(host: Doorkeeper, place: Place) -> None:
    async with DiscordStage() as stage, listening(stage, host=host) as (channel, ear):
        await channel.publish(COMMANDS, [])
        await stage.slash("model", "gpt 5", who="tom", place=place)
        await ear.hears("/model gpt 5")
        assert stage.interactions.failed == 0, "it was not acknowledged in time"
        assert ear.heard[0].ack == "", "the bridge would answer in place of what is gone"
        await until(lambda: not stage.bubbles(place, who="tom"))
        [shown] = stage.ever_shown(place, who="tom")
        assert (shown.text, shown.streaming) == ("/model", False), "it would hang as thinking if it stayed"
        if place != "direct":
            assert stage.ever_shown(place) == []
        assert stage.typing(place, who="tom") == 0


async def test_a_command_that_is_not_published_yet_is_judged_all_the_same() -> None:
    async with DiscordStage() as stage:
        async with listening(stage) as (channel, _):
            await channel.publish(COMMANDS, [])
        host = Doorkeeper(lets_in=False)
        async with listening(stage, host=host) as (_, ear):
            await stage.slash("new", who="tom", place="group")
            host.lets_in = True
            await stage.slash("new", place="group")
            await ear.hears("/new", "/new")
            assert [bubble.id for bubble in stage.ever_shown("group")] == [ear.heard[1].ack]


async def test_what_could_not_be_taken_back_at_once_is_taken_back_later() -> None:
    async with DiscordStage() as stage, listening(stage, host=Doorkeeper(lets_in=False)) as (channel, ear):
        await channel.publish(COMMANDS, [])
        stage.rest.dropped_deletions = 2  # the first is tried again by aiohttp itself
        await stage.slash("new", who="tom", place="group")
        await ear.hears("/new")
        await until(lambda: not stage.bubbles("group", who="tom"))
        assert stage.rest.dropped_deletions == 0 and stage.rest.calls["DELETE messages/@original"] == 3


async def test_a_button_pressed_by_somebody_not_let_in_changes_nothing() -> None:
    async with DiscordStage() as stage, listening(stage, host=Doorkeeper(lets_in=False)) as (channel, ear):
        stop = [Button("Stop", "/stop")]
        posted = await channel.post(stage.chat("group"), "growing", key="1", final=False, buttons=stop)
        await stage.press(posted.ref, "Stop", who="tom", place="group")
        await ear.hears("/stop")
        assert stage.interactions.failed == 0
        for who in ("mia", "tom"):
            [bubble] = stage.ever_shown("group", who=who)
            assert len(bubble.writes) == 1, "the press was shown"


async def test_nobody_is_told_of_skipped_messages_who_would_not_have_been_answered() -> None:
    async with DiscordStage() as stage:
        notes = Notes()
        old = await stage.say("long ago", who="tom", ago=30 * 3600)
        tom = stage.user("tom").id
        notes.kept[f"seen.{stage.place(who='tom')}"] = (
            f'{{"id": {int(old) - 1}, "chat": {{"id": "{tom}", "direct": true}}}}'
        )
        async with listening(stage, notes, Doorkeeper(lets_in=False)) as (_, ear):
            await until(lambda: str(int(old) - 1) not in notes.kept[f"seen.{stage.place(who='tom')}"])
            await stage.say("and now", who="tom")
            await ear.hears("and now")
            await asyncio.sleep(0.1)
        assert stage.ever_shown(who="tom") == []
