"""How wide text will be in a font that the reader has and we do not, and where to break it.

An estimate, on the generous side: a line that is drawn shorter than it was thought to be harms nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wcwidth import wcswidth

from docs.pictures.content import Line, Span

MONO = 0.6
"""A monospaced letter's width, as a part of its size."""
_PIECE = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+|\s+")
_CLOSING = "，。！？：；、）」』”’"
"""Never first in a line."""
_WIDTHS = {
    letter: width
    for width, letters in (
        (0.26, "ijlI.,:;'|! "),
        (0.36, 'frt()[]{}"-`/\\·'),
        (0.5, "ckszxvyJ"),
        (0.72, "ABCDEGHKNOPQRSUVXYZ&w"),
        (0.88, "mMW@%"),
    )
    for letter in letters
}


def columns(text: str) -> int:
    return max(wcswidth(text), 0)


def width(span: Span, size: float) -> float:
    if span.style == "code":
        return columns(span.text) * MONO * size * 0.93
    wide = 1.05 if span.style == "bold" else 1.0
    return sum(_letter(letter) for letter in span.text) * size * wide


def line_width(line: Line, size: float) -> float:
    return sum(width(span, size) for span in line)


def folded(line: Line, room: float, size: float) -> Iterator[Line]:
    """`line` in lines that are no wider than `room`."""
    row: list[Span] = []
    used = 0.0
    for span in line:
        for piece in _PIECE.findall(span.text):
            part = Span(piece, span.style)
            needed = width(part, size)
            if row and used + needed > room and piece not in _CLOSING:
                yield _joined(row)
                row, used = [], 0.0
                if piece.isspace():
                    continue
            row.append(part)
            used += needed
    yield _joined(row)


def folded_code(text: str, room: int) -> Iterator[str]:
    """Lines of code, cut where they have no room."""
    for line in text.split("\n"):
        while columns(line) > room:
            at = next(end for end in range(len(line), 0, -1) if columns(line[:end]) <= room)
            yield line[:at]
            line = line[at:]
        yield line


def _letter(letter: str) -> float:
    return 1.0 if columns(letter) == 2 else _WIDTHS.get(letter, 0.57)


def _joined(row: list[Span]) -> Line:
    joined: list[Span] = []
    for span in row:
        if joined and joined[-1].style == span.style:
            joined[-1] = Span(joined[-1].text + span.text, span.style)
        else:
            joined.append(span)
    return tuple(joined)
