"""The block that a text ends inside of: code, a table or a formula. That is what a cut closes and reopens."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.blocks import (
    LONGEST_FENCE,
    LONGEST_FORMULA,
    LONGEST_INDENT,
    begins_table,
    breaks_maths,
    closes,
    closes_maths,
    continues_table,
    fence,
    maths_start,
    opens_maths,
)

LONGEST_CLOSING = len("\n") + LONGEST_INDENT + LONGEST_FENCE
LONGEST_OPENING = 40
"""Of a fence's first line this much is repeated; it holds the language."""
LONGEST_HEADER = 400
"""A table's header is repeated on the next page only while it is this short."""


@dataclass(frozen=True, slots=True)
class OpenBlock:
    """The block that a text is inside of; all empty in prose."""

    fence: str = ""
    """The line that opened the code fence, shortened."""
    table: str = ""
    """The table's header and delimiter rows, each with its newline."""
    maths: str = ""
    """The mark that will end the formula."""

    @property
    def opening(self) -> str:
        """What the next page begins with, so that it reads on."""
        if self.maths:
            return f"{maths_start(self.maths)}\n"
        return f"{self.fence}\n" if self.fence else self.table

    def closing(self, page: str) -> str:
        """What `page`, which ends inside this block, still needs at its end."""
        opened = fence(self.fence)
        mark = opened.indent + opened.run if opened else self.maths
        return ("" if page.endswith("\n") else "\n") + mark if mark else ""


PROSE = OpenBlock()


class Lines:
    """Reads a text line by line and knows which block the next line would be in."""

    def __init__(self, start: OpenBlock = PROSE) -> None:
        self.block = start
        self.header = ""
        """The line just read, where it may turn out to be a table's header."""
        self.opened = False
        """Whether the line just read opened a block: a bad place to cut."""
        self._formula = 0
        """How many lines the open formula has."""

    def read(self, line: str) -> None:
        """Take one line, without its newline."""
        was, header = self.block, self.header
        self.header = ""
        self.block = self._after(line, was, header)
        self.opened = self.block != was and self.block != PROSE

    def _after(self, line: str, was: OpenBlock, header: str) -> OpenBlock:
        if opened := fence(was.fence):
            return PROSE if closes(line, opened.run) else was
        if fence(line):
            return OpenBlock(fence=line[:LONGEST_OPENING].rstrip())
        if was.maths:
            self._formula += 1
            over = closes_maths(line, was.maths) or breaks_maths(line) or self._formula >= LONGEST_FORMULA
            return PROSE if over else was
        if was.table and continues_table(line):
            return was
        if header and begins_table(header, line):
            rows = f"{header}\n{line}\n"
            return OpenBlock(table=rows) if len(rows) <= LONGEST_HEADER else PROSE
        if maths := opens_maths(line):
            self._formula = 1
            return OpenBlock(maths=maths)
        if "|" in line:
            self.header = line
        return PROSE


def block_at_end(text: str, start: OpenBlock = PROSE) -> OpenBlock:
    """The block that `text` ends inside, when it began inside `start`."""
    lines = Lines(start)
    *whole, last = text.split("\n")
    for line in whole:
        lines.read(line)
    if last:
        lines.read(last)
    return lines.block


def may_become_a_fence(line: str) -> bool:
    """Whether a line of which only this much is known may still open or close a fence."""
    return line.lstrip(" \t")[:1] in ("", "`", "~")
