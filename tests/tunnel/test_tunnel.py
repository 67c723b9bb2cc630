"""The note's tunnel between two machines: through, frozen, cut, healed, with the bridge at work over it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.words import IN
from tests.emulators.gateway import GatewayEmulator
from tests.emulators.telegram import TelegramPlatform
from tests.harness import BridgeProcess, until
from tests.platform import Bubble
from tests.tunnel.machine import Machine
from tests.tunnel.note import block
from tests.tunnel.tunnel import PORT, Tunnel

WORDS = IN["en"]
LONG = "".join(f"Sentence number {number} of a rather long answer. " for number in range(40))


@asynccontextmanager
async def cherry_studio(computer: Machine) -> AsyncIterator[GatewayEmulator]:
    """A gateway that listens on the computer's own 127.0.0.1."""
    gateway = GatewayEmulator("B")
    gateway.port = PORT
    with computer.inside():
        await gateway.start()
    try:
        yield gateway
    finally:
        with computer.inside():
            await gateway.__aexit__()


async def test_a_bridge_over_a_broken_tunnel_tells_people_the_truth(tunnel: Tunnel, tmp_path: Path) -> None:
    home = tmp_path / "bot"
    home.mkdir()
    with tunnel.server.inside():
        async with cherry_studio(tunnel.computer) as gateway, TelegramPlatform() as platform, tunnel.kept_up():
            settings = {"BRIDGE_ADMINS": str(platform.user("mia")), "TELEGRAM_EDIT_INTERVAL": "0.3"}
            async with BridgeProcess(platform, gateway, home, **settings) as bot:
                await through(bot, gateway, tunnel)
                await frozen_for_a_moment(bot, gateway, tunnel)
                await frozen_for_long(bot, gateway, tunnel)
                await healed(bot, gateway, tunnel)
                await cut(bot, gateway, tunnel)
                await healed(bot, gateway, tunnel)


async def through(bot: BridgeProcess, gateway: GatewayEmulator, tunnel: Tunnel) -> None:
    answered = await asyncio.to_thread(tunnel.server.run, block("check"))  # by the gateway, in this very loop
    assert json.loads(answered)["status"] == "ok"
    gateway.answer(LONG)
    [bubble] = await bot.ask("Tell me.")
    assert bubble.text == LONG.strip()
    assert len(gateway.requests) == 1, "it came from the gateway on the computer"


async def frozen_for_a_moment(bot: BridgeProcess, gateway: GatewayEmulator, tunnel: Tunnel) -> None:
    """Nobody notices."""
    before = await half_an_answer(bot, gateway, tokens_per_second=80)
    tunnel.server.freeze()
    await asyncio.sleep(0.8)  # what had come by then is shown
    half = bot.bubbles()[-1].text
    await asyncio.sleep(1)
    assert bot.bubbles()[-1].text == half != LONG.strip()
    tunnel.server.heal()
    [bubble] = await bot.answer(before)
    assert bubble.text == LONG.strip()


async def frozen_for_long(bot: BridgeProcess, gateway: GatewayEmulator, tunnel: Tunnel) -> None:
    """The answer under way says that it was cut; the next one that Cherry Studio is away."""
    before = await half_an_answer(bot, gateway, tokens_per_second=10)
    tunnel.server.freeze()
    [bubble] = await bot.answer(before)
    assert_cut(bubble)
    await until(lambda: not tunnel.is_open(), "sshd to give the port back")
    [told] = await bot.ask("Are you there?")
    assert WORDS.gateway_off in told.text
    tunnel.server.heal()


async def healed(bot: BridgeProcess, gateway: GatewayEmulator, tunnel: Tunnel) -> None:
    """Nobody did anything, and it works."""
    await tunnel.through()
    gateway.answer("Here I am.")
    [bubble] = await bot.ask("And now?")
    assert bubble.text == "Here I am."


async def cut(bot: BridgeProcess, gateway: GatewayEmulator, tunnel: Tunnel) -> None:
    before = await half_an_answer(bot, gateway, tokens_per_second=10)
    tunnel.cut()
    [bubble] = await bot.answer(before)
    assert_cut(bubble)


async def half_an_answer(bot: BridgeProcess, gateway: GatewayEmulator, tokens_per_second: float) -> int:
    """How many bubbles there were before it."""
    before = len(bot.bubbles())
    gateway.answer(LONG, tokens_per_second=tokens_per_second)
    await bot.platform.say("Tell me again.")
    await until(lambda: len(bot.bubbles()) > before and len(bot.bubbles()[-1].writes) > 1, "an answer under way")
    return before


def assert_cut(bubble: Bubble) -> None:
    """What came stands there, and that it is not all."""
    text, told, after = bubble.text.partition(WORDS.cut)
    assert told
    assert not after.strip()
    assert LONG.startswith(text.removesuffix("⚠️ ").strip())
    assert "Regenerate" in bubble.buttons
