"""The buttons under an answer that is complete: what can be done about it with a thumb."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.reply import Draft
from bridge.store import ButtonLevel
from bridge.turn.footer import end_reason, helps_to_retry
from bridge.turn.plan import Plan
from bridge.types import Button
from bridge.words import Words


def answer_buttons(
    draft: Draft, plan: Plan, key: str, level: ButtonLevel, words: Words, *, typed: bool
) -> Sequence[Button]:
    """Return the buttons under an answer, whose turn key is `key`.

    With `few`, those of most use: once more, go on where it did not end by itself, and the other versions. With
    `typed` the platform has no buttons, and what is to be sent instead is told only where something went wrong.
    """
    stays = plan.stands if plan.shows is not None or draft.is_empty else None
    shown = stays.exchange.ended if stays is not None else end_reason(draft)
    if level == "off" or draft.withdrawn:
        return ()
    helps = draft.error is None or helps_to_retry(draft.error)
    if typed:
        if shown == "length":
            return [Button(words.button_continue, "/continue")]
        return [Button(words.button_retry, "/retry")] if draft.error is not None and helps else ()

    def button(label: str, action: str) -> Button:
        return Button(label, f"/answer {key} {action}")

    buttons: list[Button] = []
    there = stays is not None or not draft.is_empty
    if there and shown not in ("stop", "filtered"):
        buttons.append(button(words.button_continue, "continue"))
    if helps:
        buttons.append(button(words.button_retry, "retry"))
    if level == "all":
        buttons.append(button(words.button_other_model, "other"))
        if there:
            buttons.append(button(words.button_shorter, "shorter"))
    place, count = plan.position(comes=not draft.is_empty)
    if place > 1:
        buttons.append(button(f"‹ {place - 1}/{count}", str(place - 1)))
    if place < count:
        buttons.append(button(f"› {place + 1}/{count}", str(place + 1)))
    return buttons
