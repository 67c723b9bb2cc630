"""Cards in Feishu's JSON 2.0: a folded aside, one text, the buttons under it, and the setting that lets it stream."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.types import Button
from channels.feishu import aside

TEXT = "text"
"""The element that holds the text."""
MAX_CARD_BYTES = 30 * 1024
"""Of the request that carries a card (im-v1/message/patch, cardkit-v1/card/create)."""
REQUEST_BYTES = 512
"""For what else stands in that request: ids, a sequence, the type."""
MAX_BUTTONS = 30
"""A card holds 200 elements at most; a button takes three, and the JSON of so many fits beside a short text."""
PRINTING = {
    "print_frequency_ms": {"default": 50},
    "print_step": {"default": 3},
    "print_strategy": "fast",
}
"""How the app types out what comes: faster than models write; `fast` shows the rest at once when more comes."""


def card(
    text: str,
    *,
    summary: str,
    streaming: bool = False,
    buttons: Sequence[Button] = (),
    origin: Mapping[str, str] | None = None,
    aside_text: str = "",
    aside_title: str = "",
) -> str:
    """A card's JSON; `text` is Markdown as Feishu takes it, the aside is cut to what that leaves of the card.

    `origin` comes back with a pressed button, to tell which post it belongs to.
    """
    config: dict[str, Any] = {"update_multi": True, "streaming_mode": streaming, "summary": {"content": summary}}
    if streaming:
        config["streaming_config"] = PRINTING
    elements: list[dict[str, Any]] = [{"tag": "markdown", "element_id": TEXT, "content": text}]
    if buttons:
        columns = [_column(button, origin or {}) for button in buttons]
        elements.append({"tag": "column_set", "flex_mode": "flow", "columns": columns})
    whole = {"schema": "2.0", "config": config, "body": {"elements": elements}}
    if not aside_text.strip():
        return dumps(whole)
    elements.insert(0, aside.element("\n", aside_title))
    room = MAX_CARD_BYTES - REQUEST_BYTES - len(dumps(dumps(whole)).encode())
    shown = aside.fit(aside_text, min(room, aside.MAX_STREAMING_BYTES) if streaming else room)
    if shown:
        elements[0] = aside.element(shown, aside_title)
    else:
        del elements[0]
    return dumps(whole)


def settings(*, streaming: bool, summary: str) -> str:
    config: dict[str, Any] = {"streaming_mode": streaming, "summary": {"content": summary}}
    if streaming:
        config["streaming_config"] = PRINTING
    return dumps({"config": config})


def post(*paragraphs: Sequence[Mapping[str, str]]) -> str:
    """A rich-text message; each paragraph is a list of its elements."""
    return dumps({"zh_cn": {"content": paragraphs}})


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _column(button: Button, origin: Mapping[str, str]) -> dict[str, Any]:
    element = {
        "tag": "button",
        "text": {"tag": "plain_text", "content": button.label},
        "behaviors": [{"type": "callback", "value": {"command": button.command, **origin}}],
    }
    return {"tag": "column", "width": "auto", "elements": [element]}
