"""PowerPoint presentations (ECMA-376, part 1, PresentationML)."""

from __future__ import annotations

import re
from typing import BinaryIO

from bridge.media.documents.readers.archive import Archive
from bridge.media.documents.readers.blocks import Blocks
from bridge.media.documents.readers.package import has_macros, reference, relationships
from bridge.media.documents.readers.reading import Document, Page, Refused, label
from bridge.media.documents.readers.xml import Elements, Handler, parse

_MAIN = re.compile(r"ppt/presentation\d*\.xml")


class _Slides(Document):
    unit = "slide"

    def __init__(self, kind: str, archive: Archive) -> None:
        super().__init__(kind)
        self._archive = archive
        self.macros = has_macros(archive)
        main = archive.find(_MAIN)
        related = relationships(archive, main)
        elements = Elements("sldId")
        parse(archive.open(main), elements)
        ids = [reference(values) for _, values in elements.found]
        self._slides = [related[id].target for id in ids if id in related and related[id].type == "slide"]
        if not self._slides:
            self._slides = [relation.target for relation in related.values() if relation.type == "slide"]
        if not self._slides:
            raise Refused("empty")
        self.total = len(self._slides)

    def page(self, number: int, room: int, *, picture: bool) -> Page:
        slide = self._slides[number - 1]
        shapes = _Shapes()
        parse(self._archive.open(slide), shapes)
        text = shapes.blocks.result()
        for relation in relationships(self._archive, slide).values():
            if relation.type == "notesSlide" and relation.target in self._archive:
                notes = _Shapes()
                parse(self._archive.open(relation.target), notes)
                if said := notes.blocks.result():
                    text = f"{text}\n\nNotes: {said}"
        title = label(shapes.title)
        return Page(text, heading=f"Slide {number}: {title}" if title else f"Slide {number}")


class _Shapes(Handler):
    def __init__(self) -> None:
        self.blocks = Blocks()
        self.title = ""
        self._in_text = False
        self._placeholder = ""
        self._skipped = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._skipped or tag == "Fallback":
            self._skipped += tag == "Fallback"
            return
        match tag:
            case "sp":
                self._placeholder = ""
            case "ph":
                self._placeholder = attributes.get("type", "body")
            case "t":
                self._in_text = True
            case "br":
                self.blocks.write("\n")
            case "pPr" if attributes.get("lvl", "0") != "0":
                self.blocks.prefix = f"{'  ' * min(int(attributes['lvl']), 8)}- "
            case "tbl":
                self.blocks.open_table()
            case "tr":
                self.blocks.open_row()

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
                self.blocks.close_cell()
            case "tbl":
                self.blocks.close_table()

    def text(self, data: str) -> None:
        if not self._in_text or self._skipped or self._placeholder in ("sldNum", "dt", "ftr", "hdr"):
            return
        if self._placeholder in ("title", "ctrTitle"):
            self.title += data
        else:
            self.blocks.write(data)


def open_document(file: BinaryIO, kind: str) -> Document:
    return _Slides(kind, Archive(file))
