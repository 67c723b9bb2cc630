"""Slash commands, suggestions and button_view: acknowledged in time, answered in place, working after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bridge.types import Body, Button
from tests.discord_channel.harness import COMMANDS, COMPLETING, FakeMemory, ModelHost, listening, opened, until
from tests.emulators.discord import DiscordPlatform
from tests.fakes import FakeHost


async def test_commands_are_registered_once_and_again_when_they_change() -> None:
    memory = FakeMemory()
    async with DiscordPlatform() as platform:
        for commands in (COMMANDS, COMMANDS, COMMANDS[:2]):
            async with opened(platform, memory) as channel:
                await channel.publish(commands, [platform.user()])
        assert platform.rest.calls["PUT commands"] == 2
        model = platform.rest.commands[0]
        assert model["description_localizations"]["zh-TW"] == "選擇模型"
        assert [option["name"] for option in model["options"]] == ["name"]


async def test_admin_commands_are_shown_to_those_who_manage_the_server() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        await channel.publish(COMMANDS, [])
        shown = {each["name"]: each.get("default_member_permissions") for each in platform.rest.commands}
        assert shown == {"model": None, "new": None, "allow": str(1 << 5)}


async def test_failing_to_register_commands_is_no_reason_to_fail() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        await channel.publish([*COMMANDS, COMMANDS[0]], [])  # one name twice: Discord refuses all
        assert platform.rest.commands == []
        await channel.publish(COMMANDS, [])
        assert len(platform.rest.commands) == 3


@pytest.mark.parametrize("place", ["direct", "group", "topic"])
async def test_a_slash_command_is_a_message_that_its_answer_replaces(place: str) -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        await channel.publish(COMMANDS, [])
        await platform.slash("model", "gpt 5", place=place)
        await recorder.receives("/model gpt 5")
        [message] = recorder.said
        assert message.chat == platform.chat(place) and message.addressed
        assert [bubble.text for bubble in platform.bubbles(place)] == ["/model"]
        assert (message.sender, message.language) == (platform.user(), "en-US")
        await channel.posted(message.chat, message.ack).edit(Body("Now: gpt-5"), final=True)
        await channel.post(message.chat, Body("more"), key="1", reply_to=message.id, final=True)
        bubbles = platform.bubbles(place)
        assert [(bubble.text, bubble.streaming) for bubble in bubbles] == [("Now: gpt-5", False), ("more", False)]
        assert platform.interactions.failed == 0


async def test_a_command_is_acknowledged_although_the_bridge_is_busy() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        await channel.publish(COMMANDS, [])
        recorder.accepting.clear()
        await platform.say("first")
        await until(lambda: len(recorder.said) == 1)
        await platform.slash("new")
        assert platform.interactions.failed == 0
        assert recorder.texts == ["first"]
        recorder.accepting.set()
        await recorder.receives("first", "/new")


async def test_suggestions_follow_the_text_and_are_25_at_most() -> None:
    async with DiscordPlatform() as platform, listening(platform, host=ModelHost()) as (channel, _):
        await channel.publish(COMPLETING, [])
        assert len(await platform.suggestions("model", "")) == 25
        offered = await platform.suggestions("model", "model-29", place="group")
        assert offered[0] == ("openrouter:model-290", "openrouter:model-290") and len(offered) == 10
        assert platform.interactions.failed == 0


async def test_suggestions_that_take_too_long_or_fail_are_none() -> None:
    class Slow(FakeHost):
        async def suggest(self, *_: object) -> Sequence[Button]:
            await asyncio.sleep(60)
            return []

    class Broken(FakeHost):
        async def suggest(self, *_: object) -> Sequence[Button]:
            raise OSError("the gateway is off")

    for host in (Slow(), Broken()):
        async with DiscordPlatform() as platform, listening(platform, host=host) as (channel, _):
            await channel.publish(COMPLETING, [])
            assert await platform.suggestions("model", "x") == []
            assert platform.interactions.failed == 0


async def test_without_suggestions_the_argument_is_typed_freely() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        await channel.publish(COMMANDS, [])
        assert platform.rest.commands[0]["options"][0]["autocomplete"] is False


async def test_a_pressed_button_names_its_command_and_message() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        buttons = [Button("gpt-5", "/model openai:gpt-5"), Button("again", "/model openai:gpt-5")]
        posted = await channel.post(platform.chat("topic"), Body("Which?", tuple(buttons)), key="1", final=True)
        await platform.press(posted.ref, "gpt-5", place="topic")
        await recorder.receives("/model openai:gpt-5")
        [pressed] = recorder.pressed
        assert (pressed.message, pressed.chat, pressed.sender) == (posted.ref, platform.chat("topic"), platform.user())
        assert platform.interactions.failed == 0


async def test_a_button_works_after_a_restart_and_goes_when_it_is_over() -> None:
    async with DiscordPlatform() as platform:
        async with opened(platform) as channel:
            stop = (Button("Stop", "/stop"),)
            posted = await channel.post(platform.chat(), Body("growing", stop), key="1", final=False)
            await posted.edit(Body("growing still", stop), final=False)
        async with listening(platform) as (channel, recorder):
            await platform.press(posted.ref, "Stop")
            await recorder.receives("/stop")
            await channel.posted(platform.chat(), recorder.pressed[0].message).edit(Body("stopped"), final=True)
        assert [(bubble.text, bubble.buttons) for bubble in platform.bubbles()] == [("stopped", [])]


async def test_twenty_five_long_buttons_fit_under_a_message() -> None:
    async with DiscordPlatform() as platform, opened(platform) as channel:
        buttons = [Button(f"{'x' * 100} {number}", f"/model {'y' * 50}{number}") for number in range(30)]
        await channel.post(platform.chat(), Body("Which?", tuple(buttons)), key="1", final=True)
        assert len(platform.bubbles()[0].buttons) == channel.limits(platform.chat()).max_buttons == 25


async def test_a_persons_language_is_remembered_for_their_messages() -> None:
    async with DiscordPlatform() as platform, listening(platform) as (channel, recorder):
        await channel.publish(COMMANDS, [])
        await platform.slash("new", who="wei")
        await platform.say("你好", who="wei")
        await recorder.receives("/new", "你好")
        assert [message.language for message in recorder.said] == ["zh-CN", "zh-CN"]
