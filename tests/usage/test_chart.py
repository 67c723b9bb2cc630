"""The picture: bars as high as their numbers."""

from __future__ import annotations

import io

from PIL import Image

from bridge.usage import draw_bars
from bridge.usage.chart import BAR, BOTTOM, HEIGHT, TOP


def heights(picture: bytes) -> list[int]:
    """The heights of the bars in pixels, from the left."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    colour = tuple(bytes.fromhex(BAR[1:]))
    found, inside = [], False
    for x in range(image.width):
        height = sum(image.getpixel((x, y)) == colour for y in range(image.height))
        if height and not inside:
            found.append(height)
        inside = bool(height)
    return found


def test_bars_are_as_high_as_their_numbers() -> None:
    bars = heights(draw_bars({"2026-11-26": 50, "2026-11-27": 0, "2026-11-28": 100}))
    assert len(bars) == 2
    assert abs(bars[1] - 2 * bars[0]) <= 2
    assert abs(bars[1] - (HEIGHT - BOTTOM - TOP)) <= 2, "the highest fills the picture"


def test_the_least_is_seen_beside_the_most() -> None:
    assert min(heights(draw_bars({"2026-11-27": 1, "2026-11-28": 10**9}))) == 1


def test_nothing_at_all_can_be_drawn() -> None:
    assert heights(draw_bars({})) == heights(draw_bars({"2026-11-28": 0})) == []


def test_the_picture_is_small() -> None:
    assert len(draw_bars({f"2026-11-{day:02}": day * 997 for day in range(1, 31)})) < 20_000
