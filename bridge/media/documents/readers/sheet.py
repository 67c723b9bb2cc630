"""Sheets of a workbook as Markdown tables. A long sheet is read in blocks of rows, so that one can go on in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bridge.media.documents.readers.reading import Document, Page, Refused, table

BLOCK_ROWS = 50
MAX_CELL_CHARS = 2000
MAX_ROW_CHARS = 100_000
_NOTE_CHARS = 40
"""For the note which rows are shown."""

Row = tuple[int, dict[int, str]]
"""The number of a row, which counts from 1, and its values by column."""


class _Block(NamedTuple):
    sheet: int
    first: int
    last: int
    heading: str


class Workbook(Document):
    """A workbook whose sheets are called `names` and end with the rows `last_rows`. Its pages are sheets, or, where one
    of them is long, parts: blocks of rows, each with the first row of its sheet above it."""

    def __init__(self, kind: str, names: Sequence[str], last_rows: Sequence[int]) -> None:
        super().__init__(kind)
        if not names:
            raise Refused("empty")
        self._blocks: list[_Block] = []
        for sheet, (name, last) in enumerate(zip(names, last_rows, strict=True)):
            heading = f"Sheet {sheet + 1}: {name}"
            for first in range(1, max(1, last) + 1, BLOCK_ROWS):
                end = min(first + BLOCK_ROWS - 1, last)
                rows = f", rows {first} to {end} of {last}" if last > BLOCK_ROWS else ""
                self._blocks.append(_Block(sheet, first, end, heading + rows))
        self.total = len(self._blocks)
        self.unit = "sheet" if self.total == len(names) else "part"

    def rows(self, sheet: int, first: int, last: int) -> tuple[Row | None, list[Row]]:
        """Return the first row of sheet number `sheet` (from 0) that has a value, and those from `first` to `last`."""
        raise NotImplementedError

    def page(self, number: int, room: int, *, picture: bool) -> Page:
        block = self._blocks[number - 1]
        head, rows = self.rows(block.sheet, block.first, block.last)
        if not rows and block.first > 1:
            return Page("")
        if head and rows and head[0] < rows[0][0]:
            rows.insert(0, head)
        columns = sorted({column for _, row in rows for column in row})
        lines = table([[row.get(column, "") for column in columns] for _, row in rows]).split("\n")
        room -= len(block.heading) + _NOTE_CHARS
        fitting = 0
        while fitting < len(lines) and (room := room - len(lines[fitting]) - 1) >= 0:
            fitting += 1
        if fitting == len(lines):
            return Page("\n".join(lines), block.heading)
        fitting = max(2, fitting)  # the head and the line under it
        return Page("\n".join(lines[:fitting]), f"{block.heading} (cut behind row {rows[fitting - 2][0]})", cut=True)
