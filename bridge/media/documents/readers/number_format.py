"""Numbers as a spreadsheet shows them, as far as it matters to a reader: dates, times and percentages."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Literal

from bridge.media.documents.readers.xml import Handler

Format = Literal["", "date", "time", "percent"]

_DATES = {*range(14, 18), 22, *range(27, 32), 36, *range(50, 55), 57, 58}
"""Formats that need no code (ECMA-376, part 1, 18.8.30), with those of Chinese, Japanese and Korean editions."""
_TIMES = {18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56}
_PERCENTS = {9, 10}
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)


class Formats(Handler):
    """Reads ``styles.xml``: which format each style of a cell has."""

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}
        self._ids: list[str] = []
        self._in_cells = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            self._in_cells = True
        elif tag == "xf" and self._in_cells:
            self._ids.append(attributes.get("numFmtId", "0"))

    def end(self, tag: str) -> None:
        if tag == "cellXfs":
            self._in_cells = False

    def of_style(self, style: int) -> Format:
        id = self._ids[style] if style < len(self._ids) else "0"
        if id in self._codes:
            return format_of_code(self._codes[id])
        number = int(id) if id.isdecimal() else 0
        if number in _DATES:
            return "date"
        if number in _TIMES:
            return "time"
        return "percent" if number in _PERCENTS else ""


def format_of_code(code: str) -> Format:
    plain = _LITERAL.sub("", code[:200].partition(";")[0]).lower()
    if any(mark in plain for mark in ("y", "d", "年")) or plain.strip() in ("mmm", "mmmm"):
        return "date"
    if "h" in plain or "s" in plain:
        return "time"
    return "percent" if "%" in plain else ""


def shown(value: str, format: Format, *, from_1904: bool) -> str:
    """Return the number `value` in its `format`; as it is where it does not fit."""
    try:
        number = float(value)
    except ValueError:
        return value
    if format == "percent":
        return f"{round(number * 100, 4):g}%"
    if format == "":
        return f"{number:.15g}" if "." in value or "E" in value.upper() else value
    if not 0 <= number < 2_958_466:  # the end of 9999
        return value
    moment = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30)
    moment += timedelta(seconds=round(number * 86400))
    if format == "time" and number < 1:
        return moment.strftime("%H:%M:%S")
    midnight = moment.hour == moment.minute == moment.second == 0
    return moment.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S")
