"""Stories of help: by topic, by command, a tour for the first day, and buttons where a usage line would be."""

from __future__ import annotations

import re

import pytest

from bridge.access import Access
from bridge.commands import Commands
from bridge.gateway import Gateway, Gateways
from bridge.inbox import Inbox
from bridge.settings import Settings
from bridge.store import Store
from bridge.types import Chat, User
from bridge.words import EN, IN
from tests.emulators.gateway import GatewayEmulator
from tests.harness import BridgeProcess, toolbox, until
from tests.platform import Bubble, Platform


async def pressed(bot: BridgeProcess, bubble: Bubble, label: str, seen: str) -> Bubble:
    """Press a button, and wait for a message of ours that shows `seen`."""
    await bot.platform.press(bubble.id, label)
    return await until(lambda: next((b for b in bot.bubbles() if re.search(seen, b.text)), None), seen)


async def test_help_leads_from_topics_to_one_command(bot: BridgeProcess) -> None:
    [overview] = await bot.ask("/help")
    assert overview.buttons == [*EN.help_topics.values(), "Show me around"]
    assert re.search(r"Prompts: /system · /persona · /chain", overview.text)
    topic = await pressed(bot, overview, "Prompts", r"/chain: Chains of prompts")
    assert topic.buttons == ["/system ?", "/persona ?", "/chain ?", "Back"]
    command = await pressed(bot, topic, "/chain ?", r"summary -> Find a title for: \{input\}")
    await pressed(bot, command, "Back", r"/chain: Chains of prompts")


async def test_a_question_mark_tells_of_a_command(bot: BridgeProcess, platform: Platform) -> None:
    [told] = await bot.ask("/later ?")
    assert told.text.startswith("/later: Whether messages wait")
    assert told.buttons == ["/later on", "/later off", "Back"]
    await pressed(bot, told, "/later on", "messages here wait")
    [told] = await bot.ask("/model？".replace("？", " ？"))
    assert "/model provider:model: exactly this one" in told.text
    await bot.ask(f"/allow {platform.user('tom')}")
    [told] = await bot.ask("/invite ?", who="tom")
    assert told.text == "Only admins can do that."
    [told] = await bot.ask("/help", who="tom")
    assert "/invite" not in told.text and EN.help_topics["access"] not in told.buttons


async def test_the_tour_is_three_messages(bot: BridgeProcess) -> None:
    [hello] = await bot.ask("/start")
    first = await pressed(bot, hello, "Show me around", "1 of 3")
    second = await pressed(bot, first, "Next", "2 of 3")
    third = await pressed(bot, second, "Next", "3 of 3")
    assert len({hello.id, first.id, second.id, third.id}) == 4, "each stays to be read again"
    assert {"Pick a model", "Personas", "Help"} <= set(third.buttons)


@pytest.mark.parametrize("command", ["/invite many", "/chat nonsense", "/history", "/system", "/usage x y", "/page x"])
async def test_buttons_stand_where_a_usage_line_would(bot: BridgeProcess, command: str) -> None:
    [told] = await bot.ask(command)
    assert told.buttons, told.text


async def test_every_command_is_explained_and_completes(store: Store, gateway: GatewayEmulator) -> None:
    client = Gateway(gateway.url, gateway.key)
    async with Gateways.of_one(client) as gateways:
        commands = Commands(store, Inbox(store), gateways, Access(store.redis), Settings(), toolbox(store, client))
        listed = [entry.name for entry in commands._entries.values() if entry.listed]
        takes_more = {name for name in listed if name in EN.arguments}
        assert takes_more <= EN.help_forms.keys() <= set(commands._entries)
        assert EN.help_forms.keys() <= EN.commands.keys()
        mia, here = User("telegram", "1"), Chat("telegram", "1", direct=True)

        async def suggested(command: str, typed: str, language: str = "en") -> list[str]:
            words = IN[language]  # type: ignore[index]
            return [button.command for button in await commands.suggest(command, typed, mia, here, words)]

        assert await suggested("reasoning", "f") == ["/reasoning full"]
        assert await suggested("persona", "tea") == ["/persona teacher"]
        assert await suggested("persona", "老", "zh-CN") == ["/persona teacher"]
        assert await suggested("persona", "of") == ["/persona off"]
        menu = {command.name: command.completes for command in commands.menu()}
        assert all(menu[name] for name in ("model", "persona", "later", "chat", "usage", "help"))
