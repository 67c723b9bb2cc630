"""Excel's binary workbooks: XLS of 97 to 2003, and XLSB. Each sheet as a Markdown table.

Their reader holds a whole sheet in memory, empty cells too; what takes more than the child may have ends the child.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum

from bridge.media.documents.readers.reading import Document, Refused, label
from bridge.media.documents.readers.sheet import MAX_CELL_CHARS, MAX_ROW_CHARS, Row, Workbook

Value = float | str | date | time | timedelta

_MACROS = (b"vbaProject.bin", "_VBA_PROJECT".encode("utf-16-le"))


class _Workbook(Workbook):
    def __init__(self, kind: str, file: BinaryIO) -> None:
        content = file.read()
        file.seek(0)
        try:
            self._workbook = CalamineWorkbook.from_filelike(file)
        except PasswordError as error:
            raise Refused("encrypted") from error
        except CalamineError as error:
            raise Refused("broken") from error
        sheets = self._workbook.sheets_metadata
        self._names = [sheet.name for sheet in sheets if sheet.typ == SheetTypeEnum.WorkSheet]
        self._sheet: CalamineSheet | None = None
        self._lines: Iterator[tuple[int, Sequence[Value]]] | None = None
        self._head: Row | None = None
        self._taken = 0
        last_rows = [end[0] + 1 if (end := self._open(name).end) else 0 for name in self._names]
        super().__init__(kind, [label(name) for name in self._names], last_rows)
        self.macros = any(name in content for name in _MACROS)

    def _open(self, name: str) -> CalamineSheet:
        if self._sheet is None or self._sheet.name != name:
            self._sheet = None  # before the next one takes memory
            self._sheet = self._workbook.get_sheet_by_name(name)
            self._lines = None
        return self._sheet

    def rows(self, sheet: int, first: int, last: int) -> tuple[Row | None, list[Row]]:
        found = self._open(self._names[sheet])
        if self._lines is None or first <= self._taken:
            self._lines = enumerate(found.iter_rows(), 1)
            self._head = None
        self._taken = last
        rows = []
        for number, values in self._lines:
            if (self._head is None or number >= first) and (row := _row(values)):
                self._head = self._head or (number, row)
                if number >= first:
                    rows.append((number, row))
            if number >= last:
                break
        return self._head, rows


def _row(values: Sequence[Value]) -> dict[int, str]:
    row: dict[int, str] = {}
    chars = 0
    for column, value in enumerate(values):
        if chars < MAX_ROW_CHARS and (text := _shown(value).strip()):
            row[column] = text
            chars += len(text)
    return row


def _shown(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return str(value)[:MAX_CELL_CHARS]


def open_document(file: BinaryIO, kind: str) -> Document:
    return _Workbook(kind, file)
