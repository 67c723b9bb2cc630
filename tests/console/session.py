"""A person's session: a terminal emulator before a pseudo-terminal in which `tests.console.program` runs.

What the person sees is the screen and, above it, the scrollback. Nothing here sleeps: every wait is for something
to be seen.
"""

from __future__ import annotations

import json
import os
import re
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pexpect  # type: ignore[import-untyped]
import pyte
from pyte.screens import Char, StaticDefaultDict

PATIENCE = 40.0
"""Seconds for anything to be seen; a slow machine may take its time."""

CTRL_C, CTRL_D, CTRL_J, CTRL_L, ENTER, ALT_ENTER, TAB, UP = (
    "\x03",
    "\x04",
    "\n",
    "\f",
    "\r",
    "\x1b\r",
    "\t",
    "\x1b[A",
)


class ScrollbackScreen(pyte.HistoryScreen):
    """pyte's, but one that resizes as today's terminals do: rows that become too wide are folded, the cursor stays
    with its character, and what no longer fits leaves at the top, for the scrollback."""

    def draw(self, data: str) -> None:
        super().draw(data.replace("\ufe0f", ""))  # at which pyte forgets the rest

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        lines, columns = lines or self.lines, columns or self.columns
        rows: list[dict[int, Char]] = []
        cursor = 0
        for y in range(self.lines):
            if y == self.cursor.y:
                cursor = len(rows)
            row = dict(self.buffer[y])
            filled = [x for x, char in row.items() if char.data != " "]
            rows += [
                {x - start: char for x, char in row.items() if start <= x < start + columns}
                for start in range(0, max(filled, default=0) + 1, columns)
            ]
        while len(rows) > cursor + 1 and len(rows) > lines and not rows[-1]:
            rows.pop()
        leaving = max(min(len(rows) - lines, cursor), 0)
        for row in rows[:leaving]:
            self.history.top.append(self._line(row))
        kept = rows[leaving : leaving + lines]
        self.lines, self.columns = lines, columns
        self.buffer.clear()
        for y, row in enumerate(kept):
            self.buffer[y].update(row)
        self.set_margins()
        self.cursor.x, self.cursor.y = min(self.cursor.x, columns - 1), cursor - leaving
        self.dirty.update(range(lines))

    def _line(self, row: dict[int, Char]) -> StaticDefaultDict[int, Char]:
        line = StaticDefaultDict[int, Char](self.default_char)
        line.update(row)
        return line

    def everything(self) -> list[str]:
        """The scrollback and the screen, row by row, without the spaces at the end."""
        rows = [*self.history.top, *(self.buffer[y] for y in range(self.lines))]
        texts = ["".join(row[x].data for x in range(max(row, default=-1) + 1)).rstrip() for row in rows]
        while texts and not texts[-1]:
            texts.pop()
        return texts


class TerminalSession:
    """`cherry-bridge chat` in a pseudo-terminal, used with ``with``.

    The next session in `folder` finds what this one kept.
    """

    def __init__(self, folder: Path, *options: str, rows: int = 24, columns: int = 80, **environment: str) -> None:
        self.folder = folder
        self.options = options
        self.size = rows, columns
        self.environment = environment
        self.start()

    def start(self) -> None:
        rows, columns = self.size
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "NO_"))}
        self.screen = ScrollbackScreen(columns, rows, history=100_000)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.child = pexpect.spawn(
            sys.executable,
            self.arguments(),
            dimensions=(rows, columns),
            env={**kept, "TERM": "xterm-256color", "LANG": "en_GB.UTF-8", **self.environment},
            cwd=str(Path(__file__).parents[2]),
            encoding=None,
            echo=True,
        )
        self.child.delaybeforesend = None
        self.before = self.modes()

    def arguments(self) -> list[str]:
        """What Python runs."""
        return ["-m", "tests.console.program", str(self.folder), *self.options]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self.child.close(force=True)

    def modes(self) -> list[Any]:
        """What `stty -a` shows."""
        return termios.tcgetattr(self.child.child_fd)

    def read(self) -> bool:
        """Take in what has come; False once nothing ever will."""
        try:
            data = self.child.read_nonblocking(65536, timeout=0.05)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += data
        self.stream.feed(data)
        return True

    def until(self, seen: str | Callable[[str], bool]) -> str:
        """Wait until the rows, joined, hold `seen` or are what it asks for; return them."""
        deadline = time.monotonic() + PATIENCE
        while True:
            text = "\n".join(self.screen.everything())
            if seen in text if isinstance(seen, str) else seen(text):
                return text
            if not self.read() or time.monotonic() > deadline:
                raise AssertionError(f"never seen: {seen!r}; but\n{text}")

    def until_prompt(self) -> str:
        """Wait for an empty input line, ready to be typed into."""
        return self.until(lambda text: self.at_prompt)

    @property
    def at_prompt(self) -> bool:
        return self.screen.everything()[-1:] == ["›"] and self.screen.cursor.x == 2 and not self.hidden

    @property
    def hidden(self) -> bool:
        """Whether the cursor is."""
        return self.screen.cursor.hidden

    def clear(self) -> None:
        """Throw away what is typed; forget what was seen and heard."""
        self.until(lambda text: text.rpartition("\n")[2].startswith(("›", "  ")) and not self.hidden)
        if not self.at_prompt:
            self.type(CTRL_C)
            self.until_prompt()
        (self.folder / "heard").unlink(missing_ok=True)
        self.raw = b""
        self.screen.history.top.clear()
        self.type(CTRL_L)
        self.until(lambda text: text == "›" and bool(self.raw))

    def type(self, text: str) -> None:
        self.child.send(text.encode())

    def say(self, text: str) -> None:
        """Type it, see it, and send it."""
        self.until_prompt()
        self.type(text)
        # Under it there may be a list of what could follow.
        self.until(lambda shown: re.findall(r"^› .*", shown, re.MULTILINE)[-1:] == [f"› {text}"])
        self.type(ENTER)

    def ask(self, text: str) -> list[str]:
        """Say it, wait for the whole answer; return the answer's rows."""
        self.say(text)
        self.until_prompt()
        rows = self.screen.everything()
        asked = max(index for index, row in enumerate(rows) if row == f"› {text}")
        return rows[asked + 2 : -2]

    def go(self) -> None:
        """Let the answer that waits in the middle go on."""
        (self.folder / "go").touch()
        deadline = time.monotonic() + PATIENCE
        while (self.folder / "go").exists():
            self.read()
            assert time.monotonic() < deadline

    def resize(self, rows: int, columns: int) -> None:
        self.screen.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def heard(self) -> list[str]:
        """The messages that the program was given so far."""
        path = self.folder / "heard"
        return [json.loads(line)["text"] for line in path.read_text().splitlines()] if path.exists() else []

    def until_heard(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while text not in self.heard():
            self.read()
            assert time.monotonic() < deadline, f"never heard: {text!r}; but {self.heard()}"

    def until_gone(self) -> int:
        """Wait for the program to end; return its exit status."""
        deadline = time.monotonic() + PATIENCE
        while self.read():
            assert time.monotonic() < deadline, "it does not leave"
        self.child.wait()
        return int(self.child.exitstatus if self.child.exitstatus is not None else -self.child.signalstatus)
