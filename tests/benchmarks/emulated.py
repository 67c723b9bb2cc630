"""Discord and Feishu for crowds: the emulators of `tests/emulators`, each in a process of its own.

They check every call and keep the platforms' limits, and cost more than the bridge does: beyond some fifty chats they
are the bottleneck. What they show is that every answer is whole and nothing is asked twice, not speed.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from typing import Self

import msgspec

from tests.benchmarks.sinks import FIRST_PERSON, Screen
from tests.emulators.discord import DiscordPlatform
from tests.emulators.feishu import FeishuPlatform
from tests.platform import Bubble

LOOK_EVERY = 1.0
"""Seconds: drawing what everybody sees costs the emulator a good deal."""
LONGEST_LINE = 2**26


class _Order(msgspec.Struct, omit_defaults=True):
    """What the rig says to the emulator's process, a line each; without a person, it asks for what is seen."""

    person: int = 0
    text: str = ""


class _Hello(msgspec.Struct):
    environment: dict[str, str]
    subjects: list[str]


class _Seen(msgspec.Struct):
    connected: bool
    screens: dict[int, Screen]
    writes: list[float]


class EmulatedPlatform:
    """A sink whose platform is an emulator; `people` is how many there are."""

    def __init__(self, platform: str, people: int) -> None:
        self.screens: dict[int, Screen] = {}
        self.calls: Counter[str] = Counter()
        self.writes: list[float] = []
        self._arguments = (platform, str(people))
        self._forgotten = 0.0
        self._looked = 0.0

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.benchmarks.emulated", *self._arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self._hello = msgspec.json.decode(await self._out.readline(), type=_Hello)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._in.close()  # at which it ends
        await self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def environment(self) -> dict[str, str]:
        return self._hello.environment

    def subject(self, person: int) -> str:
        return self._hello.subjects[person - FIRST_PERSON]

    async def connected(self) -> None:
        while not (await self._see()).connected:
            await asyncio.sleep(0.05)

    def ask(self, person: int, text: str) -> None:
        self.screens.setdefault(person, Screen())
        self._say(_Order(person, text))

    async def look(self) -> None:
        if time.monotonic() - self._looked < LOOK_EVERY:
            return
        seen = await self._see()
        self._looked = time.monotonic()
        self.writes = [at for at in seen.writes if at > self._forgotten]
        self.screens |= {person: screen for person, screen in seen.screens.items() if screen.last > self._forgotten}

    def forget(self) -> None:
        self.screens = {}
        self.writes = []
        self._forgotten = time.monotonic()

    async def _see(self) -> _Seen:
        self._say(_Order())
        return msgspec.json.decode(await self._out.readline(), type=_Seen)

    def _say(self, order: _Order) -> None:
        self._in.write(msgspec.json.encode(order) + b"\n")


# The emulator's process


async def main(platform: str, people: int) -> None:
    """Obey the orders on standard input until it ends."""
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    names = {FIRST_PERSON + index: f"p{index}" for index in range(people)}
    # At the platforms' own speed.
    async with DiscordPlatform(speed=1.0, heartbeat=40.0) if platform == "discord" else FeishuPlatform() as emulator:
        _print(_Hello(emulator.environment(), [str(emulator.user(name)) for name in names.values()]))
        while line := await orders.readline():
            order = msgspec.json.decode(line, type=_Order)
            if order.person:
                await emulator.say(order.text, who=names[order.person])
                continue
            bubbles = {person: emulator.bubbles(who=name) for person, name in names.items()}
            writes = sorted(at for seen in bubbles.values() for bubble in seen for at, _ in bubble.writes)
            screens = {person: _screen(seen) for person, seen in bubbles.items()}
            _print(_Seen(_is_connected(emulator), screens, writes))


def _is_connected(emulator: DiscordPlatform | FeishuPlatform) -> bool:
    return bool(
        emulator.gateway.connected if isinstance(emulator, DiscordPlatform) else emulator.server.connection.clients
    )


def _screen(bubbles: list[Bubble]) -> Screen:
    """The loop's time is CLOCK_MONOTONIC too."""
    writes = [at for bubble in bubbles for at, text in bubble.writes if text.strip()]
    messages = {number: bubble.text for number, bubble in enumerate(bubbles)}
    return Screen(messages, min(writes, default=0.0), max(writes, default=0.0))


def _print(answer: msgspec.Struct) -> None:
    sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
