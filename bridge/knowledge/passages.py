"""A passage of a document, and a document cut into passages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

MAX_PASSAGE_CHARACTERS = 1500
"""Of a passage as a model is given it."""
WANTED_CHARACTERS = 800
"""Of a passage of a document that is kept here: about a paragraph, so that a few fit one question."""

_HEADING = re.compile(r"#{1,6}\s+(\S.{0,79})")
_SENTENCE = re.compile(r"(?<=[.!?。！？；\n])\s*")


class Passage(Struct, frozen=True):
    """What a search found."""

    document: str
    """What people call the document that it stands in."""
    where: str
    """Its page or heading; empty where that is not known."""
    text: str


def cut(text: str) -> list[tuple[str, str]]:
    """Cut `text` into passages, each with the heading that it stands under."""
    found: list[tuple[str, str]] = []
    where, lines = "", ""

    def end() -> None:
        nonlocal lines
        if lines.strip():
            found.append((where, lines.strip()))
        lines = ""

    for line in text.splitlines():
        if heading := _HEADING.match(line):
            end()
            where = heading[1].strip()
            continue
        for piece in _pieces(line):
            if lines and len(lines) + len(piece) > WANTED_CHARACTERS:
                end()
            lines += piece
        lines += "\n"
        if not line.strip() and len(lines) > WANTED_CHARACTERS // 2:
            end()
    end()
    return found


def _pieces(line: str) -> Iterator[str]:
    """A line that is too long for a passage, in its sentences, or cut where it has none."""
    if len(line) <= WANTED_CHARACTERS:
        yield line
        return
    for sentence in _SENTENCE.split(line):
        for at in range(0, len(sentence), WANTED_CHARACTERS):
            yield sentence[at : at + WANTED_CHARACTERS]
