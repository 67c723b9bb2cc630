"""PDF, by PDFium, the library of Chrome: text page by page; pages without text as pictures."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

import pypdfium2 as pdfium
from PIL import Image, JpegImagePlugin  # noqa: F401 - the writer of JPEG, before no file may be opened any more

from bridge.media.documents.readers.reading import Document, Page, Refused, without_gaps

MAX_EDGE = 1568
"""Pixels of a page's longer edge; the largest that models of Anthropic see without scaling down themselves."""
QUALITIES = (80, 50, 25)
MAX_PICTURE_BYTES = 1_500_000
"""The second and third quality are for pages that have more at the first; most have a third of it."""
MAX_MARK_CHARS = 60
"""Text on a scanned page that does not make it a page of text: ``Scanned with CamScanner``, a page number."""
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
            scan = _is_scan(page, text)
            return Page(text, heading, scan=scan, picture=_picture(page) if scan and picture else b"")
        finally:
            page.close()


def _is_scan(page: Any, text: str) -> bool:
    """Whether a page is to be seen, not read: without text, or with a scanner's mark over a picture of the whole."""
    if len(text) > MAX_MARK_CHARS:
        return False
    if not text.strip():
        return next(page.get_objects(max_depth=1), None) is not None
    width, height = page.get_size()
    for image in page.get_objects(filter=[pdfium.raw.FPDF_PAGEOBJ_IMAGE], max_depth=2):
        left, bottom, right, top = image.get_bounds()
        if (right - left) * (top - bottom) > width * height / 2:
            return True
    return False


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
    """Return the page as a JPEG; empty where it is too narrow to be drawn."""
    width, height = page.get_size()
    scale = MAX_EDGE / max(width, height, 1)
    if min(width, height) * scale < 1:
        return b""
    bitmap = page.render(scale=scale, may_draw_forms=False)
    image = bitmap.to_pil().convert("RGB")
    bitmap.close()
    content = b""
    for quality in QUALITIES:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        content = out.getvalue()
        if len(content) <= MAX_PICTURE_BYTES:
            return content
    return b""


def open_document(file: BinaryIO, kind: str) -> Document:
    return _Pages(kind, file.read())
