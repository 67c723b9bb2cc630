"""Choices as an inline keyboard: short labels side by side, long ones each in a row of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.types import Button
from channels.kit.text import width

ROW_WIDTH = 30
"""Characters that the buttons of one row can show on a phone before they are cut."""
ROW_BUTTONS = 5
BUTTON_MARGIN = 2


def keyboard(buttons: Sequence[Button]) -> dict[str, Any]:
    """The `reply_markup`. The buttons of a row are equally wide, so its longest label decides what fits."""
    rows: list[list[Button]] = []
    for button in buttons:
        if rows and _fits([*rows[-1], button]):
            rows[-1].append(button)
        else:
            rows.append([button])
    return {
        "inline_keyboard": [[{"text": c.label or c.command, "callback_data": c.command} for c in row] for row in rows]
    }


def _fits(row: list[Button]) -> bool:
    widest = max(width(button.label) for button in row) + BUTTON_MARGIN
    return len(row) <= ROW_BUTTONS and len(row) * widest <= ROW_WIDTH
