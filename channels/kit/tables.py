"""Tables for screens that show none: columns that line up while they fit a phone, and a block for each row otherwise.

Columns are counted by what a character takes on the screen: Chinese takes two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from bridge.blocks import begins_table, cells
from channels.kit.text import width

MAX_WIDTH = 40
"""Columns of a table that is aligned: about what a phone shows of monospaced text before it wraps."""
EMPTY = "—"
DELIMITER_ROW = re.compile(r"\n[ \t>]*\|?[ \t]*:?-[ \t|:-]*(?=\n)")
"""What looks like the second row of a table, wherever it stands: found at the speed of C."""
LONGEST_RULE = 3
"""Of what stands between two columns."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What stands between two cells, and where that crosses the line below the head."""

    between: str
    crossing: str
    line: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table's cells as they were written."""

    head: list[str]
    body: list[list[str]]
    right: list[bool]
    """Which columns are set to the right."""

    @classmethod
    def read(cls, rows: Sequence[str]) -> Table:
        """The table of these lines: head, delimiter row, body."""
        head, delimiter, *body = map(cells, rows)
        right = [mark.endswith(":") and not mark.startswith(":") for mark in delimiter]
        return cls(head, [*map(list, body)], right)

    def aligned(self, plain: Callable[[str], str], ruling: Ruling) -> list[str] | None:
        """Lines for a monospaced block, of cells made `plain`; None where they would be wider than `MAX_WIDTH`."""
        grid = [[plain(cell) for cell in row] for row in (self.head, *self.body)]
        widths = [max(map(width, column)) for column in zip_longest(*grid, fillvalue="")]
        if sum(widths) + width(ruling.between) * (len(widths) - 1) > MAX_WIDTH:
            return None
        right = self.right + [False] * (len(widths) - len(self.right))
        lines = [
            ruling.between.join(
                _padded(cell, most, to_the_right)
                for cell, most, to_the_right in zip(row + [""] * (len(widths) - len(row)), widths, right, strict=True)
            ).rstrip()
            for row in grid
        ]
        rule = ruling.crossing.join(ruling.line * most for most in widths)
        return [lines[0], rule, *lines[1:]]

    def stacked(self, inline: Callable[[str], str], bold: Callable[[str], str]) -> list[str]:
        """A block for each row: its first cell in bold, then a line for each further column; Markdown throughout."""
        first, *names = map(inline, self.head)
        lines = [first] if first else []
        if not self.body:
            return [*lines, *names]
        for row in self.body:
            title, *values = map(inline, row or [""])
            lines += ["", bold(title)] if title else [""]
            for name, value in zip_longest(names, values, fillvalue=""):
                lines.append(f"{name}: {value or EMPTY}" if name else value)
        return lines if first else lines[1:]


def longest(rows: Sequence[str], size: Callable[[str], int] = len, margin: int = 0) -> int:
    """No layout of these rows is longer, ends of lines included; it never falls as rows are added to.

    `rows` are the lines of the table: head, delimiter row, body. `size` bounds what a cell comes to by itself,
    `margin` is what stands in front of each line.
    """
    head = cells(rows[0])
    body = list(map(cells, rows[2:]))
    columns = (max(map(_most_columns, column)) for column in zip_longest(head, *body, fillvalue=""))
    line = min(MAX_WIDTH, sum(columns) + LONGEST_RULE * max(map(len, (head, *body)))) + 1 + margin
    frame = sum(map(size, head)) + len(head) * (len(f": {EMPTY}\n") + margin) + len("\n****\n") + 2 * margin
    total = frame + 2 * line + _beyond_columns(rows[0])
    for row, parts in zip(rows[2:], body, strict=True):
        total += max(frame + sum(size(cell) + 1 + margin for cell in parts), line + _beyond_columns(row))
    return total


def surplus(text: str, size: Callable[[str], int]) -> int:
    """By how much the tables of `text` may outgrow their source, once laid out; it never falls as a text grows.

    What looks like a table counts, in code too: that costs a little room and saves reading the whole text.
    """
    total = done = 0
    for found in DELIMITER_ROW.finditer(text):
        if found.start() < done:
            continue
        head = text.rfind("\n", 0, found.start()) + 1
        rows = [text[head : found.start()].lstrip("> \t"), found[0].lstrip("> \t\n")]
        if not begins_table(*rows):
            continue
        begin = found.end() + 1
        while "|" in (row := text[begin : end if (end := text.find("\n", begin)) != -1 else len(text)]):
            rows.append(row.lstrip("> \t"))
            begin += len(row) + 1
        done = begin - 1
        total += max(0, longest(rows, size) - sum(map(size, rows)) - len(rows))
    return total


def _most_columns(cell: str) -> int:
    return len(cell) if cell.isascii() else 2 * len(cell)


def _beyond_columns(row: str) -> int:
    """How many more characters than columns a row may take: marks that combine take none."""
    return 0 if row.isascii() else len(row)


def _padded(cell: str, most: int, to_the_right: bool) -> str:
    space = " " * max(0, most - width(cell))
    return space + cell if to_the_right else cell + space
