"""Pictures become upright, small and free of what a phone wrote into them; hostile ones cost a child process."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bridge.media import Unreadable
from bridge.media.pictures import MAX_EDGE, Scaled, scaled, shrunk
from tests.media.samples import bomb_png, claimed_png, opened, photo, saved


async def read(tmp_path: Path, content: bytes) -> Scaled:
    file = tmp_path / "content"
    file.write_bytes(content)
    return await scaled(file, name="name")


async def test_a_photo_is_turned_scaled_and_tells_no_place(tmp_path: Path) -> None:
    content = photo(4000, 3000, turned=6)  # the phone was held upright: what it wrote as left is at the top
    assert b"Cherry Phone" in content
    result = await read(tmp_path, content)
    picture = opened(result.content)
    assert (result.mime, picture.format, picture.size) == ("image/jpeg", "JPEG", (MAX_EDGE * 3 // 4, MAX_EDGE))
    assert not picture.getexif()
    assert b"Cherry Phone" not in result.content and b"Exif" not in result.content
    top, bottom = picture.getpixel((500, 100)), picture.getpixel((500, 1500))
    assert isinstance(top, tuple) and isinstance(bottom, tuple)
    assert top[0] > 200 > 60 > top[2] and bottom[2] > 200 > 60 > bottom[0]


@pytest.mark.parametrize("format", ["PNG", "WEBP", "GIF", "BMP", "AVIF", "HEIF"])
async def test_each_format_is_read(tmp_path: Path, format: str) -> None:
    if format == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    content = saved(Image.new("RGB", (64, 48), "green"), format)
    result = await read(tmp_path, content)
    assert opened(result.content).size == (64, 48)
    assert result.mime in ("image/png", "image/jpeg")


async def test_what_is_transparent_stands_on_white(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (2000, 20), (0, 0, 0, 0))
    for mode in ("RGBA", "LA", "P"):
        result = await read(tmp_path, saved(picture.convert(mode), "PNG"))
        pixel = opened(result.content).convert("RGB").getpixel((5, 5))
        assert pixel == (255, 255, 255), mode


async def test_a_moving_picture_shows_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue", "blue")]
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    pixel = opened((await read(tmp_path, content)).content).convert("RGB").getpixel((5, 5))
    assert isinstance(pixel, tuple) and pixel[0] > 240 and pixel[2] < 10


async def test_a_picture_fits_where_it_has_to() -> None:
    noise = saved(Image.effect_noise((1500, 1000), 90).convert("RGB"), "JPEG", quality=95)
    result = await shrunk(noise, 20_000)
    assert len(result.content) <= 20_000
    assert opened(result.content).format == "JPEG"


HOSTILE = {
    "50,000 pixels a side, and no content": (claimed_png(50_000, 50_000), "pixels"),
    "a bomb of 144 million pixels": (bomb_png(12_000, 12_000), "pixels"),
    "cut in the middle": (photo(2000, 2000, format="PNG")[:3000], "broken"),
    "not a picture": (b"%PDF-1.7\n%%EOF", "broken"),
    "a script in SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "broken"),
    "PostScript, which is a program": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "broken"),
    "a JPEG that is larger than any": (photo().replace(b"\x01\x2c\x01\x90", b"\xff\xdc\xff\xdc"), "pixels"),
    "nothing but noise": (os.urandom(100_000), "broken"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_is_hostile_is_named_and_harmless(tmp_path: Path, name: str) -> None:
    content, kind = HOSTILE[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Unreadable) as refused:
        await read(tmp_path, content)
    assert refused.value.kind == kind
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "kB, in this process"
    assert (await read(tmp_path, photo())).mime == "image/jpeg", "the next one is read"


async def test_the_largest_that_is_taken_leaves_us_small(tmp_path: Path) -> None:
    content = bomb_png(7000, 7000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    results = await asyncio.gather(*(read(tmp_path, content) for _ in range(3)))
    assert {each.width for each in results} == {MAX_EDGE}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


def test_nothing_of_it_is_loaded_before_it_is_used() -> None:
    heavy = "PIL", "pillow_heif", "pypdfium2", "chardet", "bridge.media.document"
    code = f"import sys, bridge.app; print([name for name in {heavy!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
