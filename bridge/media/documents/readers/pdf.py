"""PDF, by PDFium, the library of Chrome: text page by page; pages without text as pictures."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

import pypdfium2 as pdfium
from PIL import Image, JpegImagePlugin  # noqa: F401 - the writer of JPEG, before no file may be opened any more

from bridge.media.documents.readers.reading import Document, Page, Refused, without_gaps

MAX_EDGE = 1568
"""Pixels of a page's longer edge; the largest that models of Anthropic see without scaling down themselves."""
QUALITY = 80
_PASSWORD_ERROR = 4  # FPDF_ERR_PASSWORD


class _Pages(Document):
    unit = "page"

    def __init__(self, kind: str, content: bytes) -> None:
        super().__init__(kind)
        try:
            self._pdf = pdfium.PdfDocument(content)
        except pdfium.PdfiumError as error:
            raise Refused("encrypted" if error.err_code == _PASSWORD_ERROR else "broken") from error
        self.total = len(self._pdf)
        if not self.total:
            raise Refused("broken")

    def page(self, number: int, room: int, *, picture: bool) -> Page:
        heading = f"Page {number}"
        try:
            page = self._pdf[number - 1]
        except pdfium.PdfiumError:
            return Page("", f"{heading} (damaged)")
        try:
            text = _text(page)
            if text or not picture:
                return Page(text, heading)
            return Page("", heading, picture=_picture(page))
        finally:
            page.close()


def _text(page: Any) -> str:
    textpage = page.get_textpage()
    try:
        text: str = textpage.get_text_range()
    finally:
        textpage.close()
    # PDFium marks a hyphen at the end of a line as U+FFFE or U+0002.
    text = text.replace("\r\n", "\n").replace("\ufffe\n", "").replace("\x02\n", "").replace("\x02", "")
    return without_gaps(text.strip("\n"))


def _picture(page: Any) -> bytes:
    """Return the page as a grey JPEG; empty where nothing is on it."""
    width, height = page.get_size()
    if next(page.get_objects(max_depth=1), None) is None or min(width, height) <= 0:
        return b""
    scale = MAX_EDGE / max(width, height)
    if min(width, height) * scale < 1:
        return b""
    bitmap = page.render(scale=scale, may_draw_forms=False)
    out = io.BytesIO()
    bitmap.to_pil().convert("RGB").save(out, "JPEG", quality=QUALITY)
    bitmap.close()
    return out.getvalue()


def open_document(file: BinaryIO, kind: str) -> Document:
    return _Pages(kind, file.read())
