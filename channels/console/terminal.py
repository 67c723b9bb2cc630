"""The chat on a real terminal: an input line while it is the person's turn, a growing answer while it is ours.

The keyboard is ours from the beginning to the end (raw mode is never left), so nothing that is typed at the wrong
moment is echoed into an answer: Ctrl-C acts at once, all else waits for the next input line.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self, TextIO

from cachetools import LRUCache
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_input
from prompt_toolkit.input.typeahead import clear_typeahead, store_typeahead
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import create_output
from prompt_toolkit.output.vt100 import Vt100_Output

from bridge.channel import Command
from channels.console import inline
from channels.console.completion import CommandCompleter, Suggest
from channels.console.history import FileHistory
from channels.console.prompt import Answer, Prompt
from channels.console.screen import Screen
from channels.console.turn import Turn
from channels.console.words import Words

if TYPE_CHECKING:
    from channels.console.growing import Growing
    from channels.console.typeset import Typesetter

REMEMBERED = 50
"""How many messages of ours are remembered, for edits of them."""
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_FRAME = 0.1


class _Part(NamedTuple):
    """One of the two texts of a message that grow by themselves."""

    ref: str
    aside: bool = False


class Terminal:
    """Used with ``async with``, once."""

    by_hand = True

    def __init__(
        self,
        *,
        input: TextIO,
        output: TextIO,
        words: Words,
        history_file: Path | None,
        suggest: Suggest,
    ) -> None:
        self.edit_interval = _FRAME / 2
        self._turn = Turn()
        self._input = create_input(input)
        self._output = create_output(output)
        if isinstance(self._output, Vt100_Output):
            self._output.enable_cpr = False  # the answers would come in between what is typed
        self._words = words
        self._spinner = cycle(_SPINNER)
        self._screen = Screen(self._output)
        self._completer = CommandCompleter(suggest)
        history = FileHistory(history_file) if history_file else InMemoryHistory()
        self._prompt = Prompt(self._input, self._output, history, self._completer, words)
        self._parts: LRUCache[_Part, Growing] = LRUCache(REMEMBERED)
        self._shown: LRUCache[str, tuple[str, str]] = LRUCache(REMEMBERED)
        """What each message last read, and its aside."""
        self._open: tuple[_Part, str] | None = None
        """The part that is growing, and what it reads."""
        self._drawn: LRUCache[str, None] = LRUCache(REMEMBERED)
        """The messages whose pictures have been drawn."""
        self._pictures: inline.Protocol | None = None
        """How this terminal shows pictures, where it does."""
        self._listening = False
        self._taken = ExitStack()

    async def __aenter__(self) -> Self:
        with ExitStack() as taken:
            taken.callback(self._screen.release)
            taken.enter_context(_blocking_again(self._input.fileno()))
            taken.enter_context(self._input.raw_mode())
            taken.callback(clear_typeahead, self._input)
            self._ask_for_pictures()
            taken.enter_context(self._input.attach(self._typed))
            self._taken = taken.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        with self._taken:
            self._turn.leave()
            await self._prompt.put_aside()
            self._settle()

    async def lines(self) -> AsyncGenerator[str, None]:
        """What the person sends; ``/stop`` for Ctrl-C. Ends when they leave."""
        self._listening = True
        try:
            while (happened := await self._turn.wait(self._tick, _FRAME)) != "leave":
                if happened == "stop":
                    yield "/stop"
                    continue
                what, text = await self._ask()
                if what == "left":
                    return
                if what == "typed":
                    self._screen.typed()
                    self._turn.asked()
                    yield text
        finally:
            self._listening = False

    async def _ask(self) -> Answer:
        self._screen.paint(self._screen.gap())
        store_typeahead(self._input, self._input.flush_keys())  # an Escape that nothing followed
        try:
            return await self._prompt.ask()
        finally:
            self._output.enable_bracketed_paste()  # the prompt has switched it off
            self._output.flush()

    async def show_pictures(self, ref: str, pictures: Sequence[bytes]) -> None:
        """Draw pictures for good, where the terminal shows some; those of a message once."""
        if self._pictures is None or ref in self._drawn:
            return
        self._drawn[ref] = None
        rows = [drawn for each in pictures if (drawn := inline.drawn(self._pictures, each, self._screen.width))]
        if rows:
            with self._turn.held():
                await self._prompt.put_aside()
                self._settle()
                self._screen.paint([*self._screen.gap(), *rows])

    async def show(self, ref: str, text: str, *, aside: str, unfinished: int = 0, final: bool) -> None:
        """Make the message `ref` read `text`, and its aside, dimmed, `aside`.

        What is printed for good stays above what comes later: an aside that grows once the text has begun goes on
        below what there is of the text. Its last lines, as many as are `unfinished`, are printed for good only once
        they are finished.
        """
        with self._turn.held():
            await self._prompt.put_aside()
            began = time.perf_counter()
            before, aside_before = self._shown.get(ref, ("", ""))
            self._shown[ref] = text, aside
            grows = text != before
            if aside != aside_before:
                if grows and text and not final and unfinished:
                    self._grow_before(ref, aside.split("\n")[:-unfinished], text)
                    grows = False
                self._grow(_Part(ref, aside=True), aside, final=final or (grows and bool(text)))
            if not aside or (text and (grows or final)):
                self._grow(_Part(ref), text, final=final)
            self._turn.shown(ref, final=final)
            # Long code is highlighted again each time; the bridge's pacing keeps us from doing nothing else.
            self.edit_interval = max(_FRAME / 2, 4 * (time.perf_counter() - began))

    async def remove(self, ref: str) -> None:
        """Take away what is not in the scrollback yet."""
        with self._turn.held():
            await self._prompt.put_aside()
            for part in (_Part(ref), _Part(ref, aside=True)):
                self._parts.pop(part, None)
            self._shown.pop(ref, None)
            if self._open and self._open[0].ref == ref:
                self._open = None
                self._screen.paint(())
                self._turn.shown(ref, final=True)

    def typing(self) -> None:
        self._turn.typing()
        self._tick()

    def offer(self, commands: Sequence[Command], language: str) -> None:
        """Let Tab complete these commands."""
        self._completer.offer(commands, language)

    def leave(self) -> None:
        """As if the person had left."""
        self._turn.leave()
        self._prompt.leave()

    @cached_property
    def _typesetter(self) -> Typesetter:
        from channels.console.typeset import Typesetter  # rich: not before there is something to show

        return Typesetter()

    @cached_property
    def _dim_typesetter(self) -> Typesetter:
        from channels.console.dimmed import DimTypesetter

        return DimTypesetter()

    def _grow(self, part: _Part, text: str, *, final: bool) -> None:
        """Draw `part`; what was growing until now, if it is another, is over."""
        if self._open and self._open[0] != part:
            self._settle()
        self._draw(part, text, final=final)

    def _grow_before(self, ref: str, finished: Sequence[str], text: str) -> None:
        """Draw the text of `ref` above what goes on in its aside, and below the lines of that that are finished."""
        part = _Part(ref, aside=True)
        if any(finished):
            self._grow(part, "\n".join(finished).rstrip("\n"), final=True)
        elif self._open and self._open[0] == part:
            self._open = None
            self._parts.pop(part, None)
        self._grow(_Part(ref), text, final=False)

    def _draw(self, part: _Part, text: str, *, final: bool) -> None:
        if (growing := self._parts.get(part)) is None:
            from channels.console.growing import Growing

            growing = self._parts[part] = Growing(self._dim_typesetter if part.aside else self._typesetter)
        begins, self._open = self._open is None, None if final else (part, text)
        screen = self._screen
        done, live = growing.feed(text, width=screen.width, height=screen.height, final=final)
        if begins and any([*done, *live][:1]):  # what begins with an empty row is apart already
            done = screen.gap() + done
        screen.paint(done, live)

    def _settle(self) -> None:
        """Let the part that is growing stand as it is."""
        if self._open:
            self._draw(*self._open, final=True)

    def _tick(self) -> None:
        if self._turn.thinking:
            line = self._typesetter.aside(f"{next(self._spinner)} {self._words.thinking}")
            self._screen.paint(self._screen.gap(), [line])
        elif self._open and self._screen.resized:
            self._draw(*self._open, final=False)

    def _ask_for_pictures(self) -> None:
        """Find out whether the terminal shows pictures; what is typed meanwhile waits for the input line."""
        if sys.platform == "win32" or not inline.may_show(os.environ):
            return
        from prompt_toolkit.input.vt100 import Vt100Input

        assert isinstance(self._input, Vt100Input), "it is a terminal"
        self._pictures, typed = inline.ask(self._input.fileno(), self._output)
        self._input.vt100_parser.feed(typed)
        store_typeahead(self._input, self._input.flush_keys())

    def _typed(self) -> None:
        """Keys that come while there is no input line."""
        for key in self._input.read_keys():
            if key.key != Keys.ControlC:
                store_typeahead(self._input, [key])
            elif self._listening:
                self._turn.interrupt()
            else:  # no line is asked for: let the process decide what Ctrl-C means, as if the mode were not raw
                signal.raise_signal(signal.SIGINT)
        if self._input.closed:
            self._turn.leave()


@contextmanager
def _blocking_again(descriptor: int) -> Iterator[None]:
    """uvloop makes what it watches non-blocking, and with it our parent's standard input: the terminal is one."""
    if sys.platform == "win32":
        yield
        return
    before = os.get_blocking(descriptor)
    try:
        yield
    finally:
        os.set_blocking(descriptor, before)
