"""Stories of what was given up: its sender is told, an operator finds it in a shell, and has it done after all."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.store import LaneKeys, open_store
from bridge.turn.answer import MAX_CRASHES
from tests.emulators.gateway import GatewayEmulator
from tests.emulators.telegram import TelegramPlatform
from tests.harness import BridgeProcess, until
from tests.platform import Platform

GAVE_UP = "I crashed each time I tried to answer that"


async def shell(bot: BridgeProcess, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Run `cherry-bridge` as an operator does, with the settings of `bot`: its status, what it said, its errors."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=bot.home,
        env=bot.environment() | environment,
    )
    said, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, said.decode(), errors.decode()


async def listed(bot: BridgeProcess, *options: str) -> dict[str, Any]:
    status, said, errors = await shell(bot, "inbox", "list", "--json", *options)
    assert status == 0, errors
    return dict(json.loads(said))


async def die_of(bot: BridgeProcess, gateway: GatewayEmulator, platform: Platform, text: str) -> None:
    """Say `text`, which kills each process that takes it, until it is given up.

    It is killed once for real. The other deaths, with the pauses between them, would take three minutes: they are
    written into the turn's record.
    """
    asked = len(gateway.requests)
    gateway.answer("never", first_token=60)
    await platform.say(text)
    await until(lambda: len(gateway.requests) > asked, "the question at the gateway")
    await bot.kill()
    async with open_store("", bot.home / "data") as store:
        await store.redis.hset(LaneKeys(platform.chat(), "talk").head, "crashes", str(MAX_CRASHES))
    gateway.answer("An answer after all.")
    await bot.start()


async def test_what_kills_its_process_is_found_and_put_back(
    bot: BridgeProcess, platform: Platform, gateway: GatewayEmulator
) -> None:
    await bot.ask("hello")
    await die_of(bot, gateway, platform, "the deadly one")
    told = await until(lambda: [b for b in bot.bubbles() if b.text.startswith(GAVE_UP)], "its sender told")
    assert len(told) == 1
    assert len(gateway.requests) == 2, "the model is not asked again"

    status, said, _ = await shell(bot, "inbox", "list")
    mia = platform.user("mia")
    assert status == 0
    assert "Set aside: 1" in said
    assert "a question: the process that worked on it crashed each time" in said
    assert f"{platform.channel}  {platform.chat().id}" in said
    assert str(mia) in said
    assert "Nothing waits in a queue." in said
    assert "deadly" not in said
    assert "> the deadly one" in (await shell(bot, "inbox", "list", "--show"))[1]
    [kept] = (await listed(bot))["set_aside"]
    assert "deadly" not in str(kept)
    assert (kept["sender"], kept["kind"], kept["channel"]) == (str(mia), "question", platform.channel)

    assert await shell(bot, "inbox", "retry", kept["id"]) == (0, f"{kept['id']} is in its queue again.\n", "")
    answered = await until(lambda: [b for b in bot.bubbles() if "after all" in b.text], "the answer")
    assert [bubble.text for bubble in answered] == ["An answer after all."]
    assert (await listed(bot))["set_aside"] == []
    status, _, errors = await shell(bot, "inbox", "retry", kept["id"])
    assert status == 1
    assert errors.startswith(f"No message that was set aside has the id {kept['id']}.")
    await bot.ask("And now?")
    questions = [m["content"] for m in gateway.requests[-1].messages if m["role"] == "user"]
    assert questions == ["hello", "the deadly one", "And now?"]


@pytest.fixture
async def on_telegram(gateway: GatewayEmulator, tmp_path: Path) -> AsyncIterator[BridgeProcess]:
    """For stories in which the platform has no part."""
    async with TelegramPlatform() as platform:
        async with BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=str(platform.user("mia"))) as bot:
            yield bot


async def test_a_bridge_that_is_stopped_is_looked_into(on_telegram: BridgeProcess, gateway: GatewayEmulator) -> None:
    bot, platform = on_telegram, on_telegram.platform
    await die_of(bot, gateway, platform, "the deadly one")
    await until(lambda: [b for b in bot.bubbles() if b.text.startswith(GAVE_UP)], "its sender told")
    gateway.answer("never", first_token=60)
    await platform.say("one")
    await until(lambda: len(gateway.requests) == 2, "a question under way")
    await bot.kill()
    seen = await listed(bot)
    assert seen["waiting"]["jobs"] == seen["waiting"]["chats"] == 1
    assert 0 < seen["waiting"]["oldest_seconds"] < 120
    assert "In queues: 1 (being answered: " in (await shell(bot, "inbox", "list"))[1]
    assert "队列里：1 条" in (await shell(bot, "inbox", "list", LANG="zh_CN.UTF-8"))[1]
    assert (await shell(bot, "inbox", "retry", "all"))[0] == 0
    gateway.answer("An answer after all.")
    await bot.start()
    await until(lambda: [b.text for b in bot.bubbles() if "after all" in b.text], "an answer to both")
    assert gateway.requests[-1].question == "one\n\nthe deadly one", "waiting in a row, they are one question"


async def test_dropping_all_asks_first(on_telegram: BridgeProcess, gateway: GatewayEmulator) -> None:
    bot, platform = on_telegram, on_telegram.platform
    await die_of(bot, gateway, platform, "the deadly one")
    await until(lambda: [b for b in bot.bubbles() if b.text.startswith(GAVE_UP)], "its sender told")
    status, _, errors = await shell(bot, "inbox", "drop", "all")
    assert (status, "--yes" in errors) == (1, True)
    [kept] = (await listed(bot))["set_aside"]
    assert await shell(bot, "inbox", "drop", "all", "--yes") == (0, f"{kept['id']} is dropped.\n", "")
    assert await shell(bot, "inbox", "retry", "all") == (0, "Nothing has been set aside.\n", "")
