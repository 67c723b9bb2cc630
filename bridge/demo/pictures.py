"""What the demo sees in a picture, and the pictures that it draws."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass

COLOURS: dict[str, tuple[int, int, int]] = {
    "black": (20, 20, 20),
    "grey": (128, 128, 128),
    "white": (240, 240, 240),
    "red": (210, 40, 40),
    "orange": (240, 140, 30),
    "yellow": (240, 220, 50),
    "green": (50, 160, 60),
    "blue": (40, 90, 200),
    "purple": (130, 60, 170),
    "pink": (240, 150, 180),
    "brown": (120, 80, 50),
}
MAX_PIXELS = 4_000_000
SIDE = 240
"""Pixels of a drawing's width and height."""


@dataclass(frozen=True, slots=True)
class Look:
    width: int
    height: int
    colour: str
    """The name in `COLOURS` of the one that most of it has."""


def look(content: bytes) -> Look | None:
    """See what is in a picture; None where it is none, or too large for a demo."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=["JPEG", "PNG", "WEBP", "GIF"]) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                return None
            small = picture.convert("RGB").resize((16, 16))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    shares = dict.fromkeys(COLOURS, 0)
    for count, pixel in small.getcolors(256) or ():
        shares[_nearest(pixel)] += count
    return Look(width, height, max(shares, key=lambda name: shares[name]))


def drawn(colour: str, *, square: bool) -> bytes:
    """Draw a circle, or a square, in one of `COLOURS` on white; return it as a PNG."""
    middle, reach = SIDE // 2, SIDE * 3 // 8
    paper, ink = bytes((255, 255, 255)), bytes(COLOURS[colour])
    rows = b""
    for y in range(SIDE):
        across = abs(y - middle)
        half = 0 if across > reach else reach if square else int((reach**2 - across**2) ** 0.5)
        rows += b"\0" + paper * (middle - half) + ink * (2 * half) + paper * (SIDE - middle - half)
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def _nearest(pixel: object) -> str:
    assert isinstance(pixel, tuple)
    return min(COLOURS, key=lambda name: sum((a - b) ** 2 for a, b in zip(COLOURS[name], pixel, strict=True)))
