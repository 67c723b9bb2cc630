"""A document as numbered pages, and what is read of them within a budget."""

from __future__ import annotations

import re
from typing import NamedTuple

PART_CHARS = 4000
"""Of one part of a text that has no pages: about a page with small type."""
MAX_TEXT_CHARS = 8_000_000
"""Of a text without pages, all of which is held to be counted. What follows is left out."""

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_NEWLINES = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_NAME_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]+")
_GAP = re.compile("\n(?:[ \t]*\n){2,}")


class Refused(Exception):
    """Nothing is read. `kind` is an ExtractErrorKind; `total` the number of pages, where it matters."""

    def __init__(self, kind: str, total: int = 0) -> None:
        super().__init__(kind)
        self.kind = kind
        self.total = total


class Page(NamedTuple):
    text: str
    heading: str = ""
    cut: bool = False
    """Whether there was no room for the rest of the page."""
    scan: bool = False
    """Whether the page is a picture, without text or with no more than a scanner's mark."""
    picture: bytes = b""


class Document:
    """An opened document. Pages are read one by one, so that nothing is read behind the last one that fits."""

    unit = ""
    total = 1
    macros = False
    incomplete = False
    """Whether there is more than all pages hold."""
    separator = "\n\n"

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def page(self, number: int, room: int, *, picture: bool) -> Page:
        """Return page `number`, which counts from 1. It need not be longer than `room` characters.

        Where `picture` is set, a page that is a scan is given as a picture too.
        """
        raise NotImplementedError


class Flow(Document):
    """A text that has no pages of its own, in parts."""

    separator = ""

    def __init__(self, kind: str, text: str, *, cut: bool = False, macros: bool = False) -> None:
        super().__init__(kind)
        self._parts = parts_of(clean(text[:MAX_TEXT_CHARS]).strip("\n"))
        self.incomplete = cut or len(text) > MAX_TEXT_CHARS
        self.macros = macros
        self.total = len(self._parts)
        if self.total > 1:
            self.unit = "part"

    def page(self, number: int, room: int, *, picture: bool) -> Page:
        return Page(self._parts[number - 1])


class Reading(NamedTuple):
    text: str
    kind: str
    unit: str
    total: int
    first: int
    last: int
    pictures: tuple[bytes, ...]
    truncated: bool
    macros: bool


def collect(document: Document, *, first: int, last: int, max_chars: int, max_pictures: int) -> Reading:
    """Read from page `first` to `last` (0: to the end), as far as the budget goes, and at least one page or its front.

    Raises Refused.
    """
    if first > document.total:
        raise Refused("past_end", document.total)
    last = min(last or document.total, document.total)
    texts: list[str] = []
    bodies: list[str] = []
    pictures: list[bytes] = []
    room = max_chars
    number = first
    cut = has_text = False
    while number <= last:
        page = document.page(number, room, picture=len(pictures) < max_pictures)
        if not page.text and not page.heading:
            number += 1
            continue
        text = body = clean(page.text)
        says = not page.scan and text.strip() != ""
        if page.heading:
            text = f"## {page.heading}\n\n{text}".rstrip()
        cut = page.cut or len(text) > room
        if cut and number > first:
            break  # whole, if it is asked for next
        if page.picture:
            pictures.append(page.picture)
        elif page.scan and pictures and not has_text:
            break  # so far it is all pictures: the next ones can be asked for
        has_text = has_text or says
        bodies.append(body)
        texts.append(text[:room])
        room -= len(text) + len(document.separator)
        number += 1
        if room <= 0:
            break
    if not pictures and not any(map(str.strip, bodies)):
        raise Refused("empty")
    return Reading(
        text=document.separator.join(texts)[:max_chars],
        kind=document.kind,
        unit=document.unit,
        total=document.total,
        first=first,
        last=number - 1,
        pictures=tuple(pictures),
        truncated=cut or number <= last or (document.incomplete and last == document.total),
        macros=document.macros,
    )


def parts_of(text: str) -> list[str]:
    """Cut a text into parts of about a page, at ends of lines where there are some. The parts joined are the text."""
    parts = []
    at = 0
    while len(text) - at > PART_CHARS:
        end = at + PART_CHARS
        soonest = at + PART_CHARS // 2
        for mark in ("\n\n", "\n", "。", ". ", " "):
            if (found := text.rfind(mark, soonest, end)) >= 0:
                end = found + len(mark)
                break
        parts.append(text[at:end])
        at = end
    return [*parts, text[at:]]


def clean(text: str) -> str:
    """Return the text with plain ends of lines and without control characters."""
    return _CONTROL.sub("", _NEWLINES.sub("\n", text))


def without_gaps(text: str) -> str:
    """Return the text with at most one empty line between two others."""
    return _GAP.sub("\n\n", text)


def label(name: str, most: int = 100) -> str:
    """Return a name that stands in the document as one harmless line: no control, no change of direction."""
    return " ".join(_NAME_CONTROL.sub(" ", name).split())[:most]


def table(rows: list[list[str]]) -> str:
    """Write rows as a Markdown table; the first is its head."""
    width = max(map(len, rows), default=0)
    if not width:
        return ""
    lines = [f"| {' | '.join([*map(cell, row), *[''] * (width - len(row))])} |" for row in rows]
    lines.insert(1, f"|{' --- |' * width}")
    return "\n".join(lines)


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
