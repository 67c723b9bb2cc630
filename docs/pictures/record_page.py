"""Take a picture of the page for the person who runs the bot: the real bot, its page in Chromium, light or dark.

One of its two gateways is away, and a stranger waits, since that is what somebody opens the page for.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bridge.demo import DemoGateway
from tests.emulators.telegram import TelegramPlatform
from tests.harness import BridgeProcess
from tests.operations.test_health import free
from tests.web import browser as browsers

OWNER, STRANGER = "mia", "tom"
WIDTH, HEIGHT = 1000, 1020
COLOURS = 64
"""They are enough for a page, and make the file a third as large."""
AWAY = "http://127.0.0.1:23333"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is said before the picture is taken."""

    questions: tuple[str, ...]
    stranger: str
    here: str
    """What the gateway is called that answers."""
    away: str


IN_ENGLISH = Asked(("Why is the sky blue?", "And the sea?"), "May I?", "Home", "Office")
IN_CHINESE = Asked(("天空为什么是蓝色的？", "那大海呢？"), "可以吗？", "书房", "公司")


async def record(asked: Asked, home: Path, language: str, *, dark: bool) -> bytes:
    """Return the picture as PNG."""
    async with TelegramPlatform() as platform, DemoGateway(pace=0) as gateway:
        settings = {
            "BRIDGE_ADMINS": str(platform.user(OWNER)),
            "BRIDGE_WEB_PORT": str(free()),
            "BRIDGE_LANGUAGE": language,
            "BRIDGE_MODEL": "demo:guide@home",
            "BRIDGE_GATEWAYS": "home,office",
            "BRIDGE_GATEWAY_HOME_URL": gateway.url,
            "BRIDGE_GATEWAY_HOME_NAME": asked.here,
            "BRIDGE_GATEWAY_OFFICE_URL": AWAY,
            "BRIDGE_GATEWAY_OFFICE_NAME": asked.away,
        }
        async with BridgeProcess(platform, _Demo(gateway.url), home, **settings) as bot:
            for question in asked.questions:
                await bot.ask(question)
            await platform.say(asked.stranger, who=STRANGER)
            [said] = await bot.ask("/web")
            link = re.search(r"http://\S+/in/\S+", said.text)
            assert link
            return _small(await _photograph(link[0], language, dark=dark))


@dataclass(frozen=True, slots=True)
class _Demo:
    url: str
    key: str = "any"


async def _photograph(link: str, language: str, *, dark: bool) -> bytes:
    async with browsers.opened() as browser:
        context = await browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="dark" if dark else "light", locale=language
        )
        page = await context.new_page()
        await page.goto(link)
        await page.locator("form[action='/in'] button").click()
        await page.locator("#live .said").wait_for()
        await page.locator("#live .fix").first.wait_for()
        await page.evaluate("document.activeElement.blur()")
        return await page.screenshot()


def _small(png: bytes) -> bytes:
    file = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS).save(file, "PNG", optimize=True)
    return file.getvalue()
