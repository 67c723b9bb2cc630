"""What stands above an answer and apart from it: reasoning, tool calls, and a chain's steps before the last."""

from __future__ import annotations

from itertools import takewhile
from operator import itemgetter

from bridge.events import StepState, ToolStep
from bridge.reply import Aside, Draft
from bridge.shorten import shorten
from bridge.store import ShownReasoning
from bridge.words import Words

STEP_SECONDS = 10
"""While a model thinks, its time is shown in steps of this many seconds: each change costs an edit."""
MAX_GROWING_CHARACTERS = 1000
"""Characters, the newest, that are shown of reasoning, or of a step, while it grows."""
AMPLE_LENGTH = 100_000
"""Characters that one message holds, as in a terminal, from which on nothing is cut meanwhile."""
MAX_EARLIER_CHARACTERS = 200
"""Characters, the first, that are shown of an earlier step meanwhile, so that there is room for the newest."""


MARKS: dict[StepState, str] = {
    "running": "⏳",
    "done": "🔧",
    "failed": "⚠️",
    "silent": "⌛",
    "refused": "🚫",
    "unknown": "❔",
}
"""Before the line of a tool call."""


def above(draft: Draft, shown: ShownReasoning, words: Words, max_length: int) -> Aside:
    """Return what stands above the answer: a line for each tool call, as short as the reasoning is.

    `max_length` is that of a message; where it is ample, nothing is left out while the answer grows.
    """
    full, ample = shown == "full", max_length >= AMPLE_LENGTH
    thought = (thoughts(draft, shown, words, whole=ample), draft.thinking)
    called = [(_tool_step(step, words, full=full), step.state == "running") for step in draft.tool_steps.values()]
    parts = [(text, goes_on) for text, goes_on in ([*called, thought] if full else [thought, *called]) if text]
    between = "\n\n" if full else "\n"
    text = "\n\n".join(
        filter(None, [_steps(draft, whole=ample or draft.complete), between.join(text for text, _ in parts)])
    )
    unfinished = between.join(text for text, _ in reversed(list(takewhile(itemgetter(1), reversed(parts)))))
    return Aside(text, unfinished.count("\n") + 1 if unfinished else 0)


def _steps(draft: Draft, *, whole: bool) -> str:
    """What the steps of a chain have given: the `whole` of it, or what there is room for while the answer grows."""
    said = []
    for step in draft.chain.values():
        text = step.text.strip()
        if not whole:
            is_newest = step.number == len(draft.chain) - 1 and not draft.text
            text = _newest(text) if is_newest else shorten(text, MAX_EARLIER_CHARACTERS)
        said.append(f"**{step.number + 1}. {step.name}**\n\n{text}".rstrip())
    return "\n\n".join(said)


def _tool_step(step: ToolStep, words: Words, *, full: bool) -> str:
    title = _plain(" · ".join(filter(None, [step.title, step.progress])))
    said = words.tool_steps[step.state].format(title=title)
    took = f" · {_span(int(step.seconds), words)}" if step.seconds >= 1 else ""
    detail = f"\n\n```\n{step.detail.replace('```', '')}\n```" if full and step.detail else ""
    return f"{MARKS[step.state]} {said}{took}{detail}"


def _plain(title: str) -> str:
    """A title without what could be a mark: a server chose it."""
    return "".join(" " if letter in "*_`[]<>#|~\\" else letter for letter in title)


def thoughts(draft: Draft, shown: ShownReasoning, words: Words, *, whole: bool = False) -> str:
    """Return what stands above the answer, in Markdown: a line of its own, and in `full` the reasoning under it."""
    if shown == "off" or not draft.reasoning.strip():
        return ""
    head = f"💭 {_heading(draft, words)}"
    if shown == "brief":
        return head
    reasoning = draft.reasoning.strip()
    if draft.thinking and not whole:
        reasoning = _newest(reasoning)
    return f"{head}\n\n{reasoning}"


def _newest(text: str) -> str:
    """The end of a long text."""
    if len(text) <= MAX_GROWING_CHARACTERS:
        return text
    newest = text[-MAX_GROWING_CHARACTERS:]
    return "… " + newest.partition(" ")[2] if " " in newest[:50] else "… " + newest


def _heading(draft: Draft, words: Words) -> str:
    seconds = int(draft.thought_seconds)
    if not draft.thinking:
        return words.thought.format(time=_span(max(1, seconds), words))
    seconds -= seconds % STEP_SECONDS
    return words.thinking_for.format(time=_span(seconds, words)) if seconds else words.thinking


def _span(seconds: int, words: Words) -> str:
    minutes, seconds = divmod(seconds, 60)
    return (words.minutes_and_seconds if minutes else words.short_seconds).format(minutes=minutes, seconds=seconds)
