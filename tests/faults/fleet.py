"""Several bridges as users run them, all equal, on one store: started, stopped, killed, frozen, and looked after."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Self

import msgspec

from tests.benchmarks.processes import usage
from tests.faults.proxy import Proxy

ROOT = Path(__file__).parents[2]
RESTART_SECONDS = 1.0
"""As a supervisor waits before it starts one again that ended by itself."""
STOP_SECONDS = 40.0


class Links:
    """What one process reaches everything by."""

    def __init__(self, store: Proxy, gateway: Proxy, platforms: Mapping[str, Proxy]) -> None:
        self.store = store
        self.gateway = gateway
        self.platforms = platforms

    async def enter(self, stack: AsyncExitStack) -> Self:
        for proxy in (self.store, self.gateway, *self.platforms.values()):
            await stack.enter_async_context(proxy)
        return self


class Joined(msgspec.Struct):
    """A line of the log."""

    chat: str
    messages: str
    """Their ids, with spaces between them."""


class BridgeWorker:
    """One process. One that ends by itself is started again, as a supervisor does."""

    def __init__(self, number: int, home: Path, environment: dict[str, str], links: Links) -> None:
        self.number = number
        self.links = links
        self.ends: Counter[int] = Counter()
        """How often it ended by itself, by its exit status."""
        self.log = home / f"process{number}.log"
        self._home = home
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._minding: asyncio.Task[None] | None = None
        self._busy = asyncio.Lock()

    async def start(self) -> None:
        with self.log.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bridge", "run",
                stdout=out, stderr=out, cwd=self._home, env=self._environment,
            )  # fmt: skip
        if self._minding is None:
            self._minding = asyncio.create_task(self._mind())

    async def _mind(self) -> None:
        while True:
            async with self._busy:
                if self._process is not None and self._process.returncode is not None:
                    self.ends[self._process.returncode] += 1
                    await asyncio.sleep(RESTART_SECONDS)
                    await self.start()
            await asyncio.sleep(0.1)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def memory(self) -> float:
        """Resident, in MB; 0 while it does not run."""
        with suppress(OSError, AssertionError):
            return usage(self.pid).memory
        return 0.0

    async def kill(self, down: float = 0.0) -> None:
        """As a power cut does; start it again after `down` seconds."""
        await self._replace(signal.SIGKILL, down)

    async def restart(self, down: float = 0.0) -> int:
        """As systemd does; its exit status."""
        return await self._replace(signal.SIGTERM, down)

    async def _replace(self, how: signal.Signals, down: float) -> int:
        async with self._busy:
            status = await self._end(how)
            await asyncio.sleep(down)
            await self.start()
        return status

    async def _end(self, how: signal.Signals) -> int:
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(how)
        return await asyncio.wait_for(self._process.wait(), STOP_SECONDS)

    async def freeze(self, seconds: float) -> None:
        async with self._busy:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(seconds)
            finally:
                with suppress(ProcessLookupError):
                    os.kill(self.pid, signal.SIGCONT)

    async def close(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it for good; its exit status."""
        async with self._busy:
            if self._minding is not None:
                self._minding.cancel()
                self._minding = None
            return await self._end(how) if self._process is not None else 0

    def events(self) -> list[dict[str, object]]:
        """What it logged, without the lines that are no JSON."""
        found = []
        for line in self.log.read_bytes().splitlines():
            with suppress(msgspec.DecodeError):
                found.append(msgspec.json.decode(line, type=dict[str, object]))
        return found

    def joined(self) -> list[tuple[str, list[str]]]:
        """The chat and the messages of each question that was several."""
        lines = [line for line in self.log.read_bytes().splitlines() if b'"messages joined"' in line]
        return [
            (line.chat.partition(":~")[0], line.messages.split())
            for line in (msgspec.json.decode(each, type=Joined) for each in lines)
        ]

    def failures(self) -> list[str]:
        """What no fault of others excuses: exceptions that nobody expected."""
        told = [str(event["exception"]) for event in self.events() if "exception" in event]
        plain = self.log.read_text(errors="replace").split("\n")
        return [*told, *("\n".join(plain[at:][:30]) for at, line in enumerate(plain) if line.startswith("Traceback"))]
