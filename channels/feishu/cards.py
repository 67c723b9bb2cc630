"""Cards in Feishu's JSON 2.0: one text, the buttons under it, and the setting that lets the text be streamed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.types import Button

TEXT = "text"
"""The element that holds the text."""
MAX_BUTTONS = 30
"""A card holds 200 elements at most; a button takes three, and the JSON of so many fits beside a short text."""
PRINTING = {
    "print_frequency_ms": {"default": 50},
    "print_step": {"default": 3},
    "print_strategy": "fast",
}
"""How the app types out what comes: faster than models write; `fast` shows the rest at once when more comes."""


def card(
    markdown: str,
    *,
    summary: str,
    streaming: bool = False,
    buttons: Sequence[Button] = (),
    origin: Mapping[str, str] | None = None,
) -> str:
    """A card's JSON. `origin` comes back with a pressed button, to tell which post it belongs to."""
    config: dict[str, Any] = {"update_multi": True, "streaming_mode": streaming, "summary": {"content": summary}}
    if streaming:
        config["streaming_config"] = PRINTING
    elements: list[dict[str, Any]] = [{"tag": "markdown", "element_id": TEXT, "content": markdown}]
    if buttons:
        columns = [_column(button, origin or {}) for button in buttons]
        elements.append({"tag": "column_set", "flex_mode": "flow", "columns": columns})
    return dumps({"schema": "2.0", "config": config, "body": {"elements": elements}})


def settings(*, streaming: bool, summary: str) -> str:
    config: dict[str, Any] = {"streaming_mode": streaming, "summary": {"content": summary}}
    if streaming:
        config["streaming_config"] = PRINTING
    return dumps({"config": config})


def post(text: str) -> str:
    """A rich-text message with Markdown in it, for when no card can be had."""
    return dumps({"zh_cn": {"content": [[{"tag": "md", "text": text}]]}})


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _column(button: Button, origin: Mapping[str, str]) -> dict[str, Any]:
    element = {
        "tag": "button",
        "text": {"tag": "plain_text", "content": button.label},
        "behaviors": [{"type": "callback", "value": {"command": button.command, **origin}}],
    }
    return {"tag": "column", "width": "auto", "elements": [element]}
