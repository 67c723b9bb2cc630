"""Word documents (ECMA-376, part 1, WordprocessingML)."""

from __future__ import annotations

import re
from typing import BinaryIO

from bridge.media.documents.readers.archive import Archive
from bridge.media.documents.readers.blocks import Blocks
from bridge.media.documents.readers.package import has_macros, relationships
from bridge.media.documents.readers.reading import Document, Flow
from bridge.media.documents.readers.xml import Handler, parse

_MAIN = re.compile(r"word/document\d*\.xml")
_HEADING = re.compile(r"(?:heading|标题|標題|見出し|überschrift|titre) ?([1-9])", re.IGNORECASE)


def open_document(file: BinaryIO, kind: str) -> Document:
    archive = Archive(file)
    main = archive.find(_MAIN)
    related = {relation.type: relation.target for relation in relationships(archive, main).values()}
    levels = _Styles()
    if related.get("styles", "") in archive:
        parse(archive.open(related["styles"]), levels)
    body = _Body(levels.found)
    parse(archive.open(main), body)
    text = body.blocks.result()
    for type in ("footnotes", "endnotes"):
        if body.has_notes and related.get(type, "") in archive:
            notes = _Body(levels.found)
            parse(archive.open(related[type]), notes)
            text = f"{text}\n\n{notes.blocks.result()}"
    return Flow(kind, text, cut=body.done, macros=has_macros(archive))


class _Styles(Handler):
    """Which styles are headings, and of which level."""

    def __init__(self) -> None:
        self.found: dict[str, int] = {}
        self._id = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        if tag == "style":
            self._id = attributes.get("styleId", "")
        elif tag == "name" and value.lower() == "title":
            self.found[self._id] = 1
        elif tag == "name" and (heading := _HEADING.fullmatch(value)):
            self.found[self._id] = int(heading[1])
        elif tag == "outlineLvl" and value.isdecimal() and int(value) < 9:
            self.found.setdefault(self._id, int(value) + 1)

    def end(self, tag: str) -> None:
        if tag == "style":
            self._id = ""


class _Body(Handler):
    def __init__(self, levels: dict[str, int]) -> None:
        self.blocks = Blocks()
        self.has_notes = False
        self._levels = levels
        self._in_text = False
        self._skipped = 0
        """How many elements are open whose content stands elsewhere too."""
        self._span = 1

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._skipped or tag == "Fallback":  # old versions read it instead of the Choice beside it
            self._skipped += tag == "Fallback"
            return
        value = attributes.get("val", "")
        match tag:
            case "t":
                self._in_text = True
            case "pStyle":
                if level := self._levels.get(value) or _level(value):
                    self.blocks.prefix = f"{'#' * min(level, 6)} "
            case "ilvl" if value.isdecimal() and not self.blocks.prefix:
                self.blocks.prefix = f"{'  ' * min(int(value), 8)}- "
            case "numId" if value != "0" and not self.blocks.prefix:
                self.blocks.prefix = "- "
            case "tab" if not attributes:  # with attributes, a tab stop
                self.blocks.write("\t")
            case "br" | "cr":
                self.blocks.write("\n")
            case "noBreakHyphen":
                self.blocks.write("-")
            case "tbl":
                self.blocks.open_table()
            case "tr":
                self.blocks.open_row()
            case "gridSpan" if value.isdecimal():
                self._span = int(value)
            case "footnoteReference" | "endnoteReference":
                self.has_notes = True
                self.blocks.write(f"[^{attributes.get('id', '')[:9]}]")
            case "footnote" | "endnote":
                if not attributes.get("type"):  # with a type, the line above the notes
                    self.blocks.write(f"[^{attributes.get('id', '')[:9]}]: ")
            case "docPr":
                if described := attributes.get("descr"):
                    self.blocks.write(f"[{described[:500]}]")

    def end(self, tag: str) -> None:
        if self._skipped:
            self._skipped -= tag == "Fallback"
            return
        match tag:
            case "t":
                self._in_text = False
            case "p":
                self.blocks.end_paragraph()
                self.done = self.blocks.full
            case "tc":
                self.blocks.close_cell(self._span)
                self._span = 1
            case "tbl":
                self.blocks.close_table()

    def text(self, data: str) -> None:
        if self._in_text and not self._skipped:
            self.blocks.write(data)


def _level(style: str) -> int:
    """The level of a heading whose style says so by its id alone."""
    found = _HEADING.fullmatch(style)
    return int(found[1]) if found else 0
