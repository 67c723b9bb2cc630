"""What is shown of a model's reasoning: nothing, how long it took, or all of it, apart from the answer."""

from __future__ import annotations

from bridge.reply import Draft
from bridge.store import ShownReasoning
from bridge.words import Words

STEP_SECONDS = 10
"""While a model thinks, its time is told in steps of so many seconds: each change costs an edit."""
MAX_GROWING_CHARACTERS = 1000
"""Characters, the newest, that are shown of reasoning while it grows."""


def thoughts(draft: Draft, shown: ShownReasoning, words: Words) -> str:
    """Return what stands above the answer, in Markdown: a line of its own, and in `full` the reasoning under it."""
    if shown == "off" or not draft.reasoning.strip():
        return ""
    head = f"💭 {_heading(draft, words)}"
    if shown == "brief":
        return head
    reasoning = draft.reasoning.strip()
    if draft.thinking and len(reasoning) > MAX_GROWING_CHARACTERS:
        newest = reasoning[-MAX_GROWING_CHARACTERS:]
        reasoning = "… " + newest.partition(" ")[2] if " " in newest[:50] else "… " + newest
    return f"{head}\n\n{reasoning}"


def _heading(draft: Draft, words: Words) -> str:
    seconds = int(draft.thought_seconds)
    if not draft.thinking:
        return words.thought.format(time=_span(max(1, seconds), words))
    seconds -= seconds % STEP_SECONDS
    return words.thinking_for.format(time=_span(seconds, words)) if seconds else words.thinking


def _span(seconds: int, words: Words) -> str:
    minutes, seconds = divmod(seconds, 60)
    return (words.minutes_and_seconds if minutes else words.short_seconds).format(minutes=minutes, seconds=seconds)
