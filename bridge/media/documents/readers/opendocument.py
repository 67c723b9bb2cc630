"""OpenDocument texts, spreadsheets and presentations (ISO/IEC 26300), as one text."""

from __future__ import annotations

from typing import BinaryIO

from bridge.media.documents.readers.archive import Archive
from bridge.media.documents.readers.blocks import Blocks
from bridge.media.documents.readers.reading import Document, Flow, Refused, label
from bridge.media.documents.readers.xml import Elements, Handler, parse

MAX_REPEATED = 20
"""Copies of a cell or row with a value that are written out. A sheet fills its grid with repeated empty ones."""


def open_document(file: BinaryIO, kind: str) -> Document:
    archive = Archive(file)
    if "meta-inf/manifest.xml" in archive:
        manifest = Elements("encryption-data")
        parse(archive.open("meta-inf/manifest.xml"), manifest)
        if manifest.found:
            raise Refused("encrypted")
    body = _Body()
    parse(archive.open("content.xml"), body)
    macros = any(name.startswith("basic/") and not name.endswith("/") for name in archive.names)
    return Flow(kind, body.blocks.result(), cut=body.done, macros=macros)


class _Body(Handler):
    def __init__(self) -> None:
        self.blocks = Blocks()
        self._lists = 0
        self._paragraphs = 0
        self._in_body = False
        self._repeated = 1
        self._slides = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "body":
            self._in_body = True
        if not self._in_body:
            return
        match tag:
            case "h" | "p":
                self._paragraphs += 1
                level = attributes.get("outline-level", "1")
                if tag == "h":
                    self.blocks.prefix = "#" * min(int(level) if level.isdecimal() else 1, 6) + " "
                elif self._lists:
                    self.blocks.prefix = f"{'  ' * min(self._lists - 1, 8)}- "
            case "list":
                self._lists += 1
            case "tab":
                self.blocks.write("\t")
            case "line-break":
                self.blocks.write("\n")
            case "s":
                count = attributes.get("c", "1")
                self.blocks.write(" " * min(int(count) if count.isdecimal() else 1, 100))
            case "table":
                if name := label(attributes.get("table:name", "")):
                    self.blocks.end_paragraph()
                    self.blocks.prefix = "## "
                    self.blocks.write(name)
                self.blocks.open_table()
            case "table-row":
                self.blocks.open_row()
            case "table-cell" | "covered-table-cell":
                count = attributes.get("number-columns-repeated", "1")
                self._repeated = int(count) if count.isdecimal() else 1
            case "page":
                self._slides += 1
                self.blocks.end_paragraph()
                self.blocks.prefix = "## "
                self.blocks.write(f"Slide {self._slides}")
                self.blocks.end_paragraph()

    def end(self, tag: str) -> None:
        match tag:
            case "h" | "p":
                self._paragraphs -= 1
                self.blocks.end_paragraph()
                self.done = self.blocks.full
            case "list":
                self._lists -= 1
            case "table-cell" | "covered-table-cell":
                self.blocks.close_cell(min(self._repeated, MAX_REPEATED))
                self._repeated = 1
            case "table":
                self.blocks.close_table()

    def text(self, data: str) -> None:
        if self._paragraphs > 0 and self._in_body:
            self.blocks.write(data)
