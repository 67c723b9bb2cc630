"""Rows of a sheet as a Markdown table that fits."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.media.documents.readers.reading import Page, table

MAX_CELL_CHARS = 2000
_NOTE_CHARS = 40
"""For the note which rows are shown."""

Row = tuple[int, dict[int, str]]
"""The number of a row, and its values by column."""


def sheet_page(heading: str, rows: Sequence[Row], room: int, *, cut: bool, last: int) -> Page:
    """Return as many of the rows as there is room for, and columns that have a value in them.

    `cut` says that there are more than these rows, `last` the number of the last of all, where it is known.
    """
    columns = sorted({column for _, row in rows for column in row})
    lines = table([[row.get(column, "") for column in columns] for _, row in rows]).split("\n")
    room -= len(heading) + _NOTE_CHARS
    fitting = 0
    while fitting < len(lines) and (room := room - len(lines[fitting]) - 1) >= 0:
        fitting += 1
    if fitting == len(lines) and not cut:
        return Page("\n".join(lines), heading)
    fitting = max(2, fitting)  # the head and the line under it
    shown = rows[fitting - 2][0]
    of = f" of {last}" if last > shown else ""
    return Page("\n".join(lines[:fitting]), f"{heading} (rows 1 to {shown}{of})", cut=True)
