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

_ELSEWHERE = frozenset(("Fallback", "moveFrom"))
"""What old versions read instead of the Choice beside it; and a passage that was moved, where it stood before."""


def open_document(file: BinaryIO, kind: str) -> Document:
    archive = Archive(file)
    main = archive.find(_MAIN)
    related = {relation.type: relation.target for relation in relationships(archive, main).values()}
    styles = _Styles()
    if related.get("styles", "") in archive:
        parse(archive.open(related["styles"]), styles)
    body = _Body(styles)
    parse(archive.open(main), body)
    text = body.blocks.result()
    for type in ("footnotes", "endnotes"):
        if body.has_notes and related.get(type, "") in archive:
            notes = _Body(styles)
            parse(archive.open(related[type]), notes)
            text = f"{text}\n\n{notes.blocks.result()}"
    return Flow(kind, text, cut=body.done, macros=has_macros(archive))


class _Styles(Handler):
    """Which styles of paragraphs are headings, and which are items of a list."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        self.items: set[str] = set()
        self._id = ""

    def prefix(self, style: str) -> str:
        level = self.levels.get(style, 0)
        if not level and (heading := _HEADING.fullmatch(style)):
            level = int(heading[1])
        if level:
            return "#" * min(level, 6) + " "
        return "- " if style in self.items else ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        value = attributes.get("val", "")
        if tag == "style":
            self._id = attributes.get("styleId", "")
        elif tag == "name" and value.lower() == "title":
            self.levels[self._id] = 1
        elif tag == "name" and (heading := _HEADING.fullmatch(value)):
            self.levels[self._id] = int(heading[1])
        elif tag == "outlineLvl" and value.isdecimal() and int(value) < 9:
            self.levels.setdefault(self._id, int(value) + 1)
        elif tag == "numId" and value != "0":
            self.items.add(self._id)

    def end(self, tag: str) -> None:
        if tag == "style":
            self._id = ""


class _Body(Handler):
    def __init__(self, styles: _Styles) -> None:
        self.blocks = Blocks()
        self.has_notes = False
        self._styles = styles
        self._in_text = False
        self._skipped = 0
        """How many elements are open whose content stands elsewhere too."""
        self._span = 1

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._skipped or tag in _ELSEWHERE:
            self._skipped += tag in _ELSEWHERE
            return
        value = attributes.get("val", "")
        match tag:
            case "t":
                self._in_text = True
            case "pStyle":
                self.blocks.prefix = self._styles.prefix(value)
            case "ilvl" if value.isdecimal() and not self.blocks.prefix.startswith("#"):
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
            self._skipped -= tag in _ELSEWHERE
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
