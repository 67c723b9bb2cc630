"""Pictures at the limits: gateways of each generation, and what is sent to do harm, with the bridge's memory."""

from __future__ import annotations

import asyncio
import base64
import os
import random
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from tests.emulators.gateway import GatewayEmulator
from tests.emulators.telegram import TelegramPlatform
from tests.harness import BridgeProcess, until
from tests.media.samples import bomb_png, claimed_png, opened, photo, saved
from tests.platform import SharedFile


@pytest.fixture
async def platform() -> AsyncIterator[TelegramPlatform]:
    async with TelegramPlatform() as platform:
        yield platform


def noisy(width: int = 1600, height: int = 1200) -> bytes:
    return saved(Image.effect_noise((width, height), 90).convert("RGB"), "JPEG", quality=95)


def picture(content: bytes, name: str = "x.jpg") -> SharedFile:
    return SharedFile("image", name, "image/jpeg", content)


async def test_the_oldest_gateway_gets_pictures_that_fit(platform: TelegramPlatform, tmp_path: Path) -> None:
    async with GatewayEmulator("A") as gateway:
        async with BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=str(platform.user("mia"))) as bot:
            [bubble] = await bot.ask("Compare.", files=[picture(noisy()) for _ in range(3)])
            assert bubble.text.endswith("Compare.")
            [pictures] = gateway.requests[-1].pictures
            assert len(pictures) == 3
            assert sum(map(len, pictures)) < 75_000
            assert (await bot.ask("And words?"))[-1].text.endswith("And words?")


@pytest.mark.parametrize(("generation", "model"), [("B", "fake-anthropic:claude-ok"), ("C", "fake-openai:ok")])
async def test_each_dialect_sends_pictures(
    platform: TelegramPlatform, tmp_path: Path, generation: str, model: str
) -> None:
    async with GatewayEmulator(generation) as gateway:  # type: ignore[arg-type]  # one of its names
        settings = {"BRIDGE_ADMINS": str(platform.user("mia")), "BRIDGE_MODEL": model}
        async with BridgeProcess(platform, gateway, tmp_path, **settings) as bot:
            await bot.ask("What is this?", files=[picture(photo())])
            assert [opened(each).size for each in gateway.requests[-1].pictures[0]] == [(400, 300)]


def peak_kilobytes(pid: int) -> int:
    """The most memory that a process has ever held."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
async def test_hostile_files_cost_a_sentence_each(platform: TelegramPlatform, tmp_path: Path) -> None:
    hostile = {
        "50,000 pixels a side": claimed_png(50_000, 50_000),
        "a bomb of pixels": bomb_png(12_000, 12_000),
        "the largest that is read": bomb_png(7000, 7000),
        "cut": photo(3000, 2000, format="PNG")[:5000],
        "noise": os.urandom(5_000_000),
        "19 MB": noisy() + bytes(18_000_000),
        "a name that is a path": photo(),
    }
    async with GatewayEmulator("B") as gateway:
        async with BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=str(platform.user("mia"))) as bot:
            await bot.ask("hello")
            idle = peak_kilobytes(bot.pid)
            for name, content in hostile.items():
                before = len(bot.bubbles())
                file = SharedFile("image", "../../../etc/passwd" if "path" in name else "x.png", "image/png", content)
                await platform.say("", files=[file])
                assert await bot.answer(before), name
            await bot.ask("", files=[picture(noisy()) for _ in range(10)])
            assert (await bot.ask("And now?"))[-1].text.endswith("And now?")
            assert peak_kilobytes(bot.pid) - idle < 60_000
            assert base64.b64encode(photo())[:60].decode() not in bot.everything()


@pytest.mark.parametrize("seed", range(3))
async def test_killed_at_any_moment_it_is_answered_once(platform: TelegramPlatform, tmp_path: Path, seed: int) -> None:
    moment = random.Random(seed).uniform(0.0, 0.6)
    async with GatewayEmulator("B") as gateway:
        async with BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=str(platform.user("mia"))) as bot:
            drawn = photo(50, 40, format="PNG")
            data = base64.b64encode(drawn).decode()
            gateway.answer(f"Seen. ![a flag](data:image/png;base64,{data})", tokens_per_second=800)
            await platform.say("Draw it again.", files=[picture(photo(2000 + n, 1500)) for n in range(3)])
            await until(lambda: platform.downloads, "the first picture to be fetched")
            await asyncio.sleep(moment)
            await bot.kill()
            await bot.start()

            def whole() -> bool:
                files = [file.content for bubble in bot.bubbles() for file in bubble.files]
                return [bubble.text for bubble in bot.bubbles()] == ["Seen.", ""] and files == [drawn]

            await until(whole, "one answer with its picture")
            gateway.answer("You are welcome.")
            assert [bubble.text for bubble in await bot.ask("Thanks.")] == ["You are welcome."]
            assert whole() is False and len(bot.bubbles()) == 3
            assert len(gateway.requests[-1].pictures[0]) == 3
