"""What a text stands in where it ends: prose, a code fence or a table. That is what a cut closes and reopens."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_FENCE = 7
LONGEST_INDENT = 12
"""A longer or deeper run of backticks is taken for text: the room to close a fence must be known beforehand."""
LONGEST_CLOSING = len("\n") + LONGEST_INDENT + LONGEST_FENCE
LONGEST_OPENING = 40
"""Of a fence's first line this much is repeated; it holds the language."""
LONGEST_HEADER = 400
"""A table's header is repeated on the next page only while it is this short."""

_FENCE = re.compile(
    rf"(?P<run>[ \t]{{0,{LONGEST_INDENT}}}(?:`{{3,{LONGEST_FENCE}}}(?!`)|~{{3,{LONGEST_FENCE}}}(?!~)))(?P<info>.*)"
)
_DELIMITER = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")


@dataclass(frozen=True, slots=True)
class Block:
    """The block that a text is inside of; both empty in prose."""

    fence: str = ""
    """The line that opened the code fence, shortened."""
    table: str = ""
    """The table's header and delimiter rows, each with its newline."""

    @property
    def opening(self) -> str:
        """What the next page begins with, so that it reads on."""
        return f"{self.fence}\n" if self.fence else self.table

    def closing(self, page: str) -> str:
        """What `page`, which ends inside this block, still needs at its end."""
        if not self.fence:
            return ""
        return ("" if page.endswith("\n") else "\n") + _run(self.fence)


PROSE = Block()


class Lines:
    """Reads a text line by line and knows which block the next line would be in."""

    def __init__(self, start: Block = PROSE) -> None:
        self.block = start
        self.header = ""
        """The line just read, where it may turn out to be a table's header."""
        self.opened = False
        """Whether the line just read opened a fence or a table: a bad place to cut."""

    def read(self, line: str) -> None:
        """Take one line, without its newline."""
        was, header = self.block, self.header
        self.header = ""
        if was.fence:
            self.block = PROSE if _closes(line, was.fence) else was
        elif fence := _opens(line):
            self.block = Block(fence=fence)
        elif was.table:
            self.block = was if "|" in line else PROSE
        elif header and "|" in line and _DELIMITER.fullmatch(line):
            rows = f"{header}\n{line}\n"
            self.block = Block(table=rows) if len(rows) <= LONGEST_HEADER else PROSE
        elif "|" in line:
            self.header = line
        self.opened = self.block != was and self.block != PROSE


def block_at_end(text: str, start: Block = PROSE) -> Block:
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


def _opens(line: str) -> str:
    found = _FENCE.fullmatch(line)
    if found is None or ("`" in found["run"] and "`" in found["info"]):
        return ""  # a backtick after the run makes it inline code
    return line[:LONGEST_OPENING].rstrip()


def _closes(line: str, fence: str) -> bool:
    found = _FENCE.fullmatch(line)
    return found is not None and not found["info"].strip() and found["run"].strip().startswith(_run(fence).strip())


def _run(fence: str) -> str:
    found = _FENCE.match(fence)
    return found["run"] if found else ""
