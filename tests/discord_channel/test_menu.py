"""Slash commands, suggestions and button_view: acknowledged in time, answered in place, working after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bridge.types import Button
from tests.discord_channel.room import COMMANDS, Notes, listening, models, opened, suggesting, until
from tests.emulators.discord import DiscordStage


async def test_commands_are_registered_once_and_again_when_they_change() -> None:
    notes = Notes()
    async with DiscordStage() as stage:
        for commands in (COMMANDS, COMMANDS, COMMANDS[:2]):
            async with opened(stage, notes) as channel:
                await channel.publish(commands, [stage.user()])
        assert stage.rest.calls["PUT commands"] == 2
        model = stage.rest.commands[0]
        assert model["description_localizations"]["zh-TW"] == "選擇模型"
        assert [option["name"] for option in model["options"]] == ["name"]


async def test_admin_commands_are_shown_to_those_who_manage_the_server() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        await channel.publish(COMMANDS, [])
        shown = {each["name"]: each.get("default_member_permissions") for each in stage.rest.commands}
        assert shown == {"model": None, "new": None, "allow": str(1 << 5)}


async def test_failing_to_register_commands_is_no_reason_to_fail() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        await channel.publish([*COMMANDS, COMMANDS[0]], [])  # one name twice: Discord refuses all
        assert stage.rest.commands == []
        await channel.publish(COMMANDS, [])
        assert len(stage.rest.commands) == 3


@pytest.mark.parametrize("place", ["direct", "group", "topic"])
async def test_a_slash_command_is_a_message_whose_answer_takes_its_place(place: str) -> None:
    async with DiscordStage() as stage, listening(stage) as (channel, ear):
        await channel.publish(COMMANDS, [])
        await stage.slash("model", "gpt 5", place=place)
        await ear.hears("/model gpt 5")
        [message] = ear.heard
        assert message.chat == stage.chat(place) and message.addressed
        assert [bubble.text for bubble in stage.bubbles(place)] == ["/model"]
        assert (message.sender, message.language) == (stage.user(), "en-US")
        await channel.posted(message.chat, message.ack).edit("Now: gpt-5", final=True)
        await channel.post(message.chat, "more", key="1", reply_to=message.id, final=True)
        bubbles = stage.bubbles(place)
        assert [(bubble.text, bubble.streaming) for bubble in bubbles] == [("Now: gpt-5", False), ("more", False)]
        assert stage.interactions.failed == 0


async def test_a_command_is_acknowledged_although_the_bridge_is_busy() -> None:
    async with DiscordStage() as stage, listening(stage) as (channel, ear):
        await channel.publish(COMMANDS, [])
        ear.accepting.clear()
        await stage.say("first")
        await until(lambda: len(ear.heard) == 1)
        await stage.slash("new")
        assert stage.interactions.failed == 0
        assert ear.texts == ["first"]
        ear.accepting.set()
        await ear.hears("first", "/new")


async def test_suggestions_are_at_most_twenty_five_and_follow_what_is_typed() -> None:
    async with DiscordStage() as stage, listening(stage) as (channel, _):
        await channel.publish(suggesting(models), [])
        assert len(await stage.suggestions("model", "")) == 25
        offered = await stage.suggestions("model", "model-29", place="group")
        assert offered[0] == ("openrouter:model-290", "openrouter:model-290") and len(offered) == 10
        assert stage.interactions.failed == 0


async def test_suggestions_that_take_too_long_or_fail_are_none() -> None:
    async def slow(*_: object) -> Sequence[Button]:
        await asyncio.sleep(60)
        return []

    async def broken(*_: object) -> Sequence[Button]:
        raise OSError("the gateway is off")

    async with DiscordStage() as stage, listening(stage) as (channel, _):
        await channel.publish(suggesting(slow), [])
        assert await stage.suggestions("model", "x") == []
        await channel.publish(suggesting(broken), [])
        assert await stage.suggestions("model", "x") == []
        assert stage.interactions.failed == 0


async def test_without_suggestions_the_argument_is_typed_freely() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        await channel.publish(COMMANDS, [])
        assert stage.rest.commands[0]["options"][0]["autocomplete"] is False


async def test_a_pressed_button_is_a_message_that_names_its_menu() -> None:
    async with DiscordStage() as stage, listening(stage) as (channel, ear):
        buttons = [Button("gpt-5", "/model openai:gpt-5"), Button("again", "/model openai:gpt-5")]
        posted = await channel.post(stage.chat("topic"), "Which?", key="1", final=True, buttons=buttons)
        await stage.press(posted.ref, "gpt-5", place="topic")
        await ear.hears("/model openai:gpt-5")
        [message] = ear.heard
        assert (message.menu, message.chat, message.sender) == (posted.ref, stage.chat("topic"), stage.user())
        assert stage.interactions.failed == 0


async def test_a_button_works_after_a_restart_and_goes_when_it_is_over() -> None:
    async with DiscordStage() as stage:
        async with opened(stage) as channel:
            stop = [Button("Stop", "/stop")]
            posted = await channel.post(stage.chat(), "growing", key="1", final=False, buttons=stop)
            await posted.edit("growing still", final=False, buttons=stop)
        async with listening(stage) as (channel, ear):
            await stage.press(posted.ref, "Stop")
            await ear.hears("/stop")
            await channel.posted(stage.chat(), ear.heard[0].menu).edit("stopped", final=True)
        assert [(bubble.text, bubble.buttons) for bubble in stage.bubbles()] == [("stopped", [])]


async def test_twenty_five_long_choices_fit_under_a_message() -> None:
    async with DiscordStage() as stage, opened(stage) as channel:
        buttons = [Button(f"{'x' * 100} {number}", f"/model {'y' * 50}{number}") for number in range(30)]
        await channel.post(stage.chat(), "Which?", key="1", final=True, buttons=buttons)
        assert len(stage.bubbles()[0].buttons) == channel.limits(stage.chat()).max_buttons == 25


async def test_a_persons_language_is_remembered_for_their_messages() -> None:
    async with DiscordStage() as stage, listening(stage) as (channel, ear):
        await channel.publish(COMMANDS, [])
        await stage.slash("new", who="wei")
        await stage.say("你好", who="wei")
        await ear.hears("/new", "你好")
        assert [message.language for message in ear.heard] == ["zh-CN", "zh-CN"]
