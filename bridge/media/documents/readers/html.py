"""HTML, XHTML and SVG: what a person would read there. Scripts and styles are left out, and nothing is loaded."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import BinaryIO

from bridge.media.documents.readers.blocks import Blocks
from bridge.media.documents.readers.encoding import decode
from bridge.media.documents.readers.reading import MAX_TEXT_CHARS, Document, Flow, label

_UNSEEN = frozenset(("script", "style", "template", "noscript", "head", "metadata", "defs", "iframe", "object"))
_BLOCK = re.compile(
    "address|article|aside|blockquote|body|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|footer|foreignobject|form"
    "|h[1-6]|header|hr|li|main|nav|ol|option|p|pre|section|summary|text|ul"
)
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_DOCUMENT_TYPE = re.compile(r"<!doctype[^>\[]*(?:\[[^\]]*\]\s*)?>", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_FEED_CHARS = 1 << 16


def open_document(file: BinaryIO, kind: str) -> Document:
    content = file.read(MAX_TEXT_CHARS * 4)
    title, text = read_html(content)
    return Flow(kind, f"# {title}\n\n{text}" if title and title not in text[:200] else text)


def read_html(content: bytes, charset: str = "") -> tuple[str, str]:
    """Return the title and the text."""
    declared = _CHARSET.search(content[:4096])
    name = declared[1].decode() if declared else charset
    return read_html_text(decode(content, name))


def read_html_text(source: str) -> tuple[str, str]:
    reader = _Reader()
    source = _DOCUMENT_TYPE.sub("", source, count=1)
    for at in range(0, len(source), _FEED_CHARS):
        if reader.blocks.full:
            break
        reader.feed(source[at : at + _FEED_CHARS])
    else:
        reader.close()
    return label(reader.title), reader.blocks.result()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks = Blocks()
        self.title = ""
        self._unseen: list[str] = []
        self._lists = 0
        self._preformatted = False
        self._in_title = False
        self._after_space = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title":
            self._in_title = True
        if tag == "body":
            self._unseen.clear()  # a head that nobody closed
        if self._unseen or tag in _UNSEEN:
            if tag in _UNSEEN:
                self._unseen.append(tag)
            return
        if _BLOCK.fullmatch(tag):
            self._break()
        if tag in _HEADINGS:
            self.blocks.prefix = _HEADINGS[tag]
        match tag:
            case "ul" | "ol":
                self._lists += 1
            case "li":
                self.blocks.prefix = "  " * min(self._lists - 1, 8) + "- "
            case "br":
                self.blocks.write("\n")
                self._after_space = True
            case "pre":
                self._preformatted = True
            case "table":
                self.blocks.open_table()
            case "tr":
                self.blocks.open_row()
            case "td" | "th":
                self.blocks.end_open_cell()
                self._after_space = True
            case "img":
                if described := dict(attrs).get("alt"):
                    self.handle_data(f"[{described[:500]}]")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _UNSEEN and tag != "title":  # as in XHTML and SVG, where <script/> has no content
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        if self._unseen:
            if tag in self._unseen:
                del self._unseen[self._unseen.index(tag) :]
            return
        if _BLOCK.fullmatch(tag):
            self._break()
        match tag:
            case "ul" | "ol":
                self._lists = max(0, self._lists - 1)
            case "pre":
                self._preformatted = False
            case "td" | "th":
                self.blocks.close_cell()
                self._after_space = True
            case "table":
                self.blocks.close_table()
                self._after_space = True

    def handle_data(self, data: str) -> None:
        if self._in_title and len(self.title) < 1000:
            self.title += data
            return
        if self._unseen:
            return
        if not self._preformatted:
            data = _SPACE.sub(" ", data)
            if self._after_space:
                data = data.lstrip()
        if data:
            self.blocks.write(data)
            self._after_space = data[-1].isspace()

    def _break(self) -> None:
        self.blocks.end_paragraph()
        self._after_space = True
