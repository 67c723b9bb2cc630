"""Stories of `cherry-bridge run --processes N`: they share the work, and one that dies is missed by nobody."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from bridge.admin.shell import processes
from bridge.cli import main
from bridge.settings import Settings
from tests.emulators.gateway import GatewayEmulator
from tests.emulators.telegram import TelegramPlatform
from tests.harness import BridgeProcess, until
from tests.operations.test_health import free, get
from tests.store.test_embedded import running

PEOPLE = ["mia", *(f"guest{number}" for number in range(5))]
LONG = "".join(f"Sentence number {number} of a rather long answer. " for number in range(40))


@pytest.fixture
async def platform() -> AsyncIterator[TelegramPlatform]:
    async with TelegramPlatform() as platform:
        yield platform


@pytest.fixture
async def bot(platform: TelegramPlatform, gateway: GatewayEmulator, tmp_path: Path) -> AsyncIterator[BridgeProcess]:
    """Three processes, not started yet, with everybody let in."""
    admins = ",".join(str(platform.user(who)) for who in PEOPLE)
    bot = BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=admins)
    bot.arguments = ("run", "--processes", "3")
    yield bot
    if bot.alive:
        await bot.stop()


def pids(bot: BridgeProcess) -> dict[int, int]:
    """The latest process of each number, as the parent logs them."""
    events = [json.loads(line) for line in bot.output().splitlines() if line.startswith('{"number"') or '"pid"' in line]
    return {each["number"]: each["pid"] for each in events if each.get("event") == "process started"}


def there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def gone(bot: BridgeProcess, started: dict[int, int]) -> None:
    await until(lambda: not any(map(there, started.values())), "no process left")
    await until(lambda: not running(bot.home / "data"), "the embedded store to end too")


async def test_one_of_three_is_killed_and_no_turn_is_lost(
    bot: BridgeProcess, platform: TelegramPlatform, gateway: GatewayEmulator
) -> None:
    gateway.answer(LONG, tokens_per_second=60)
    await bot.start()
    await until(lambda: len(pids(bot)) == 3, "three processes")
    await until(lambda: len(numbers_that_log(bot)) == 3, "all of them up")
    first = pids(bot)
    for who in PEOPLE:
        await platform.say("Tell me.", who=who)
    # An edit shows that the message is on record. Killed before that, on Telegram it might stand there twice.
    await until(lambda: all(is_edited(bot, who) for who in PEOPLE), "all answers under way")
    os.kill(first[2], signal.SIGKILL)
    await until(lambda: pids(bot)[2] != first[2], "another in its place")
    assert {number: pid for number, pid in pids(bot).items() if number != 2} == {1: first[1], 3: first[3]}
    for who in PEOPLE:
        await until(partial(answered, bot, who), f"the whole answer to {who}")
        assert len(bot.bubbles(who=who)) == 1, "in one message, once"
    assert "by SIGKILL" in bot.output()
    last = pids(bot)
    assert await bot.stop() == 0
    await gone(bot, first | {number + 10: pid for number, pid in last.items()})
    assert bot.output().rstrip().endswith("stopped")
    assert "Traceback" not in bot.output()


def is_edited(bot: BridgeProcess, who: str) -> bool:
    return any(len(bubble.writes) > 1 for bubble in bot.bubbles(who=who))


def answered(bot: BridgeProcess, who: str) -> bool:
    return LONG.strip() in [bubble.text for bubble in bot.bubbles(who=who)]


def numbers_that_log(bot: BridgeProcess) -> set[int]:
    return {int(number) for number in re.findall(r'"process": (\d+)', bot.output())}


async def test_each_tells_its_health_and_one_speaks(bot: BridgeProcess) -> None:
    port = free()
    bot.settings["BRIDGE_HEALTH_PORT"] = str(port)
    await bot.start()
    data = bot.home / "data"
    files = [data / name for name in ("health.port", "health-2.port", "health-3.port")]
    await until(lambda: all(file.exists() and file.read_text().strip() for file in files), "a port of each")
    told = [int(file.read_text()) for file in files]
    assert len(set(told)) == 3
    for each in told:
        assert await get(each, "/healthz") == (200, '{"alive": true}')
    await until(lambda: "up as" in bot.output(), "the platform up")
    assert bot.output().count("up as") == bot.output().count("gateway   ") == 1
    await bot.stop()
    assert not any(file.exists() for file in files)


async def test_they_stop_where_their_parent_is_killed(bot: BridgeProcess) -> None:
    await bot.start()
    await until(lambda: len(numbers_that_log(bot)) == 3, "all of them up")
    started = pids(bot)
    await bot.kill()
    await gone(bot, started)


async def test_settings_that_cannot_be_used_end_all_of_them(bot: BridgeProcess) -> None:
    bot.settings["BRIDGE_HEALTH_PORT"] = str(free())
    (bot.home / "data" / "health.port").mkdir(parents=True)
    with suppress(AssertionError):  # it may have ended before it listens
        await bot.start()
    await until(lambda: bot.status is not None, "the end of all")
    assert bot.status == 2
    assert "health.port cannot be written" in bot.output()
    await gone(bot, pids(bot))


async def test_a_crash_loop_ends_with_a_sentence(
    bot: BridgeProcess, platform: TelegramPlatform, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in (bot.environment() | {"TELEGRAM_TOKEN": "123456:" + "x" * 35}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(processes, "FIRST_PAUSE_SECONDS", 0.1)
    with pytest.raises(processes.CrashLoop, match=r"process 1 ended 5 times within 10 seconds .* with status 1;"):
        await processes.supervise(Settings(data_dir=bot.home / "data"), 1)
    assert "telegram  " in capfd.readouterr().out, "the process itself says why"
    assert not running(bot.home / "data")


def test_how_many_is_a_sensible_number(capsys: pytest.CaptureFixture[str]) -> None:
    for count in ("0", "-1", "65", "many"):
        with pytest.raises(SystemExit):
            main(["run", "--processes", count])
        assert "a number from 1 to 64" in capsys.readouterr().err
