"""Record a person at a terminal: the real console in a pseudo-terminal, and what its screen shows, shot by shot.

A shot is taken when the program has come to rest after a key or a beat, so how long that took does not show. How long
a shot is then seen is the script's to say.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pexpect  # type: ignore[import-untyped]
import pyte
from pyte.screens import Char

from docs.pictures.beat import BeatGateway

ROWS, COLUMNS = 24, 80
REST = 0.2
"""Seconds without a byte after which the program is at rest."""
UNSEEN = 1.0
"""Seconds after which a key or a beat is taken to have brought nothing to be seen."""
PATIENCE = 20.0
CTRL_C, ENTER = "\x03", "\r"
SPINNING = "⠋⠙⠹⠸"
"""The first faces of the spinner: the ones that are waited for and shown."""


@dataclass(frozen=True, slots=True)
class Look:
    colour: str = "default"
    background: str = "default"
    bold: bool = False
    italic: bool = False
    underlined: bool = False
    struck: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring cells that look alike."""

    x: int
    cells: int
    text: str
    look: Look


Row = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Shot:
    rows: tuple[Row, ...]
    cursor: tuple[int, int] | None
    """Column and row; None while it is hidden."""
    seconds: float


class Terminal:
    """Used with ``async with``: `cherry-bridge chat` at a gateway that goes by the beat, which is what the demo is."""

    def __init__(self, gateway: BeatGateway, home: Path, language: str) -> None:
        self.gateway = gateway
        self.shots: list[Shot] = []
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "USER": "mia",
            "LOGNAME": "mia",
            "TERM": "xterm-256color",
            "LANG": language,
            "BRIDGE_DATA_DIR": str(home / "data"),
            "BRIDGE_GATEWAY_URL": gateway.url,
            "BRIDGE_GATEWAY_KEY": gateway.key,
        }
        self._home = home

    async def __aenter__(self) -> Self:
        self._child = pexpect.spawn(
            sys.executable,
            ["-m", "bridge", "chat"],
            dimensions=(ROWS, COLUMNS),
            env=self._environment | {"PYTHONPATH": str(Path(__file__).parents[2])},
            cwd=str(self._home),
            encoding=None,
        )
        self._child.delaybeforesend = None
        await self.until_prompt()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._child.sendeof()
        await asyncio.to_thread(self._leave)

    def _leave(self) -> None:
        """In its own time: killed, it could not end its store."""
        try:
            self._child.expect(pexpect.EOF, timeout=30)
        finally:
            self._child.close(force=True)

    # what a person does

    async def write(self, text: str, *, each: float = 0.07) -> None:
        """Type letter by letter."""
        for letter in text:
            await self._press(letter)
            self.shoot(each)

    async def choose(self, text: str) -> None:
        """Send what the bridge itself answers."""
        await self._send(text)
        await self.rest()
        await self.until_prompt()
        self.shoot(1.2)

    async def ask(self, text: str, *, tokens: int = 5, beats: int | None = None, each: float = 0.11) -> None:
        """Send what the model answers, and watch it grow; after so many beats, stop it."""
        await self._send(text)
        await self._waiting(lambda: self.gateway.speaking)
        for face in SPINNING:
            await self.until(face)
            self.shoot(0.15)
        passed = 0
        while self.gateway.speaking and passed != beats:
            await self.gateway.beat(tokens if passed else tokens + 2)  # an answer opens with events without a word
            passed += 1
            await self.rest()
            self.shoot(each)
        if self.gateway.speaking:
            await self._press(CTRL_C)
            await self._waiting(lambda: not self.gateway.speaking)
        await self.until_prompt()
        self.shoot(1.0)

    async def _send(self, text: str) -> None:
        await self.write(text)
        self.shoot(0.5)
        self._child.send(ENTER)  # there is no rest now: something spins until there is an answer

    async def _press(self, key: str) -> None:
        self._child.send(key.encode())
        await self.rest()

    # what a person sees

    def shoot(self, seconds: float) -> None:
        """What is on the screen now is seen for so long; what was seen before already, for so much longer."""
        rows = tuple(_runs([self._screen.buffer[y][x] for x in range(COLUMNS)]) for y in range(ROWS))
        cursor = self._screen.cursor
        shot = Shot(rows, None if cursor.hidden else (cursor.x, cursor.y), seconds)
        if self.shots and (last := self.shots[-1]).rows == shot.rows and last.cursor == shot.cursor:
            shot = Shot(shot.rows, shot.cursor, last.seconds + seconds)
            self.shots.pop()
        self.shots.append(shot)

    async def rest(self) -> None:
        """Take in what comes, until nothing has come for a while."""
        patience = UNSEEN
        async with asyncio.timeout(PATIENCE):
            while await asyncio.to_thread(self._read, patience):
                patience = REST

    async def until(self, seen: str) -> None:
        await self._waiting(lambda: seen in self._text())

    async def until_prompt(self) -> None:
        await self._waiting(lambda: self._text().endswith("›"))

    def _text(self) -> str:
        self._read(0.02)
        return "\n".join(self._screen.display).rstrip()

    async def _waiting(self, look: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not look():  # noqa: ASYNC110 - a screen tells nobody that it has changed
                await asyncio.sleep(0.01)

    def _read(self, seconds: float) -> bool:
        """Take in what comes within so long; whether anything did."""
        try:
            self._stream.feed(self._child.read_nonblocking(65536, timeout=seconds))
        except pexpect.TIMEOUT:
            return False
        return True


def _runs(cells: list[Char]) -> Row:
    runs: list[Run] = []
    for x, cell in enumerate(cells):
        look = _look(cell)
        if not cell.data:  # the right half of a wide character
            last = runs.pop()
            runs.append(Run(last.x, last.cells + 1, last.text, last.look))
        elif runs and runs[-1].look == look and _width_alike(runs[-1], cell.data):
            last = runs.pop()
            runs.append(Run(last.x, last.cells + 1, last.text + cell.data, look))
        else:
            runs.append(Run(x, 1, cell.data, look))
    return tuple(run for run in runs if run.text.strip() or run.look.background != "default")


def _width_alike(run: Run, letter: str) -> bool:
    """Wide and narrow characters are kept apart, so that each run can be stretched evenly over its cells."""
    return run.text[-1].isascii() == letter.isascii()


def _look(cell: Char) -> Look:
    colour, background = cell.fg, cell.bg
    if cell.reverse:
        colour = "background" if background == "default" else background
        background = "foreground" if cell.fg == "default" else cell.fg
    return Look(colour, background, cell.bold, cell.italics, cell.underscore, cell.strikethrough)


async def in_english(terminal: Terminal) -> None:
    terminal.shoot(0.8)
    await terminal.ask("What does code look like here?")
    await terminal.choose("/model")
    await terminal.choose("1")
    await terminal.choose("3")
    await terminal.ask("Show me everything you have", tokens=9, beats=44, each=0.1)
    terminal.shoot(2.5)


async def in_chinese(terminal: Terminal) -> None:
    terminal.shoot(0.8)
    await terminal.ask("有哪些命令？", tokens=5)
    await terminal.choose("/model")
    await terminal.choose("2")
    await terminal.choose("2")
    await terminal.ask("写一首关于海的诗", tokens=2)
    await terminal.ask("再写一首关于月亮的", tokens=1, beats=20, each=0.1)
    terminal.shoot(2.5)


Script = Callable[[Terminal], Coroutine[None, None, None]]


async def record(script: Script, home: Path, language: str) -> list[Shot]:
    async with BeatGateway() as gateway, Terminal(gateway, home, language) as terminal:
        await script(terminal)
        return terminal.shots
