"""A small picture of numbers by day. It holds no words, so that it reads the same in every language."""

from __future__ import annotations

import io
from collections.abc import Mapping

WIDTH, HEIGHT = 720, 280
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 16, 34
"""Pixels around the bars, for the labels."""
BACKGROUND, GRID, TEXT, BAR = "#ffffff", "#e3e6ea", "#5b6470", "#d6336c"
FONT_PIXELS = 14
GAP = 0.25
"""Of a bar's place, what is left free beside it."""
MAX_GRID_LINES = 5
"""Above the lowest."""
DAYS_PER_LABEL = 7


def draw_bars(numbers: Mapping[str, int]) -> bytes:
    """Draw one bar for each day (``2026-11-28``), in the order given; return the picture as a PNG file.

    Takes some 20 ms, and loads Pillow when it is first called.
    """
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(FONT_PIXELS)
    most = max(numbers.values(), default=0)
    step = _step(most)
    lines, floor = max(1, -(-most // step)), HEIGHT - BOTTOM
    top = step * lines
    for line in range(lines + 1):
        y = floor - line * (floor - TOP) / lines
        draw.line([(LEFT, y), (WIDTH - RIGHT, y)], GRID)
        draw.text((LEFT - 8, y), _short(line * step), TEXT, font, anchor="rm")
    place = (WIDTH - LEFT - RIGHT) / max(1, len(numbers))
    for at, (day, number) in enumerate(numbers.items()):
        left = LEFT + place * at
        if number:
            height = max(1.0, number / top * (floor - TOP))  # the least is seen as well
            right = left + place * (1 - GAP / 2) - 1
            draw.rectangle([left + place * GAP / 2, floor - height, right, floor - 1], BAR)
        if (len(numbers) - 1 - at) % DAYS_PER_LABEL == 0:
            draw.text((left + place / 2, floor + 8), day[5:], TEXT, font, anchor="mt")
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def _step(most: int) -> int:
    """Return the least of 1, 2 and 5 and ten times, a hundred times ... these, of which `MAX_GRID_LINES` reach
    `most`."""
    step, factors = 1, (2, 2.5, 2)
    for turn in range(60):
        if step * MAX_GRID_LINES >= most:
            break
        step = int(step * factors[turn % 3])
    return step


def _short(number: int) -> str:
    for unit, name in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= unit:
            return f"{number / unit:g}{name}"
    return str(number)
