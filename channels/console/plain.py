"""The chat where nothing can be drawn: a pipe, a file, a terminal that cannot move its cursor.

Each line that comes in is a message; the answer's own Markdown goes out as it grows, in order and never twice,
and nothing else does.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, suppress
from io import UnsupportedOperation
from typing import Self, TextIO

from cachetools import LRUCache

from bridge.channel import Command
from channels.console.signals import on_interrupt
from channels.console.turn import Turn

REMEMBERED = 50


class Plain:
    """Used with ``async with``, once. Prompts only where a person reads along."""

    edit_interval = 0.1

    def __init__(self, *, input: TextIO, output: TextIO) -> None:
        self._turn = Turn()
        self._input = input
        self._output = output
        self.by_hand = input.isatty()
        """Whether a person types."""
        self._prompt = "> " if self.by_hand and output.isatty() else ""
        self._prompting = False
        self._came: asyncio.Queue[str | None] = asyncio.Queue()
        self._shown: LRUCache[str, str] = LRUCache(REMEMBERED)
        self._open = ""
        """The message whose last row may go on."""
        self._empty = True
        self._taken = ExitStack()

    async def __aenter__(self) -> Self:
        if self.by_hand:
            self._taken.enter_context(on_interrupt(self._interrupt))
        loop = asyncio.get_running_loop()
        # A daemon: nothing can wake a thread that waits for a line, and nobody should have to.
        threading.Thread(target=self._read, args=(loop,), name="console-input", daemon=True).start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._taken.close()
        if self._open or self._prompting:
            with suppress(OSError):  # the reader has gone
                self._write("\n")

    async def lines(self) -> AsyncGenerator[str, None]:
        """The lines that come in, the next one when the last is answered; ``/stop`` for Ctrl-C."""
        while (happened := await self._turn.wait()) != "leave":
            if happened == "stop":
                yield "/stop"
                continue
            if self._prompt:
                self._write(self._prompt)
                self._prompting = True
            line = await self._came.get()
            self._prompting = self._prompting and line is None
            if line is None:
                return
            if line.strip():
                self._turn.asked()
                yield line

    async def show_pictures(self, ref: str, pictures: Sequence[bytes]) -> None:
        """None can be drawn here."""

    async def show(self, ref: str, text: str, *, aside: str, unfinished: int = 0, final: bool) -> None:
        """Write what is new in the message `ref`, now that it reads `text`. An aside is left out: programs that read
        along want the answer."""
        text = text if final else text.rstrip()  # the spaces at the end may not stay
        before = self._shown.get(ref, "")
        goes_on = text.startswith(before)
        new = text[len(before) :] if goes_on else "" if before.startswith(text) else text
        self._shown[ref] = text if new else before
        if new:
            if self._open != ref or not goes_on:
                self._write(("\n" if self._open or self._prompting else "") + ("" if self._empty else "\n"))
                new = new.lstrip("\n")
            self._write(new)
            self._open, self._empty = ref, False
        if final and self._open == ref:
            self._write("\n")
            self._open = ""
            if self._prompting:
                self._write(self._prompt)
        self._turn.shown(ref, final=final)

    async def remove(self, ref: str) -> None:
        """What is written stays; the turn is over."""
        if self._open == ref:
            self._write("\n")
            self._open = ""
            self._turn.shown(ref, final=True)

    def typing(self) -> None:
        self._turn.typing()

    def offer(self, commands: Sequence[Command], language: str) -> None:
        """Nothing can be completed here."""

    def leave(self) -> None:
        """As if the input had ended."""
        self._turn.leave()
        self._came.put_nowait(None)

    def _interrupt(self) -> None:
        if self._turn.under_way:
            self._turn.interrupt()
        else:
            self.leave()

    def _write(self, text: str) -> None:
        encoding = self._output.encoding or "utf-8"
        self._output.write(text.encode(encoding, "replace").decode(encoding))
        self._output.flush()

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            for line in _lines(self._input):
                loop.call_soon_threadsafe(self._came.put_nowait, line)
            loop.call_soon_threadsafe(self._came.put_nowait, None)


def _lines(input: TextIO) -> Iterator[str]:
    """Read around Python's own buffer: its lock, held by a waiting thread, would break the interpreter's exit."""
    try:
        descriptor = input.fileno()
    except UnsupportedOperation:  # not a file: nothing to wait for
        yield from (line.rstrip("\r\n") for line in input)
        return
    decoder = codecs.getincrementaldecoder(input.encoding or "utf-8")("replace")
    rest = ""
    while chunk := _chunk(descriptor):
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        yield from (line.rstrip("\r") for line in whole)
    if last := rest + decoder.decode(b"", final=True):
        yield last


def _chunk(descriptor: int) -> bytes:
    """What can be read now; empty at the end, and when the terminal is gone."""
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""
