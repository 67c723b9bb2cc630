"""What is said under an answer that did not simply end, how the history remembers it, and what notices say."""

from __future__ import annotations

import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from bridge import errors
from bridge.access import Limit
from bridge.events import Source
from bridge.inbound import Said
from bridge.inbox import Notice
from bridge.reply import Draft
from bridge.store import EndReason
from bridge.turn.generation import Generation
from bridge.types import Button
from bridge.words import Words, no_models, trouble, with_gateway

MAX_SOURCES = 10
"""Sources that are listed; further ones are counted."""
MAX_TITLE_LENGTH = 80
MAX_NEAR = 3
"""Models that are offered in place of one that is not there."""
MAX_COMMAND_BYTES = 64
"""What the button of every platform carries: Telegram's carries no more."""
STALE_SECONDS = 3600.0
"""A notice that was put longer ago is news no longer."""


def outcome_note(
    draft: Draft, generation: Generation, message: Said, words: Words, *, admin: bool
) -> tuple[str, Sequence[Button]]:
    """Return the note under an answer and the buttons to offer; nothing under an answer that is whole."""
    note, buttons = _end_note(draft, generation, message, words, admin=admin)
    came = [sources_list(draft.sources, words), unshown(draft, words)]  # however the answer ended
    return "\n\n".join(filter(None, [*came, note])), buttons


def _end_note(
    draft: Draft, generation: Generation, message: Said, words: Words, *, admin: bool
) -> tuple[str, Sequence[Button]]:
    if draft.stopped:
        return words.stopped, ()
    if draft.error is not None:
        return _error_note(draft.error, generation, words, admin=admin)
    if draft.finished is not None and draft.finished.reason == "length":
        return f"⚠️ {words.length}", [Button(words.button_continue, "/continue")]
    return words.only_text_answered.format(kinds=kinds(message, words)) if message.attachments else "", ()


def sources_list(sources: Sequence[Source], words: Words) -> str:
    """Return the pages that an answer rests on, as a short list of numbered links; nothing where there are none."""
    if not sources:
        return ""
    numbered = [(source.number or place, source) for place, source in enumerate(sources, 1)]
    lines = [f"[{number}] {_link(source)}" for number, source in sorted(numbered, key=lambda each: each[0])]
    more = [words.more_sources.format(count=len(lines) - MAX_SOURCES)] if len(lines) > MAX_SOURCES else []
    return "\n".join([f"**{words.sources}**", *lines[:MAX_SOURCES], *more])


def _link(source: Source) -> str:
    title = " ".join(source.title.split())[:MAX_TITLE_LENGTH] or urlsplit(source.url).hostname or source.url
    plain = "".join(letter for letter in title if letter not in "[]<>`*_")
    return f"[{plain}](<{source.url}>)"


def unshown(draft: Draft, words: Words) -> str:
    """Return what came with an answer and cannot be shown, in a sentence; nothing where all is shown."""
    said = [words.tool_unavailable.format(name=name) for name in dict.fromkeys(draft.tools)]
    said += [words.cannot_show.format(kind=kind) for kind in dict.fromkeys(draft.unsupported)]
    return "\n".join(f"⚠️ {each}" for each in said)


def end_reason(draft: Draft) -> EndReason:
    """Return how the history remembers the end of this answer."""
    if draft.stopped:
        return "stopped"
    if draft.error is not None:
        return "filtered" if isinstance(draft.error, errors.AnswerFiltered) else "cut"
    return "length" if draft.finished is not None and draft.finished.reason == "length" else "stop"


def notice_text(notice: Notice, words: Words) -> str:
    """Return what a notice says; nothing where it is no news any more, or of a kind that is not known."""
    if notice.sent_at and time.time() - notice.sent_at > STALE_SECONDS:
        return ""
    gateway = notice.values.get("gateway", errors.CHERRY_STUDIO)
    match notice.kind:
        case "let_in":
            return words.let_in
        case "declined":
            return words.declined
        case "chat_let_in":
            return words.allowed_chat
        case "waiting":
            return with_gateway(words.waiting, words, gateway)
        case "owner_away":
            return with_gateway(words.owner_away, words, gateway, url=notice.values.get("url", ""))
        case "owner_back":
            time_away = hours_and_minutes(float(notice.values.get("seconds", 0)), words)
            return with_gateway(words.owner_back, words, gateway, time=time_away)
        case "unreadable":
            return words.unreadable
        case _:
            return ""


def used_up(limit: Limit, seconds: float, words: Words) -> str:
    """Return the sentence that the day's limit is reached, and begins anew in so many seconds."""
    return words.limit_reached.format(limit=limit, time=hours_and_minutes(seconds, words))


def hours_and_minutes(seconds: float, words: Words) -> str:
    """Return a span of time, to the minute, and at least one."""
    hours, minutes = divmod(max(1, int(seconds // 60)), 60)
    return (words.hours_and_minutes if hours else words.minutes).format(hours=hours, minutes=minutes)


def kinds(message: Said, words: Words) -> str:
    """Return the kinds of things that came with a message, in words."""
    return ", ".join(dict.fromkeys(words.attachments[attachment.kind] for attachment in message.attachments))


def _error_note(
    error: errors.GatewayError, generation: Generation, words: Words, *, admin: bool
) -> tuple[str, Sequence[Button]]:
    if generation.model is None and isinstance(error, errors.ModelNotFound):
        if not error.model:
            return f"⚠️ {no_models(words, error.gateway_name)}", ()
        # It is there, but this chat may not use it any more.
        said = words.model_not_here.format(model=error.model)
        return f"⚠️ {said}", [Button(words.button_pick, "/model")]
    return f"⚠️ {trouble(error, words, model=generation.model, admin=admin)}", _ways_out(error, words)


def _ways_out(error: errors.GatewayError, words: Words) -> Sequence[Button]:
    match error:
        case errors.GatewayUnreachable():
            return [Button(words.button_later, "/later on")]
        case errors.ModelNotFound():
            near = [Button(str(model), f"/model {model}") for model in error.nearest[:MAX_NEAR]]
            short = [button for button in near if len(button.command.encode()) <= MAX_COMMAND_BYTES]
            return [*short, Button(words.button_pick, "/model")]
        case errors.KeyRefused() | errors.ContextTooLong():
            return []  # trying the same again does not help
        case _:
            return [Button(words.button_retry, "/retry")]
