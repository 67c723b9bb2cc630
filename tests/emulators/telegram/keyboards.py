"""Reply markup: inline keyboards, read as strictly as the server reads them and kept as it would give them back."""

from __future__ import annotations

from typing import Any

from .envelope import Arguments, bad_request
from .rules import Rules

_PASSIVE = ("keyboard", "remove_keyboard", "force_reply")


def read_keyboard(args: Arguments, rules: Rules) -> dict[str, Any] | None:
    """The `reply_markup` argument; None where there is none or it is empty. Raises ApiError 400."""
    if not args.text("reply_markup"):
        return None
    given = args.structure("reply_markup")
    if not isinstance(given, dict):
        raise bad_request("object expected as reply markup")
    rows = given.get("inline_keyboard")
    if rows is None:
        passive = {name: given[name] for name in _PASSIVE if given.get(name)}
        return passive or None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    kept = [[_button(button, rules) for button in row] for row in rows if row]
    if sum(map(len, kept)) > rules.buttons_max:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    return {"inline_keyboard": kept} if kept else None


def _button(given: Any, rules: Rules) -> dict[str, str]:
    def refuse(reason: str) -> Exception:
        return bad_request(f"can't parse inline keyboard button: {reason}")

    if not isinstance(given, dict):
        raise refuse("InlineKeyboardButton must be an Object")
    for name in ("text", "url", "callback_data"):
        if name in given and not isinstance(given[name], str):
            raise refuse(f'Field "{name}" must be of type String')
    if not given.get("text", "").strip():
        raise refuse('Can\'t find field "text"')
    if given.get("url"):
        return {"text": given["text"], "url": given["url"]}
    if not given.get("callback_data"):
        raise refuse("Text buttons are unallowed in the inline keyboard")
    if len(given["callback_data"].encode()) > rules.data_bytes:
        raise bad_request("BUTTON_DATA_INVALID")
    return {"text": given["text"], "callback_data": given["callback_data"]}


def find_button(markup: dict[str, Any] | None, label: str) -> dict[str, str] | None:
    for row in (markup or {}).get("inline_keyboard", ()):
        for button in row:
            if button["text"] == label:
                found: dict[str, str] = button
                return found
    return None


def labels(markup: dict[str, Any] | None) -> list[str]:
    """What the buttons read, row by row."""
    return [button["text"] for row in (markup or {}).get("inline_keyboard", ()) for button in row]
