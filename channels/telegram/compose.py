"""What a message of ours shows: its text, with the aside folded away above it.

The text comes first in everything: `Limits.measure` counts it alone, so the aside gets the characters and the
entities that the text leaves, and is cut where that is too little.
"""

from __future__ import annotations

import json
from typing import Any

from bridge.shorten import shorten
from bridge.types import Body
from channels.telegram.markdown import MAX_ENTITIES, MAX_ENTITY_BYTES, MAX_LENGTH, Content, plain, render

MIN_ASIDE_LENGTH = 40
"""Where the text leaves fewer characters than this, the aside is left out."""
MAX_CAPTION_LENGTH = 1024
"""Code points of a caption (Bot API, sendPhoto; tdlib/td counts code points, MessageContent.cpp)."""

_QUOTES = ("blockquote", "expandable_blockquote")


def compose(body: Body) -> Content:
    """The message's text and entities.

    The aside is an expandable quote, which clients fold to three lines (Bot API, MessageEntity). Quotes cannot be
    nested, so a quote within it loses its bar.
    """
    text = render(body.text)
    aside = _cut(body.aside.strip(), MAX_LENGTH - len(text.text) - 1)
    if not aside.text:
        return text
    if not text.text.strip():
        return Content(aside.text, _folded(aside, []))
    shift = _units(aside.text) + 1
    below = [entity | {"offset": entity["offset"] + shift} for entity in text.entities]
    return Content(f"{aside.text}\n{text.text}", _folded(aside, below))


def caption(alt: str) -> str:
    """A file's caption, cut to what Telegram takes."""
    return shorten(plain(alt.strip()).text, MAX_CAPTION_LENGTH)


def _cut(markdown: str, room: int) -> Content:
    """`markdown` rendered within `room` code points, with an ellipsis where something is left out."""
    if not markdown or room < MIN_ASIDE_LENGTH:
        return Content("")
    content = render(markdown[:MAX_LENGTH])
    if len(markdown) <= MAX_LENGTH and len(content.text) <= room:
        return content
    text = content.text[: room - 1].rstrip()
    end = _units(text)
    kept = [
        entity | {"length": min(entity["length"], end - entity["offset"])}
        for entity in content.entities
        if entity["offset"] < end
    ]
    return Content(f"{text}…", kept)


def _folded(aside: Content, below: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entities of both: the quote, those of the text, and of the aside's own as many as still fit."""
    quote = {"type": "expandable_blockquote", "offset": 0, "length": _units(aside.text)}
    inside: list[dict[str, Any]] = []
    room = MAX_ENTITY_BYTES - _size([quote, *below])
    for entity in aside.entities:
        room -= _size([entity])
        if len(inside) + len(below) + 1 >= MAX_ENTITIES or room < 0:
            break
        if entity["type"] not in _QUOTES:
            inside.append(entity)
    return [quote, *inside, *below][:MAX_ENTITIES]


def _size(entities: list[dict[str, Any]]) -> int:
    return len(json.dumps(entities, separators=(",", ":")))


def _units(text: str) -> int:
    """The length in UTF-16 units, in which entities are placed."""
    return len(text) + sum(char > "\uffff" for char in text)
