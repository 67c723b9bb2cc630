"""The bot as it runs at somebody's home: a process of its own, started, killed, started again."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, Self, TypeVar

from tests.stage import Bubble, Place, Stage

T = TypeVar("T")
PATIENCE = 40.0
"""Seconds; a shared machine may be slow, and nothing here is about speed."""


async def until(look: Callable[[], T | None], what: str = "", patience: float = PATIENCE) -> T:
    """Wait until `look` gives something true, and return that."""
    end = time.monotonic() + patience
    while not (seen := look()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience:g} s in vain for {what or look}; last seen: {seen!r}")
        await asyncio.sleep(0.02)
    return seen


class Gateway(Protocol):
    """What a bot must know of a gateway to reach it."""

    @property
    def url(self) -> str: ...

    @property
    def key(self) -> str: ...


class Bot:
    """`cherry-bridge run` against a stage and a gateway. Killed, if it still runs, at the end."""

    def __init__(self, stage: Stage, gateway: Gateway, home: Path, **settings: str) -> None:
        self.stage = stage
        self.gateway = gateway
        self.home = home
        self.settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._starts = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.stop()

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "BRIDGE_DATA_DIR": str(self.home / "data"),
            "BRIDGE_GATEWAY_URL": self.gateway.url,
            "BRIDGE_GATEWAY_KEY": self.gateway.key,
            "BRIDGE_MODEL": "fake-openai:ok",
            "BRIDGE_LOG": "debug",
            **self.stage.environment(),
            **self.settings,
        }

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        self._starts += 1
        with self._log().open("wb") as out:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bridge", "run", stdout=out, stderr=out, cwd=self.home, env=self.environment()
            )
        await until(lambda: '"listening"' in self.output() or not self.alive, "the bot to listen")
        assert self.alive, self.output()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def stop(self) -> int:
        """As systemd does; its exit status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """As a power cut does."""
        await self._end(signal.SIGKILL)

    async def _end(self, how: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return await asyncio.wait_for(self._process.wait(), PATIENCE)

    def output(self) -> str:
        """What it has printed and logged since it was last started."""
        return self._log().read_text(errors="replace")

    def everything(self) -> str:
        """All that it ever wrote: output, logs, whatever lies in its home but the store's own files."""
        files = [path for path in self.home.rglob("*") if path.is_file() and "appendonlydir" not in path.parts]
        return "\n".join(path.read_bytes().decode(errors="replace") for path in files)

    async def claim_code(self) -> str:
        return (await until(lambda: re.search(r"/claim ([0-9A-Z-]+)", self.output()), "the claim code"))[1]

    def _log(self) -> Path:
        return self.home / f"log{self._starts}"

    # what people do and see

    async def ask(self, text: str, *, who: str = "mia", place: Place = "direct", mention: bool = False) -> list[Bubble]:
        """Say something; the bubbles that answer it, once the last of them looks finished."""
        before = len(self.bubbles(place, who))
        await self.stage.say(text, who=who, place=place, mention=mention)
        return await self.answer(before, place=place, who=who)

    async def answer(self, before: int = 0, *, place: Place = "direct", who: str = "mia") -> list[Bubble]:
        """The bubbles after the first `before`, once they have come to rest."""

        def rest() -> list[Bubble]:
            bubbles = self.bubbles(place, who)[before:]
            done = bubbles and not bubbles[-1].streaming and "Stop" not in bubbles[-1].buttons
            return bubbles if done else []

        return await until(rest, f"an answer in {place}; {self.bubbles(place, who)!r}")

    def bubbles(self, place: Place = "direct", who: str = "mia") -> list[Bubble]:
        return self.stage.bubbles(place, who)
