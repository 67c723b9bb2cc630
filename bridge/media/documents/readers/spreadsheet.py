"""Excel workbooks (ECMA-376, part 1, SpreadsheetML): each sheet as a Markdown table, row by row until it is enough."""

from __future__ import annotations

import re
from typing import BinaryIO

from bridge.media.documents.readers.archive import Archive
from bridge.media.documents.readers.number_format import Formats, shown
from bridge.media.documents.readers.package import has_macros, reference, relationships
from bridge.media.documents.readers.reading import Document, Page, Refused, label
from bridge.media.documents.readers.sheet import MAX_CELL_CHARS, Row, sheet_page
from bridge.media.documents.readers.xml import Elements, Handler, parse

MAX_STRINGS, MAX_STRING_CHARS = 1_000_000, 20_000_000
"""Of the table of strings that all sheets share; cells with a string behind these bounds are shown as an ellipsis."""
MAX_BLANK_ROWS = 200_000
"""So many rows without a value are passed over until the rest of a sheet counts as empty."""
MISSING = "…"

_MAIN = re.compile(r"xl/workbook\d*\.xml")
_LAST_ROW = re.compile(r".*?:\$?[A-Z]+\$?(\d+)")


class _Workbook(Document):
    unit = "sheet"

    def __init__(self, kind: str, archive: Archive) -> None:
        super().__init__(kind)
        self._archive = archive
        self.macros = has_macros(archive)
        main = archive.find(_MAIN)
        related = relationships(archive, main)
        elements = Elements("sheet", "workbookPr")
        parse(archive.open(main), elements)
        self._sheets = [
            (label(values.get("name", "")), related[reference(values)].target)
            for tag, values in elements.found
            if tag == "sheet" and reference(values) in related
        ]
        if not self._sheets:
            raise Refused("empty")
        self.total = len(self._sheets)
        self._from_1904 = any(values.get("date1904") in ("1", "true") for tag, values in elements.found)
        parts = {relation.type: relation.target for relation in related.values()}
        self._formats = Formats()
        if parts.get("styles", "") in archive:
            parse(archive.open(parts["styles"]), self._formats)
        self._strings_part = parts.get("sharedStrings", "")
        self._strings: list[str] | None = None

    def page(self, number: int, room: int, *, picture: bool) -> Page:
        name, part = self._sheets[number - 1]
        heading = f"Sheet {number}: {name}"
        if "/worksheets/" not in f"/{part}" or part not in self._archive:  # a chart, or a sheet of old macros
            return Page("", heading)
        rows = _Rows(self, room)
        parse(self._archive.open(part), rows)
        return sheet_page(heading, rows.found, room, cut=rows.cut, last=rows.last)

    def string(self, index: int) -> str:
        """Return one of the strings that the sheets share."""
        if self._strings is None:
            strings = _Strings()
            if self._strings_part in self._archive:
                parse(self._archive.open(self._strings_part), strings)
            self._strings = strings.found
        return self._strings[index] if 0 <= index < len(self._strings) else MISSING

    def shown(self, value: str, style: int) -> str:
        return shown(value, self._formats.of_style(style), from_1904=self._from_1904)


class _Strings(Handler):
    def __init__(self) -> None:
        self.found: list[str] = []
        self._pieces: list[str] = []
        self._in_text = self._in_reading = False
        self._size = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "t":
            self._in_text = not self._in_reading
        elif tag == "rPh":  # how a Japanese word is read aloud
            self._in_reading = True

    def end(self, tag: str) -> None:
        if tag == "t":
            self._in_text = False
        elif tag == "rPh":
            self._in_reading = False
        elif tag == "si":
            text = "".join(self._pieces)[:MAX_CELL_CHARS]
            self._pieces.clear()
            self.found.append(text)
            self._size += len(text)
            self.done = len(self.found) >= MAX_STRINGS or self._size >= MAX_STRING_CHARS

    def text(self, data: str) -> None:
        if self._in_text:
            self._pieces.append(data)


class _Rows(Handler):
    """The rows of one sheet that have a value, until they take as many characters as there is room for."""

    def __init__(self, workbook: _Workbook, room: int) -> None:
        self.found: list[Row] = []
        self.number = 0
        """Of the row read last; the first is 1."""
        self.last = 0
        """Of the sheet's last row, where the sheet says so."""
        self.cut = False
        self._workbook = workbook
        self._room = room
        self._row: dict[int, str] = {}
        self._column = 0
        self._type = ""
        self._style = 0
        self._value: list[str] = []
        self._formula: list[str] = []
        self._in_value = self._in_formula = False
        self._blank = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        match tag:
            case "c":
                place = attributes.get("r", "")
                self._column = _column(place) if place else self._column + 1
                self._type = attributes.get("t", "n")
                style = attributes.get("s", "0")
                self._style = int(style) if style.isdecimal() else 0
                self._value.clear()
                self._formula.clear()
            case "v" | "t":
                self._in_value = True
            case "f":
                self._in_formula = True
            case "row":
                number = attributes.get("r", "")
                self.number = int(number) if number.isdecimal() else self.number + 1
                self._row = {}
                self._column = 0
            case "dimension":
                found = _LAST_ROW.match(attributes.get("ref", ""))
                self.last = int(found[1]) if found and len(found[1]) < 8 else 0

    def end(self, tag: str) -> None:
        match tag:
            case "v" | "t":
                self._in_value = False
            case "f":
                self._in_formula = False
            case "c":
                if (self._value or self._formula) and (text := self._text()):
                    self._row[self._column] = text
                    self._room -= len(text) + 3
                    if self._room < 0:
                        self._end_row()
            case "row":
                self._end_row()

    def text(self, data: str) -> None:
        if self._in_value and len(self._value) < MAX_CELL_CHARS:
            self._value.append(data)
        elif self._in_formula and len(self._formula) < MAX_CELL_CHARS:
            self._formula.append(data)

    def _text(self) -> str:
        if not self._value:  # a program wrote it that does not calculate
            return f"={''.join(self._formula)}"[:MAX_CELL_CHARS]
        value = "".join(self._value)
        match self._type:
            case "s":
                value = self._workbook.string(int(value)) if value.isdecimal() else MISSING
            case "b":
                value = "TRUE" if value == "1" else "FALSE"
            case "n":
                value = self._workbook.shown(value, self._style)
        return value[:MAX_CELL_CHARS].strip()

    def _end_row(self) -> None:
        if self._row:
            self.found.append((self.number, self._row))
            self._row = {}
            self._blank = 0
        self._blank += 1
        self.cut = self._room < 0
        self.done = self.cut or self._blank > MAX_BLANK_ROWS


def _column(place: str) -> int:
    """The number of the column in a place such as ``AB12``."""
    number = 0
    for letter in place[:3]:
        if "A" <= letter <= "Z":
            number = number * 26 + ord(letter) - 64
    return number


def open_document(file: BinaryIO, kind: str) -> Document:
    return _Workbook(kind, Archive(file))
