"""The folded panel above a text: a model's reasoning, the steps it took. The text comes first; it gets what is left."""

from __future__ import annotations

import re
from typing import Any

from channels.feishu import markdown

ELEMENT = "aside"
"""The element that holds the Markdown in the panel."""
MAX_STREAMING_BYTES = 3 * 1024
"""Of the card's JSON, while the text still grows; what is left of the card is then for the text."""
MAX_LINE_LENGTH = 80
"""Characters."""
MIN_CUT_LENGTH = 50
"""Characters; the beginning of an aside that is shorter than this is not worth a panel."""
_TABLE_RULE = re.compile(r"^(?=.*\|)[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$", re.MULTILINE)


def fit(text: str, max_bytes: int) -> str:
    """Return `text` as the panel's Markdown element takes it: without tables, of which a card holds three in all.

    It is cut to `max_bytes` of a request (see `nested_bytes`).
    """
    # Rendering hardly ever shortens a text, so no more than this of it can be shown.
    text = text.strip()[: max(0, 2 * max_bytes)]
    return cut(markdown.render(_TABLE_RULE.sub(lambda rule: rule[0].replace("|", "│"), text)), max_bytes)


def is_line(content: str) -> bool:
    """Whether `content` is a single short line, which stands there as it is: a fold would hide all there is."""
    return len(content) <= MAX_LINE_LENGTH and "\n" not in content


def element(content: str, title: str) -> dict[str, Any]:
    """A small line, or a panel that is folded until somebody opens it.

    See card-json-v2-components/containers/collapsible-panel.
    """
    shown = {"tag": "markdown", "element_id": ELEMENT, "content": content, "text_size": "notation"}
    if is_line(content):
        return shown
    return {
        "tag": "collapsible_panel",
        "expanded": False,
        "header": {
            "title": {"tag": "plain_text", "content": title},
            "icon": {"tag": "standard_icon", "token": "down-small-ccm_outlined", "size": "16px 16px"},
            "icon_position": "follow_text",
            "icon_expanded_angle": -180,
        },
        "elements": [shown],
    }


def cut(content: str, max_bytes: int) -> str:
    """As much of `content` as fits into `max_bytes` (see `nested_bytes`), with an ellipsis where that is not all."""
    if nested_bytes(content) <= max_bytes:
        return content
    fits, too_much = 0, min(len(content), max_bytes)
    while fits + 1 < too_much:
        middle = (fits + too_much) // 2
        if nested_bytes(content[:middle] + "…") <= max_bytes:
            fits = middle
        else:
            too_much = middle
    return content[:fits].rstrip() + "…" if fits >= MIN_CUT_LENGTH else ""


def nested_bytes(text: str) -> int:
    """What `text` takes in a request: it stands in the JSON of a card, which stands in the JSON of the request."""
    escapes = sum(map(text.count, ('"', "\\"))) * 3 + text.count("\n") * 2 + text.count("\t") * 2
    return len(text.encode()) + escapes
