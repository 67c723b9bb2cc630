"""Stories that only Discord has: a menu that completes what is typed, a server and its roles."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.emulators.discord import DiscordPlatform
from tests.emulators.gateway import GatewayEmulator
from tests.harness import BridgeProcess, until


@pytest.fixture
async def platform() -> AsyncIterator[DiscordPlatform]:
    async with DiscordPlatform() as platform:
        yield platform


@pytest.fixture
async def bot(platform: DiscordPlatform, gateway: GatewayEmulator, tmp_path: Path) -> AsyncIterator[BridgeProcess]:
    async with BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=str(platform.user("mia"))) as bot:
        yield bot


async def test_model_completes_what_is_typed_for_those_who_may_talk(
    bot: BridgeProcess, platform: DiscordPlatform, gateway: GatewayEmulator
) -> None:
    await bot.ask("hello")
    await until(lambda: any(command["name"] == "model" for command in platform.rest.commands), "the slash commands")
    offered = await platform.suggestions("model", "colon")
    assert offered == [("Fake OpenAI · Colon model", "fake-openai:vendor/ok:free")]
    assert len(await platform.suggestions("model", "")) == 25
    assert await platform.suggestions("model", "colon", who="tom") == []
    before = len(bot.bubbles())
    await platform.slash("model", "fake-openai:vendor/ok:free")
    await until(lambda: bot.bubbles()[before:] and "Colon model" in bot.bubbles()[-1].text, "the choice")
    await bot.ask("and now?")
    assert gateway.requests[-1].model == "fake-openai:vendor/ok:free"


async def test_a_whole_server_is_let_in(
    bot: BridgeProcess, platform: DiscordPlatform, gateway: GatewayEmulator
) -> None:
    await platform.say("hello", who="tom", place="group", mention=True)
    whoami = (await bot.ask("/whoami", place="group", mention=True))[-1].text
    server = whoami.rsplit("discord:", 1)[1].split()[0].strip("`,.")
    assert (await bot.ask(f"/allow group {server}"))[-1].text
    answer = (await bot.ask("hello again", who="tom", place="group", mention=True))[-1]
    assert answer.text.endswith("hello again")
    assert len(gateway.requests) == 1
    await until(lambda: any(command["name"] == "model" for command in platform.rest.commands), "the slash commands")
    assert await platform.suggestions("model", "colon", who="tom", place="group") != []


async def test_a_strangers_slash_command_leaves_nothing_in_the_server(
    bot: BridgeProcess, platform: DiscordPlatform, gateway: GatewayEmulator
) -> None:
    await bot.ask("hello")
    await until(lambda: any(command["name"] == "model" for command in platform.rest.commands), "the slash commands")
    await platform.slash("model", "anything", who="tom", place="group")
    await until(lambda: "Allow this chat" in bot.bubbles()[-1].buttons, "the owner to be asked about the group")
    await until(lambda: not bot.bubbles("group", "tom"), "tom's own line to be gone")
    assert platform.ever_shown("group") == [] and platform.typing("group") == 0
    await platform.slash("model", "anything", who="tom")
    await until(lambda: [b for b in bot.bubbles(who="tom") if "I do not know you yet" in b.text], "tom to be greeted")
    await until(lambda: len(bot.bubbles(who="tom")) == 1, "nothing but the greeting to be left")
    assert platform.interactions.failed == 0 and len(gateway.requests) == 1
    await platform.slash("model", "fake-openai:vendor/ok:free", place="group")
    await until(lambda: "Colon model" in "".join(b.text for b in bot.bubbles("group")), "mia's choice")
    assert len(platform.ever_shown("group")) == 1, "the answer takes the acknowledgement's place"


async def test_new_with_a_title_opens_a_thread_with_its_own_history(
    bot: BridgeProcess, platform: DiscordPlatform, gateway: GatewayEmulator
) -> None:
    await bot.ask("remember me", place="group", mention=True)
    told = (await bot.ask("/new Summer  plans", place="group", mention=True))[-1]
    assert told.text == "A new conversation, in the thread “Summer plans”."
    assert list(platform.world.threads.values()) == ["Summer plans"]
    await bot.ask("still here?", place="group", mention=True)
    assert len(gateway.requests[-1].messages) == 3, "the channel's own conversation goes on"
    platform.world.topic = next(iter(platform.world.threads))
    await bot.ask("and here?", place="topic", mention=True)
    assert [message["content"] for message in gateway.requests[-1].messages] == ["Mia: and here?"]


async def test_where_it_may_open_no_thread_it_starts_over_in_place(
    bot: BridgeProcess, platform: DiscordPlatform, gateway: GatewayEmulator
) -> None:
    await bot.ask("remember me")
    assert (await bot.ask("/new Summer plans"))[-1].text == "A new conversation. /chats goes back to this one."
    await bot.ask("who am I?")
    assert len(gateway.requests[-1].messages) == 1


async def test_messages_before_a_server_was_let_in_are_answered(
    bot: BridgeProcess, platform: DiscordPlatform, gateway: GatewayEmulator
) -> None:
    """A history tells who wrote, and not what they belong to."""
    await bot.ask(f"/allow group {platform.world.guild}")
    await bot.ask("hello", who="tom", place="group", mention=True)
    await bot.kill()
    await platform.say("are you there?", who="tom", place="group", mention=True)
    await bot.start()
    answered = await bot.answer(1, place="group")
    assert [bubble.text for bubble in answered] == ["You said: Tom: are you there?"]
    assert platform.rest.calls["GET members/{person}"] == 1


async def test_a_slash_command_to_a_model_is_answered_in_its_own_line(
    bot: BridgeProcess, platform: DiscordPlatform, gateway: GatewayEmulator
) -> None:
    await bot.ask("hello")
    await until(lambda: any(command["name"] == "retry" for command in platform.rest.commands), "the slash commands")
    await platform.slash("retry", "")
    texts = ["You said: hello"] * 2
    await until(lambda: [bubble.text for bubble in bot.bubbles()] == texts, "the answer in the command's place")
    await platform.slash("stop", "")
    texts.append("There is nothing to stop.")
    await until(lambda: [bubble.text for bubble in bot.bubbles()] == texts, "the same for what the bridge answers")
