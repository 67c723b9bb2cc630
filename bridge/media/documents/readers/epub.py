"""EPUB books (W3C EPUB 3.3), chapter by chapter in the order of the spine."""

from __future__ import annotations

import posixpath
from typing import BinaryIO
from urllib.parse import unquote

from bridge.media.documents.readers.archive import Archive
from bridge.media.documents.readers.html import read_html
from bridge.media.documents.readers.reading import Document, Page, Refused
from bridge.media.documents.readers.xml import Elements, parse

MAX_CHAPTER_BYTES = 20_000_000
_CONTAINER, _ENCRYPTION = "meta-inf/container.xml", "meta-inf/encryption.xml"


class _Chapters(Document):
    unit = "chapter"

    def __init__(self, kind: str, archive: Archive) -> None:
        super().__init__(kind)
        self._archive = archive
        container = Elements("rootfile")
        parse(archive.open(_CONTAINER), container)
        if not container.found:
            raise Refused("broken")
        root = container.found[0][1].get("full-path", "")
        package = Elements("item", "itemref")
        parse(archive.open(root), package)
        items = {values.get("id", ""): values for tag, values in package.found if tag == "item"}
        spine = [items.get(values.get("idref", ""), {}) for tag, values in package.found if tag == "itemref"]
        folder = posixpath.dirname(root)
        self._chapters = [
            posixpath.normpath(posixpath.join(folder, unquote(item["href"])))
            for item in spine
            if "href" in item and "html" in item.get("media-type", "html")
        ]
        self._chapters = [chapter for chapter in self._chapters if chapter in archive]
        if not self._chapters:
            raise Refused("empty")
        if self._chapters[0].lower() in _encrypted(archive):
            raise Refused("encrypted")
        self.total = len(self._chapters)

    def page(self, number: int, room: int, *, picture: bool) -> Page:
        title, text = read_html(self._archive.read(self._chapters[number - 1], MAX_CHAPTER_BYTES))
        return Page(text, heading=f"Chapter {number}: {title}" if title else f"Chapter {number}")


def _encrypted(archive: Archive) -> set[str]:
    """Names of encrypted members. Fonts often are, which matters to nobody here."""
    if _ENCRYPTION not in archive:
        return set()
    elements = Elements("CipherReference")
    parse(archive.open(_ENCRYPTION), elements)
    return {unquote(values.get("URI", "")).lower() for _, values in elements.found}


def open_document(file: BinaryIO, kind: str) -> Document:
    return _Chapters(kind, Archive(file))
