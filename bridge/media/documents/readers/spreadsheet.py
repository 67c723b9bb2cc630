"""Excel workbooks (ECMA-376, part 1, SpreadsheetML): each sheet as a Markdown table, row by row until it is enough."""

from __future__ import annotations

import re
from typing import IO, BinaryIO

from bridge.media.documents.readers.archive import Archive
from bridge.media.documents.readers.number_format import Formats, shown
from bridge.media.documents.readers.package import has_macros, reference, relationships
from bridge.media.documents.readers.reading import Document, label
from bridge.media.documents.readers.sheet import MAX_CELL_CHARS, MAX_ROW_CHARS, Row, Workbook
from bridge.media.documents.readers.xml import Elements, Handler, Parser, parse

MAX_STRINGS, MAX_STRING_CHARS = 1_000_000, 20_000_000
"""Of the table of strings that all sheets share; cells with a string behind these bounds are shown as an ellipsis."""
MAX_ROWS = 1_048_576
"""Of a sheet (ECMA-376 leaves it open; it is Excel's)."""
MISSING = "…"

_MAIN = re.compile(r"xl/workbook\d*\.xml")
_ROW = re.compile(rb"<(?:\w{1,20}:)?row(?=[\s>/])(?:[^<>]*?\sr=[\"'](\d{1,8})[\"'])?")
_SCAN_BYTES, _MAX_TAG_BYTES = 1 << 18, 2000


class _Workbook(Workbook):
    def __init__(self, kind: str, archive: Archive) -> None:
        self._archive = archive
        main = archive.find(_MAIN)
        related = relationships(archive, main)
        elements = Elements("sheet", "workbookPr")
        parse(archive.open(main), elements)
        sheets = [
            (label(values.get("name", "")), related[reference(values)].target)
            for tag, values in elements.found
            if tag == "sheet" and reference(values) in related
        ]
        self._parts = [part for _, part in sheets]
        super().__init__(kind, [name for name, _ in sheets], [self._last_row(part) for part in self._parts])
        self.macros = has_macros(archive)
        self._from_1904 = any(values.get("date1904") in ("1", "true") for tag, values in elements.found)
        parts = {relation.type: relation.target for relation in related.values()}
        self._formats = Formats()
        if parts.get("styles", "") in archive:
            parse(archive.open(parts["styles"]), self._formats)
        self._strings_part = parts.get("sharedStrings", "")
        self._strings: list[str] | None = None
        self._open_sheet = -1
        self._rows: _Rows | None = None

    def _last_row(self, part: str) -> int:
        """The number of the last row, without a look at what is in it; what a sheet says of its size is often wrong."""
        if "/worksheets/" not in f"/{part}" or part not in self._archive:  # a chart, or a sheet of old macros
            return 0
        count = last = 0
        rest = b""
        with self._archive.open(part) as stream:
            while chunk := stream.read(_SCAN_BYTES):
                rest += chunk
                end = rest.rfind(b"<")
                for row in _ROW.finditer(rest, 0, end):
                    count += 1
                    last = int(row[1]) if row[1] else last
                rest = rest[max(0, end, len(rest) - _MAX_TAG_BYTES) :]
        count += len(_ROW.findall(rest))
        return min(max(count, last), MAX_ROWS)

    def rows(self, sheet: int, first: int, last: int) -> tuple[Row | None, list[Row]]:
        if last == 0:
            return None, []
        if self._rows is None or sheet != self._open_sheet or first <= self._rows.taken:
            self._rows = _Rows(self, self._archive.open(self._parts[sheet]))
            self._open_sheet = sheet
        rows = self._rows.take(first, last)
        return self._rows.head, rows

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
    """The rows of one sheet that have a value, taken from its front to its end."""

    def __init__(self, workbook: _Workbook, stream: IO[bytes]) -> None:
        self.head: Row | None = None
        """The first of them."""
        self.taken = 0
        """The number of the last row that was asked for."""
        self._workbook = workbook
        self._parser = Parser(stream, self)
        self._waiting: list[Row] = []
        self._first = 1
        self._number = 0
        self._row: dict[int, str] = {}
        self._row_chars = 0
        self._column = 0
        self._type = ""
        self._style = 0
        self._value: list[str] = []
        self._formula: list[str] = []
        self._in_value = self._in_formula = False

    def take(self, first: int, last: int) -> list[Row]:
        """Return the rows from number `first` to `last`, which lie behind those that were taken."""
        self._first = first
        self.taken = last
        while self._number <= last and self._parser.feed():
            pass
        rows = [row for row in self._waiting if first <= row[0] <= last]
        self._waiting = [row for row in self._waiting if row[0] > last]
        return rows

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
                self._number = int(number[:9]) if number.isdecimal() else self._number + 1
                self._row = {}
                self._row_chars = 0
                self._column = 0

    def end(self, tag: str) -> None:
        match tag:
            case "v" | "t":
                self._in_value = False
            case "f":
                self._in_formula = False
            case "c":
                if (self._value or self._formula) and self._is_wanted() and (text := self._text()):
                    self._row[self._column] = text
                    self._row_chars += len(text)
            case "row" if self._row:
                if self.head is None:
                    self.head = (self._number, self._row)
                self._waiting.append((self._number, self._row))

    def _is_wanted(self) -> bool:
        return (self.head is None or self._number >= self._first) and self._row_chars < MAX_ROW_CHARS

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


def _column(place: str) -> int:
    """The number of the column in a place such as ``AB12``."""
    number = 0
    for letter in place[:3]:
        if "A" <= letter <= "Z":
            number = number * 26 + ord(letter) - 64
    return number


def open_document(file: BinaryIO, kind: str) -> Document:
    return _Workbook(kind, Archive(file))
