"""Bytes to text, whatever the encoding."""

from __future__ import annotations

import codecs
import re

DETECT_BYTES = 64_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CJK = ("gb18030", "big5hkscs", "cp932", "cp949", "euc_jp")
_CANDIDATES = ("GB18030", "Big5", "cp932", "cp949", "EUC-JP", "cp1252", "cp1251", "cp1250", "cp1253", "KOI8-R")
_ALIASES = {"big5": "big5hkscs", "gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "ascii": "utf-8"}
_BINARY_CONTROL = re.compile(rb"[\x01-\x06\x0e-\x1a\x1c-\x1f]")


def decode(content: bytes, declared: str = "") -> str:
    """Return the text, in the `declared` encoding where it fits, else in the one that fits best."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    if wide := _wide(content):
        return content.decode(wide, "replace")
    declared = _ALIASES.get(declared.lower(), declared)
    if declared.lower().startswith(("utf-16", "utf-32")):  # then it would have a mark or zeros
        declared = ""
    for encoding in filter(None, (declared, "utf-8")):
        try:
            return content.decode(encoding)
        except (UnicodeError, LookupError):
            pass
    if content.isascii() or _is_utf8(content):
        return content.decode("utf-8", "replace")
    return content.decode(_detected(content), "replace")


def is_binary(head: bytes) -> bool:
    """Whether these first bytes are no text in any encoding."""
    if head.startswith(tuple(mark for mark, _ in _MARKS)) or _wide(head):
        return False
    controls = len(_BINARY_CONTROL.findall(head)) + head.count(0)
    return controls > len(head) // 50 and controls > 3 + head.count(0) // 2


def _wide(content: bytes) -> str:
    """Name the UTF-16 that has no mark; empty where it is none. Latin text has a zero in every second byte."""
    head = content[:2000]
    if len(head) < 4 or b"\0" not in head:
        return ""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > len(head) * 0.2 and even < odd * 0.1:
        return "utf-16-le"
    if even > len(head) * 0.2 and odd < even * 0.1:
        return "utf-16-be"
    return ""


def _is_utf8(content: bytes) -> bool:
    """Whether the text is UTF-8 but for a few damaged bytes."""
    sample = content[:DETECT_BYTES]
    damaged = sample.decode("utf-8", "replace").count("\ufffd")
    others = sum(byte >= 0xC0 for byte in sample)
    return damaged * 20 < others


def _detected(content: bytes) -> str:
    from chardet import EncodingEra, detect

    sample = _with_other_bytes(content)
    found = detect(sample, encoding_era=EncodingEra.ALL, compat_names=False, include_encodings=_CANDIDATES)["encoding"]
    name = (found or "cp1252").lower().replace("-", "_")
    name = _ALIASES.get(name, name)
    if name in _CJK or name == "cp1252":
        return name
    # A few accents between many plain letters are Western; Cyrillic and Greek texts have few plain letters.
    letters = sum(chr(byte).isalpha() for byte in sample if byte < 128)
    return "cp1252" if sum(byte >= 128 for byte in sample) * 3 < letters else name


def _with_other_bytes(content: bytes) -> bytes:
    """Take a sample from where the text is more than ASCII, such as a comment far down in source code."""
    other = re.search(rb"[\x80-\xff]", content)
    assert other is not None, "else it is UTF-8"
    start = content.rfind(b"\n", 0, other.start()) + 1
    return content[start : start + DETECT_BYTES]
