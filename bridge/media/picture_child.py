"""Run by itself in a process of its own: read a picture, write a smaller one without metadata.

It imports nothing of the bridge, so that it starts quickly and holds nothing worth taking.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import Any

FORMATS = ["JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "AVIF", "HEIF"]
QUALITIES = (88, 78, 65, 50, 38)
SMALLEST_EDGE = 64


class Fault(Exception):
    """What is wrong with the picture, in one word."""


def limit(memory_bytes: int, seconds: int) -> None:
    """Where the system has such limits, this process ends beyond them."""
    try:
        import resource
    except ImportError:
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def scale(file: Any, *, edge: int, max_bytes: int, max_pixels: int) -> tuple[dict[str, Any], bytes]:
    """Return what the picture is now, and its content."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # the limit below is stricter, and is told in words
    picture: Image.Image
    with Image.open(file, formats=_formats(file.peek(32)[:32])) as picture:
        width, height = picture.size
        # A JPEG is decoded at an eighth of its size where that is enough; any other picture takes all its pixels.
        if width * height > max_pixels * (8 if picture.format in ("JPEG", "MPO") else 1):
            raise Fault("pixels")
        small = picture.format == "PNG" and max(width, height) <= edge
        picture.draft("RGB", (edge, edge))
        picture = ImageOps.exif_transpose(picture)
        picture.thumbnail((edge, edge), Image.Resampling.LANCZOS, reducing_gap=2.0)
        picture = _opaque(picture)
        if small and len(content := _saved(picture, "PNG", optimize=True)) <= min(max_bytes, 300_000):
            return _told("image/png", picture), content
        while True:
            for quality in QUALITIES:
                content = _saved(picture, "JPEG", quality=quality, optimize=True)
                if len(content) <= max_bytes:
                    return _told("image/jpeg", picture), content
            if max(picture.size) <= SMALLEST_EDGE:
                raise Fault("too_much")
            picture.thumbnail((picture.width * 3 // 4, picture.height * 3 // 4), Image.Resampling.LANCZOS)


def _formats(head: bytes) -> list[str]:
    """Return the names of the formats to try, which is less than Pillow knows."""
    from PIL import Image

    Image.init()
    if head[4:8] == b"ftyp" and head[8:12] != b"avif":
        with contextlib.suppress(ImportError):
            from pillow_heif import register_heif_opener

            register_heif_opener()
    return [format for format in FORMATS if format in Image.OPEN]


def _opaque(picture: Any) -> Any:
    """On white, in plain RGB: models and JPEG know no transparency."""
    from PIL import Image

    if picture.mode.startswith(("I", "F")):
        picture = picture.point(lambda value: value / 256).convert("L")
    if "transparency" in picture.info or picture.mode in ("RGBA", "LA", "PA"):
        layer = picture.convert("RGBA")
        picture = Image.new("RGB", layer.size, "white")
        picture.paste(layer, mask=layer)
    plain = picture.convert("RGB")
    plain.info.clear()
    return plain


def _saved(picture: Any, format: str, **how: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, format, **how)
    return out.getvalue()


def _told(mime: str, picture: Any) -> dict[str, Any]:
    return {"mime": mime, "width": picture.width, "height": picture.height}


def main() -> None:
    request = json.loads(sys.stdin.buffer.read())
    limit(request["memory_bytes"], request["seconds"])
    body = b""
    try:
        with open(request["path"], "rb") as file:
            told, body = scale(
                file,
                edge=request["edge"],
                max_bytes=request["max_bytes"],
                max_pixels=request["max_pixels"],
            )
    except Fault as fault:
        told = {"error": str(fault)}
    except MemoryError:
        told = {"error": "memory"}
    except Exception:  # noqa: BLE001 - decoders raise whatever they like at what others made
        told = {"error": "broken"}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + body)


if __name__ == "__main__":
    main()
