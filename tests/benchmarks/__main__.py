"""`make bench`: what the whole process costs, against the Telegram emulator and a gateway on loopback."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path

from tests.emulators.discord import DiscordStage
from tests.emulators.feishu import FeishuStage
from tests.emulators.gateway import GatewayEmulator
from tests.emulators.telegram import Rules, TelegramStage
from tests.stories.bot import Bot, until

TURNS = 50


def memory(pid: int) -> float:
    """Resident memory in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def stores(home: str) -> list[int]:
    """The embedded servers of a bot that lives in `home`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text()
        except OSError:
            continue  # it has just ended
        if "valkey-server" in command and home in command:
            found.append(int(folder.name))
    return found


async def first_text(bot: Bot, gateway: GatewayEmulator) -> list[float]:
    """For each turn, milliseconds from the update to the first visible text, beyond the gateway's own first token."""
    lags = []
    for number in range(TURNS):
        await asyncio.sleep(0.5)  # nobody asks faster, and whoever did would be told to wait
        before = len(bot.bubbles())
        gateway.answer(f"Answer number {number}.")
        loop = asyncio.get_running_loop()
        asked = loop.time()
        await bot.stage.say(f"Question number {number}?")
        [bubble] = await bot.answer(before)
        lags.append((bubble.writes[0][0] - asked) * 1000)
    return lags


async def direct(gateway: GatewayEmulator) -> float:
    """Milliseconds that the gateway itself takes to its first token, as our own client sees it; a median."""
    from bridge.gateway import Gateway
    from bridge.types import ChatMessage, ModelId

    times = []
    async with Gateway(gateway.url, gateway.key) as client:
        for _ in range(TURNS):
            began = asyncio.get_running_loop().time()
            completion = client.stream(ModelId("fake-openai", "ok"), [ChatMessage.user("hello")])
            async for _delta in completion:
                times.append((asyncio.get_running_loop().time() - began) * 1000)
                break
            await completion.aclose()
    return statistics.median(times)


async def main() -> None:
    unhurried = Rules(chat_burst=1000, group_max=1000, total_max=1000)
    async with TelegramStage(unhurried) as stage, GatewayEmulator() as gateway:
        with tempfile.TemporaryDirectory() as home:
            settings = {"BRIDGE_ADMINS": str(stage.user("mia")), "BRIDGE_LOG": "info", "TELEGRAM_EDIT_INTERVAL": "0.01"}
            async with Bot(stage, gateway, Path(home), **settings) as bot:
                await until(lambda: "answers first" in bot.output())
                await asyncio.sleep(3)
                idle, beside = memory(bot.pid), sum(memory(pid) for pid in stores(home))
                print(f"idle memory: {idle:.1f} MB, and {beside:.1f} MB for the embedded store")
                lags = await first_text(bot, gateway)
                own = await direct(gateway)
                median, late = statistics.median(lags) - own, statistics.quantiles(lags, n=20)[-1] - own
                print(
                    f"first visible text after the gateway's first token: median {median:.1f} ms, 95th of 100 "
                    f"{late:.1f} ms over {TURNS} turns (the gateway's own: {own:.1f} ms)"
                )
                print(f"memory after {TURNS} turns: {memory(bot.pid):.1f} MB")

    await all_channels()


async def all_channels() -> None:
    """Idle memory with every channel open."""
    async with TelegramStage() as telegram, DiscordStage() as discord, FeishuStage() as feishu:
        async with GatewayEmulator() as gateway:
            with tempfile.TemporaryDirectory() as home:
                others = {**discord.environment(), **feishu.environment()}
                async with Bot(telegram, gateway, Path(home), BRIDGE_LOG="info", **others) as bot:
                    await until(lambda: bot.output().count('"listening"') == 3)
                    await asyncio.sleep(3)
                    print(f"idle memory with Telegram, Discord and Feishu: {memory(bot.pid):.1f} MB")


asyncio.run(main())
