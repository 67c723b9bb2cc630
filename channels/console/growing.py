"""One message as it grows: the whole text goes in, rows come out: those to print for good, and those still alive.

A block is printed for good once the next one has surely begun; of code that outgrows the screen, line by line what
no longer fits. What is printed is never printed again: a text that begins with it is continued, a text that is only
a part of it adds nothing, and any other text is a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from channels.console.blocks import Block, Code, blocks
from channels.console.typeset import Typesetter
from channels.kit.notes import Notes


class _Line(NamedTuple):
    """A line of code, or the rule above it: as it is printed for good, and as it is painted until then."""

    printed: list[str]
    painted: list[str]


class Growing:
    """`feed` it whole texts. The rows it returns are at most `width` cells wide, but for lines of code that are
    printed for good: those are the terminal's to wrap."""

    def __init__(self, typesetter: Typesetter) -> None:
        self._typesetter = typesetter
        self._begin()

    def _begin(self) -> None:
        self._printed = ""
        """The start of the text that is on the screen for good."""
        self._start = 0
        """Where the first block begins that is not there to its end."""
        self._lines = 0
        """How many source lines of that block are there, where it is code; the fence is the first."""
        self._before: Block | None = None
        """The block before that one."""
        self._notes = Notes()

    def feed(self, text: str, *, width: int, height: int, final: bool) -> tuple[list[str], list[str]]:
        """The rows to print for good now, and the rows alive: the last `height` of them."""
        if not text.startswith(self._printed):
            if self._printed.startswith(text):
                return [], []
            self._begin()
        self._notes = Notes.of(text)
        pieces = blocks(text, self._start)
        surely = len(pieces) if final else _surely_over(pieces)
        done: list[str] = []
        for block in pieces[:surely]:
            done += self._rows(self._before, block, width, self._lines)
            self._before, self._lines = block, 0
        growing = pieces[surely:]
        if growing:
            self._start = growing[0].start
        elif final:
            self._start = len(text)
        live: list[str] = []
        for before, block in pairwise(growing):
            live += self._rows(before, block, width)
        if growing and (code := growing[0].code):
            outgrown, first = self._outgrown(growing[0], code, width, height - len(live))
            done += outgrown
        else:
            first = self._rows(self._before, growing[0], width) if growing else []
        self._printed = text[: _after_lines(text, self._start, self._lines)]
        return done, (first + live)[-height:]

    def _rows(self, before: Block | None, block: Block, width: int, printed: int = 0) -> list[str]:
        """A block as it is printed for good, without its first `printed` lines."""
        if block.code is None:
            rows = self._typesetter.markdown(block.text, width, self._notes)
            return _gap(before, block) + rows if rows else []
        lines = self._code_lines(before, block, block.code, width, printed)
        return [row for line in lines for row in line.printed] + [self._typesetter.lower_rule(width)]

    def _outgrown(self, block: Block, code: Code, width: int, room: int) -> tuple[list[str], list[str]]:
        """The lines of growing code for which there is no room any more, now printed; and the rows alive."""
        lines = self._code_lines(self._before, block, code, width, self._lines)
        rows = 1 + sum(len(line.painted) for line in lines)
        done: list[str] = []
        while rows > room and len(lines) > 1 and "\n" in block.text:  # the last may still be growing
            line = lines.pop(0)
            done += line.printed
            rows -= len(line.painted)
            self._lines += 1
        return done, [row for line in lines for row in line.painted] + [self._typesetter.lower_rule(width)]

    def _code_lines(self, before: Block | None, block: Block, code: Code, width: int, printed: int) -> list[_Line]:
        typesetter = self._typesetter
        upper = [*_gap(before, block), *typesetter.upper_rule(width, code.info)]
        left = islice(typesetter.code(code), max(printed - 1, 0), None)
        lines = [_Line([typesetter.whole(line)], typesetter.folded(line, width)) for line in left]
        return lines if printed else [_Line(upper, upper), *lines]


def _surely_over(pieces: Sequence[Block]) -> int:
    """How many blocks are over. The one being written is not, nor the one above it while there is only a part of
    a line: that may yet turn out to belong to the block above."""
    return sum("\n" in following.text for following in pieces[1:])


def _gap(before: Block | None, block: Block) -> list[str]:
    """An empty row, but for the first block and between the items of a list that is written without."""
    together = before is None or (before.item and block.item and not block.apart)
    return [] if together else [""]


def _after_lines(text: str, start: int, lines: int) -> int:
    """The offset at which the line begins that is `lines` further than the one that begins at `start`."""
    for _ in range(lines):
        start = text.find("\n", start) + 1 or len(text)
    return start
