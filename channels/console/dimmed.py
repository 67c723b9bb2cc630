"""Markdown that stands back: an answer's aside, in dim letters."""

from __future__ import annotations

from rich.text import Text

from channels.console.typeset import Typesetter
from channels.kit.notes import Notes

_DIM, _OFF = "\x1b[2m", "\x1b[0m"


class DimTypesetter(Typesetter):
    """A `Typesetter` whose rows are dim from the first cell to the last, where the terminal takes attributes at all."""

    def markdown(self, source: str, width: int, notes: Notes) -> list[str]:
        return [self._dim(row) for row in super().markdown(source, width, notes)]

    def whole(self, line: Text) -> str:
        return self._dim(super().whole(line))

    def _dim(self, row: str) -> str:
        if not row or self._colors is None:
            return row
        return f"{_DIM}{row.replace(_OFF, _OFF + _DIM)}{_OFF}"
