"""What a file is, by its content; by its name and its MIME type only where the content leaves it open."""

from __future__ import annotations

import re
from typing import BinaryIO

from bridge.media.documents.readers.encoding import is_binary
from bridge.media.documents.readers.reading import Refused

HEAD_BYTES = 4096
_PDF_BYTES = 1024
"""The byte by which a PDF must begin (ISO 32000-1, implementation note 13 of PDF 1.7)."""
_PICTURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*", b"8BPS\x00\x01")
_ARCHIVES = (b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x1f\x8b", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAIL_FIELD = re.compile(
    rb"(?:Received|From|To|Cc|Subject|Date|Return-Path|Delivered-To|MIME-Version|Message-ID|X-[\w-]+|DKIM-Signature"
    rb"|Content-Type|ARC-[\w-]+|Reply-To|Authentication-Results|Sender|In-Reply-To|References): ?[^\r\n]*\r?\n"
    rb"(?:[ \t][^\r\n]*\r?\n)*",
    re.IGNORECASE,
)
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE)
_XML_PROLOGUE = re.compile(
    rb"(?:\s|<\?[^>]{0,200}\?>|<!--.{0,2000}?-->|<!doctype[^>\[]{0,300}>)*", re.IGNORECASE | re.DOTALL
)


def reader_of(file: BinaryIO, name: str, mime: str) -> tuple[str, str]:
    """Return the kind of the document and the module that reads it. Raises Refused."""
    head = file.read(HEAD_BYTES)
    file.seek(0)
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        from bridge.media.documents.readers.archive import kind_of

        return kind_of(file)
    binary = is_binary(head)
    if head.lstrip().startswith(b"%PDF-") or (b"%PDF-" in head[:_PDF_BYTES] and (binary or ending == "pdf")):
        return "pdf", "pdf"
    if head.startswith(_OLE):
        return _kind_of_ole(file)
    if head.startswith(b"{\\rtf"):
        return "rtf", "rtf"
    if head.startswith(_PICTURES) or (binary and _is_other_picture(head)):
        raise Refused("picture")
    if head.startswith(_ARCHIVES) or (binary and head.startswith(b"BZh")) or head[257:262] == b"ustar":
        raise Refused("archive")
    if binary:
        raise Refused("unsupported")
    return _kind_of_text(head, ending, mime)


def _is_other_picture(head: bytes) -> bool:
    heif = head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"avif")
    return heif or head.startswith(b"BM") or (head.startswith(b"RIFF") and head[8:12] == b"WEBP")


def _kind_of_ole(file: BinaryIO) -> tuple[str, str]:
    """Tell apart what shares the container of Office 97: names of its streams stand in it as UTF-16."""
    content = file.read()
    file.seek(0)

    def has(stream: str) -> bool:
        return f"{stream}\0".encode("utf-16-le") in content

    if has("EncryptedPackage"):
        raise Refused("encrypted")
    if has("WordDocument") or has("PowerPoint Document"):
        raise Refused("legacy")
    if has("Workbook") or has("Book"):
        return "spreadsheet", "binary_spreadsheet"
    raise Refused("unsupported")


def _kind_of_text(head: bytes, ending: str, mime: str) -> tuple[str, str]:
    text = head.removeprefix(b"\xef\xbb\xbf")
    prologue = _XML_PROLOGUE.match(text)
    root = text[prologue.end() if prologue else 0 :][:100].lower()
    if root.startswith(b"<svg") or b":svg" in root[:20] or (ending == "svg" and b"<" in root[:20]):
        return "svg", "html"
    if _HTML.match(text.lstrip()) or _HTML.match(root) or (ending in ("html", "htm", "xhtml") and b"<" in text):
        return "html", "html"
    if _is_mail(text, ending):
        return "mail", "mail"
    if ending in ("csv", "tsv") or mime in ("text/csv", "text/tab-separated-values"):
        return "csv", "plain"
    if root[:1] in (b"{", b"[") and (ending in ("json", "jsonl", "ndjson") or mime == "application/json"):
        return "json", "plain"
    return "text", "plain"


def _is_mail(text: bytes, ending: str) -> bool:
    text = re.sub(rb"\AFrom [^\r\n]*\r?\n", b"", text)  # as mailboxes begin
    names = set()
    at = 0
    while field := _MAIL_FIELD.match(text, at):
        names.add(text[at : text.index(b":", at)].lower())
        at = field.end()
    if ending in ("eml", "mht", "mhtml"):
        return bool(names)
    return len(names) >= 3 and b"from" in names
