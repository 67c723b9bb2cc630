"""Somebody closes the terminal's window: what runs in it ends in order, and leaves no server behind."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest

from tests.emulators.telegram import TelegramPlatform

PATIENCE = 60
ROOT = Path(__file__).parents[2]


def runs(home: Path) -> bool:
    """Whether the embedded server does: it holds its lock for as long as it lives."""
    lock = home / "data" / "valkey" / "server.lock"
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def opened(home: Path, command: str, **environment: str) -> pexpect.spawn:
    surroundings = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TERM": "xterm",
        "PYTHONPATH": str(ROOT),
        "BRIDGE_DATA_DIR": str(home / "data"),
    }
    return pexpect.spawn(
        sys.executable, ["-m", "bridge", command], cwd=home, env=surroundings | environment, encoding="utf-8"
    )


def close(window: pexpect.spawn) -> None:
    """The system tells what is in it, which can write to it no longer."""
    window.ptyproc.fileobj.close()
    until(lambda: not window.ptyproc.isalive())
    window.ptyproc.closed = window.closed = True


@pytest.mark.parametrize("when", ["at once", "idle", "asked"])
def test_a_chat_ends(when: str, tmp_path: Path) -> None:
    home = tmp_path / "demo"
    home.mkdir()
    (home / "data").symlink_to(tmp_path / "data" / "demo")
    window = opened(tmp_path, "demo")
    window.expect_exact("›", timeout=PATIENCE)
    if when != "at once":
        until(lambda: runs(home))
    if when == "asked":
        window.send("/model demo:long\r")
        window.expect_exact("Now:", timeout=PATIENCE)
        window.send("Tell me.\r")
        window.expect_exact("Tell me.", timeout=PATIENCE)
    close(window)
    until(lambda: not runs(home))


async def test_a_bot_ends(tmp_path: Path) -> None:
    async with TelegramPlatform() as platform:
        window = opened(tmp_path, "run", BRIDGE_GATEWAY_URL="http://127.0.0.1:9", **platform.environment())
        await platform.server.until_called("getUpdates")
        assert runs(tmp_path)
        close(window)
        until(lambda: not runs(tmp_path))
