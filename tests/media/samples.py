"""Pictures as phones, programs and people who mean harm make them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image

GPS = 0x8825
ORIENTATION, MAKER = 0x0112, 0x010F


def photo(width: int = 400, height: int = 300, *, turned: int = 1, format: str = "JPEG") -> bytes:
    """A photo whose left half is red and whose right half is blue, with all that a phone writes beside it."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = turned, "Cherry Phone"
    exif.get_ifd(GPS).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 36.0)})
    picture = Image.new("RGB", (width, height), "blue")
    picture.paste("red", (0, 0, width // 2, height))
    return saved(picture, format, exif=exif)


def saved(picture: Image.Image, format: str, **how: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, format, **how)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def claimed_png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG that says it is so large, whatever it holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def bomb_png(width: int, height: int) -> bytes:
    """A valid white PNG, which is thousands of times smaller than its pixels."""
    packer = zlib.compressobj(9)
    row = b"\x00" + b"\xff" * (3 * width)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return claimed_png(width, height, data)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
