"""How each platform's app looks, soberly: colours, corners, and where the buttons are. None of its art."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Skin:
    wall: str
    """Behind the messages."""
    bar: str
    """The header, and the line in which one types."""
    ink: str
    pale: str
    accent: str
    """Links, the send button, the bot's picture."""
    mine: str
    theirs: str
    edge: str
    """Around the bot's messages; the fill where there is none."""
    code: str
    """Behind code."""
    code_ink: str
    button: str
    button_ink: str
    button_edge: str
    pressed: str
    radius: float
    within: bool
    """Whether buttons are inside of the message, side by side; below it and as wide, otherwise."""
    pictures: bool
    """Whether a picture stands beside each message."""
    widest: float
    """Of a message."""


TELEGRAM = Skin(
    wall="#c9d9e3",
    bar="#ffffff",
    ink="#14202b",
    pale="#7d8c99",
    accent="#2f86c9",
    mine="#e4f9d2",
    theirs="#ffffff",
    edge="#ffffff",
    code="#eff3f6",
    code_ink="#a03d57",
    button="#8fa9b9",
    button_ink="#ffffff",
    button_edge="#8fa9b9",
    pressed="#5f7f93",
    radius=13,
    within=False,
    pictures=False,
    widest=330,
)
FEISHU = Skin(
    wall="#f4f5f7",
    bar="#ffffff",
    ink="#1f2329",
    pale="#8f959e",
    accent="#3366e6",
    mine="#d3e3fd",
    theirs="#ffffff",
    edge="#dee0e3",
    code="#f2f3f5",
    code_ink="#37517e",
    button="#ffffff",
    button_ink="#1f2329",
    button_edge="#c9cdd4",
    pressed="#dfe8fb",
    radius=8,
    within=True,
    pictures=True,
    widest=318,
)
