"""Excel's binary workbooks: XLS of 97 to 2003, and XLSB. Each sheet as a Markdown table.

Their reader holds a whole sheet in memory, empty cells too; what takes more than the child may have ends the child.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import BinaryIO

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

from bridge.media.documents.readers.reading import Document, Page, Refused, label
from bridge.media.documents.readers.sheet import MAX_CELL_CHARS, Row, sheet_page

_MACROS = (b"vbaProject.bin", "_VBA_PROJECT".encode("utf-16-le"))


class _Workbook(Document):
    unit = "sheet"

    def __init__(self, kind: str, file: BinaryIO) -> None:
        super().__init__(kind)
        content = file.read()
        self.macros = any(name in content for name in _MACROS)
        file.seek(0)
        try:
            self._workbook = CalamineWorkbook.from_filelike(file)
        except PasswordError as error:
            raise Refused("encrypted") from error
        except CalamineError as error:
            raise Refused("broken") from error
        sheets = self._workbook.sheets_metadata
        self._names = [sheet.name for sheet in sheets if sheet.typ == SheetTypeEnum.WorkSheet]
        if not self._names:
            raise Refused("empty")
        self.total = len(self._names)

    def page(self, number: int, room: int, *, picture: bool) -> Page:
        name = self._names[number - 1]
        heading = f"Sheet {number}: {label(name)}"
        sheet = self._workbook.get_sheet_by_name(name)
        first = sheet.start[0] + 1 if sheet.start else 1
        last = sheet.end[0] + 1 if sheet.end else 0
        rows: list[Row] = []
        left = room
        for at, values in enumerate(sheet.to_python(), first):
            row = {column: text for column, value in enumerate(values) if (text := _shown(value).strip())}
            if row:
                rows.append((at, row))
                left -= sum(len(text) + 3 for text in row.values())
                if left < 0:
                    break
        return sheet_page(heading, rows, room, cut=left < 0, last=last)


def _shown(value: float | str | date | time | timedelta) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return str(value)[:MAX_CELL_CHARS]


def open_document(file: BinaryIO, kind: str) -> Document:
    return _Workbook(kind, file)
