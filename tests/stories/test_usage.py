"""Stories of `/usage`: what one has used oneself, what everybody has, and what failed."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from tests.emulators.gateway import GatewayEmulator
from tests.harness import BridgeProcess, until
from tests.platform import Bubble, Platform


def picture_of(bubbles: list[Bubble]) -> Image.Image:
    [file] = [file for bubble in bubbles for file in bubble.files]
    return Image.open(io.BytesIO(file.content))


async def test_one_sees_what_one_has_used(platform: Platform, gateway: GatewayEmulator, tmp_path: Path) -> None:
    settings = {"BRIDGE_ADMINS": str(platform.user("mia")), "BRIDGE_PRICES": "*:ok=1000/2000"}
    async with BridgeProcess(platform, gateway, tmp_path, **settings) as bot:
        [told] = await bot.ask("/usage")
        assert "Nothing has been used this month." in told.text and not told.files
        await bot.ask("one")
        await bot.ask("two")
        before = len(bot.bubbles())
        await platform.say("/usage")
        bubbles = await until(lambda: bot.bubbles()[before:] if bot.bubbles()[-1].files else [], "the picture")
        assert "Today: turns: 2, tokens: 36, $0.05" in bubbles[0].text  # 11 and 7 tokens each
        assert "This month: turns: 2" in bubbles[0].text
        assert "fake-openai:ok: turns: 2, tokens: 36, $0.05" in bubbles[0].text
        assert picture_of(bubbles).width == 720
        assert "Everybody" in bubbles[0].buttons


async def test_an_admin_sees_who_used_what_and_what_failed(bot: BridgeProcess, gateway: GatewayEmulator) -> None:
    await bot.ask("one")
    await bot.ask("/model fake-openai:err401")
    await bot.ask("fails")
    [told] = await bot.ask("/usage people")
    assert f"{bot.platform.user('mia')}): turns: 1, tokens: 18" in told.text or "turns: 1, tokens: 18" in told.text
    assert {"Everybody", "By chat", "Errors"} <= set(told.buttons)
    await bot.platform.press(told.id, "Errors")
    await until(
        lambda: any("a provider refused the request: 1" in bubble.text for bubble in bot.bubbles()), "what failed"
    )
    [told] = await bot.ask("/usage chats")
    assert str(bot.platform.chat("direct", "mia")) in told.text


async def test_only_admins_see_what_others_used(bot: BridgeProcess, platform: Platform) -> None:
    await bot.ask(f"/allow {platform.user('tom')}")
    await bot.ask("hello", who="tom")
    [told] = await bot.ask("/usage all", who="tom")
    assert told.text == "Only admins can do that."
    [told] = await bot.ask("/usage errors")
    assert "No answer has failed in the last 24 hours." in told.text
    before = len(bot.bubbles())
    await platform.say(f"/usage {platform.user('tom')}")
    bubbles = await until(lambda: bot.bubbles()[before:] if bot.bubbles()[-1].files else [], "the picture")
    assert f"What {platform.user('tom')} has used" in bubbles[0].text
    assert "This month: turns: 1, tokens: 18" in bubbles[0].text
