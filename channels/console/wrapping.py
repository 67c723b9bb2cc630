"""Lines broken at the width of the screen, where the script allows it; counted in cells, not characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate

from rich.cells import cell_len, chop_cells
from rich.text import Text

_WIDE = (
    "\u1100-\u115f\u2e80-\u303f\u3041-\ua4cf\uac00-\ud7a3"  # Hangul, radicals, kana, ideographs
    "\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003fffd"  # full-width forms, more ideographs
)
_OPENING = "（〔［｛〈《「『【“‘"
_CLOSING = "，。、；：！？）〕］｝〉》」』】”’…—％"
# What must stay on one line: a word; or one wide character, with the punctuation that may not begin or end a line.
_UNIT = re.compile(rf"\s+|[{_OPENING}]*[{_WIDE}][{_CLOSING}]*|[^\s{_WIDE}]+[{_CLOSING}]*|\S")


def wrap(text: Text, width: int) -> Iterator[Text]:
    """`text` in lines of at most `width` cells; only a word that is wider than a line is broken."""
    text = text.copy()
    text.expand_tabs(4)
    for line in text.split("\n", allow_blank=True):
        for part in line.divide(list(_breaks(line.plain, width))):
            part.rstrip()
            part.no_wrap, part.overflow, part.justify, part.end = True, "ignore", "default", "\n"
            yield part


def _breaks(line: str, width: int) -> Iterator[int]:
    used = 0
    for match in _UNIT.finditer(line):
        cells = cell_len(match[0])
        if used + cells <= width or match[0].isspace():  # spaces may hang over the edge: they are not shown
            used += cells
            continue
        if used:
            yield match.start()
        pieces = list(chop_cells(match[0], width)) if cells > width else [match[0]]
        yield from (match.start() + offset for offset in accumulate(map(len, pieces[:-1])))
        used = cell_len(pieces[-1])


def fold(line: Text, width: int) -> list[Text]:
    """`line` cut hard at `width` cells, as a terminal would: for code."""
    pieces = list(chop_cells(line.plain, width))
    return list(line.divide(list(accumulate(map(len, pieces[:-1]))))) if len(pieces) > 1 else [line]
