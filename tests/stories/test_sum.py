"""Stories of «answer what was said above»: what a group has the bot remember, and what it does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.emulators.gateway import GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.platform import Platform

CLOSED = "group:cellar"


@pytest.fixture
async def bot(platform: Platform, gateway: GatewayEmulator, tmp_path: Path) -> AsyncIterator[BridgeProcess]:
    """Running, with mia as its owner; one group is let in, and one is not."""
    for place in ("group", CLOSED):
        platform.chat(place)
    async with BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=str(platform.user("mia"))) as bot:
        await in_group(bot, "/allow")
        await in_group(bot, f"/deny {platform.user('ben')}")
        yield bot


async def in_group(bot: BridgeProcess, text: str, who: str = "mia", place: str = "group") -> str:
    return (await bot.ask(text, place=place, mention=True, who=who))[-1].text


def told(gateway: GatewayEmulator) -> str:
    """All that the last question was asked with."""
    return str(gateway.requests[-1].messages[-1]["content"])


async def test_members_words_are_answered_where_an_admin_says_so(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await platform.say("Before it was on.", who="tom", place="group")
    assert "/chat overhear members" in await in_group(bot, "/sum 50", "tom"), "off by default"
    assert "Only admins" in await in_group(bot, "/chat overhear members", "tom")
    changed = (await in_group(bot, "/chat overhear members")).replace("`", "")
    assert changed.endswith("overhear: members"), "what was changed, and nothing else"
    assert "I have heard nothing here" in await in_group(bot, "/sum")
    first = await platform.say("Shall we eat at seven?", who="tom", place="group")
    await platform.say("I am shut out.", who="ben", place="group")
    await platform.say("Eight is better.", who="mia", place="group")
    for few in ("/sum 0", "/sum -1"):
        assert "/sum 50 has the model answer" in (await in_group(bot, few, "tom")).replace("`", "")
    gateway.answer("You eat at eight.")
    assert await in_group(bot, "/sum 1000000000 when?", "tom") == "You eat at eight."
    heard = told(gateway)
    assert "Shall we eat at seven?" in heard and "Tom: " in heard and "Eight is better." in heard
    assert heard.endswith("when?") and "shut out" not in heard and "Before it was on." not in heard
    await platform.edit(first, "Shall we eat at six?", who="tom", place="group")
    await platform.say("And I bring cake.", who="tom", place="group")
    gateway.answer("Cake at eight.")
    assert await in_group(bot, "/sum 1") == "Cake at eight."
    assert "And I bring cake." in told(gateway) and "Eight" not in told(gateway)
    past = str(gateway.requests[-1].messages[:-1])
    assert "What do the last" in past and "Shall we eat" not in past, "the history holds nothing that was overheard"
    bubble = bot.bubbles("group")[-1]
    gateway.answer("There will be cake.")
    await platform.press(bubble.id, "Regenerate", place="group")
    await until(lambda: bot.bubbles("group")[-1].text == "There will be cake.", "another answer")
    assert "And I bring cake." in told(gateway)


async def test_strangers_words_only_where_everyones_are_kept(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    for whose, heard in (("members", False), ("everyone", True)):
        await in_group(bot, f"/chat overhear {whose}", place=CLOSED)
        assert "I have heard nothing" in await in_group(bot, "/sum", place=CLOSED), "what another choice kept is gone"
        await platform.say("I am a stranger.", who="tom", place=CLOSED)
        await platform.say("I am not.", place=CLOSED)
        gateway.answer(f"Of {whose}.")
        assert await in_group(bot, "/sum", place=CLOSED) == f"Of {whose}."
        assert ("Tom: I am a stranger." in told(gateway)) is heard and "Mia: I am not." in told(gateway)


async def test_what_was_overheard_is_forgotten(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await in_group(bot, "/chat overhear members")
    await platform.say("A secret.", who="tom", place="group")
    await bot.ask("/forget", place="group", mention=True)
    asked = bot.bubbles("group")[-1]
    assert asked.buttons == ["Forget what I overheard here"], "no conversation is there to be deleted"
    await platform.press(asked.id, asked.buttons[0], place="group")
    await until(lambda: "Forgotten" in bot.bubbles("group")[-1].text, "to be forgotten")
    assert "I have heard nothing" in await in_group(bot, "/sum")
    await platform.say("Another secret.", who="tom", place="group")
    await in_group(bot, "/chat overhear off")
    await in_group(bot, "/chat overhear members")
    assert "I have heard nothing" in await in_group(bot, "/sum"), "switching it off forgets"
    assert not gateway.requests
