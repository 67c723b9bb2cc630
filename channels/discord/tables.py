"""Tables, which Discord does not know, as columns that line up in a code block.

Columns are padded by the width that a terminal gives a character: Chinese takes two cells. Padding ends at
`WIDEST`; a longer cell pushes its row out of line rather than filling the message with spaces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from wcwidth import wcwidth

WIDEST = 30
"""The most cells that a column is padded to."""
BETWEEN = " │ "
CROSSING = "─┼─"

_ROW = re.compile(r" {0,3}\|")
_DELIMITER = re.compile(r" {0,3}\|[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_CELL_ENDS = re.compile(r"(?<!\\)\|")
_MARKS = re.compile(r"(\*\*\*|\*\*|~~|`+)(?=\S)(.+?)(?<=\S)\1")
_LINK = re.compile(r"!?\[([^\]]+)\]\([^)\s]+\)")
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)


def begins(lines: Sequence[str], at: int) -> bool:
    """Whether a table begins with this line: a header, then a complete delimiter row of as many cells.

    The delimiter row must be followed by another line: one that is still being written may yet become text.
    """
    return (
        at + 2 < len(lines)
        and is_row(lines[at])
        and _DELIMITER.fullmatch(lines[at + 1]) is not None
        and len(cells(lines[at])) == len(cells(lines[at + 1]))
    )


def is_row(line: str) -> bool:
    return _ROW.match(line) is not None


def cells(row: str) -> list[str]:
    inner = row.strip().removeprefix("|")
    parts = _CELL_ENDS.split(inner)
    if len(parts) > 1 and not parts[-1].strip():
        parts.pop()
    return [part.strip() for part in parts]


def render(rows: Sequence[str]) -> list[str]:
    """The lines of a code block for a table's rows: header, delimiter, body."""
    header, delimiter, *body = rows
    right = [cell.endswith(":") and not cell.startswith(":") for cell in cells(delimiter)]
    grid = [[_plain(cell) for cell in cells(row)] for row in (header, *body)]
    widths = _widths(grid)
    lines = [
        BETWEEN.join(
            _pad(cell, width, right=number < len(right) and right[number])
            for number, (cell, width) in enumerate(zip(row, widths, strict=False))
        ).rstrip()
        for row in grid
    ]
    rule = CROSSING.join("─" * width for width in widths[: len(grid[0])])
    return [lines[0], rule, *lines[1:]]


def longest(rows: Sequence[str]) -> int:
    """No rendering of these rows has more characters, newlines included; it never falls as rows grow."""
    grid = [cells(row) for row in rows]
    padded = sum(min(WIDEST, width) for width in _widths(grid))
    columns = max(len(row) for row in grid)
    return sum(max(len(row), padded + len(BETWEEN) * columns + _unseen(row) + _beyond(row)) + 1 for row in rows)


def _beyond(row: str) -> int:
    """The characters of a row's cells that lie outside their padding."""
    return sum(max(0, len(cell) - WIDEST) for cell in cells(row))


def _widths(grid: Sequence[Sequence[str]]) -> list[int]:
    return [min(WIDEST, max(map(_width, column))) for column in zip_longest(*grid, fillvalue="")]


def _pad(cell: str, width: int, *, right: bool) -> str:
    space = " " * max(0, width - _width(cell))
    return space + cell if right else cell + space


def _width(text: str) -> int:
    return sum(max(0, wcwidth(char)) for char in text)


def _unseen(text: str) -> int:
    return sum(wcwidth(char) <= 0 for char in text)


def _plain(cell: str) -> str:
    """A cell's words without markup: inside a code block it would be shown as it is written."""
    cell = _BREAK.sub(" ", cell)
    cell = _LINK.sub(r"\1", cell)
    cell = _MARKS.sub(r"\2", cell)
    return cell.replace(r"\|", "|").replace("```", "ˋˋˋ")
