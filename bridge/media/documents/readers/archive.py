"""ZIP files, opened only where what they claim to hold is bounded; and which document such a file is."""

from __future__ import annotations

import re
import struct
from typing import IO, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from bridge.media.documents.readers.reading import Refused

MAX_MEMBERS = 20_000
MAX_TOTAL_BYTES = 512_000_000
"""Unpacked, by what the archive says; no more than it says is unpacked of a member."""
MAX_MEMBER_BYTES = 256_000_000
MAX_RATIO, RATIO_BYTES = 300, 10_000_000
"""A member of more bytes than that may not be packed tighter. Sheets of a million like rows reach 150, zeros 1,000."""

_END = b"PK\x05\x06"
_OFFICE = (
    (re.compile(r"word/document\d*\.xml"), "word", "word"),
    (re.compile(r"xl/workbook\d*\.xml"), "spreadsheet", "spreadsheet"),
    (re.compile(r"ppt/presentation\d*\.xml"), "slides", "slides"),
)


class Archive:
    """A ZIP file. Names of members are only looked up; nothing is unpacked to a path."""

    def __init__(self, file: BinaryIO) -> None:
        """Raises Refused where the archive is damaged, encrypted, or holds too much."""
        if _count(file) > MAX_MEMBERS:
            raise Refused("bomb")
        self._zip = ZipFile(file)
        total = 0
        self.names: dict[str, str] = {}
        for member in self._zip.infolist():
            total += member.file_size
            packed = max(1, member.compress_size)
            tight = member.file_size > RATIO_BYTES and member.file_size > MAX_RATIO * packed
            if tight or total > MAX_TOTAL_BYTES or len(self.names) > MAX_MEMBERS:
                raise Refused("bomb")
            if member.flag_bits & 0x1:
                raise Refused("encrypted")
            self.names.setdefault(member.filename.replace("\\", "/").lstrip("/").lower(), member.filename)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self.names

    def find(self, pattern: re.Pattern[str]) -> str:
        """Return the first name that matches, in small letters; empty where none does."""
        return next((name for name in self.names if pattern.fullmatch(name)), "")

    def open(self, name: str) -> IO[bytes]:
        """Open a member to read it bit by bit. Raises Refused."""
        if name not in self:
            raise Refused("broken")
        member = self._zip.getinfo(self.names[name.lower()])
        if member.file_size > MAX_MEMBER_BYTES:
            raise Refused("bomb")
        if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise Refused("broken")
        return self._zip.open(member)

    def read(self, name: str, most: int) -> bytes:
        """Read a small member whole. Raises Refused where it has more than `most` bytes."""
        with self.open(name) as member:
            content = member.read(most + 1)
        if len(content) > most:
            raise Refused("bomb")
        return content


def kind_of(file: BinaryIO) -> tuple[str, str]:
    """Return the kind of document that a ZIP file is, and the module that reads it. Raises Refused."""
    archive = Archive(file)
    mimetype = archive.read("mimetype", 1000).strip() if "mimetype" in archive else b""
    file.seek(0)
    if mimetype == b"application/epub+zip" or "meta-inf/container.xml" in archive:
        return "epub", "epub"
    if mimetype.startswith(b"application/vnd.oasis.opendocument."):
        return "opendocument", "opendocument"
    if "[content_types].xml" in archive:
        for pattern, kind, module in _OFFICE:
            if archive.find(pattern):
                return kind, module
        if "xl/workbook.bin" in archive:
            return "spreadsheet", "binary_spreadsheet"
        raise Refused("unsupported")
    raise Refused("unsupported" if "index/document.iwa" in archive else "archive")  # Apple's Pages and the like


def _count(file: BinaryIO) -> int:
    """How many members the end of the archive speaks of; 0 where there is none that could be read."""
    file.seek(0, 2)
    file.seek(max(0, file.tell() - (1 << 16) - 22))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 12:
        return 0
    return int(struct.unpack_from("<H", tail, at + 10)[0])
