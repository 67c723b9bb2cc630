"""What is remarked under an answer that did not simply end, and how such an answer is kept."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bridge import errors
from bridge.access import Limit
from bridge.reply import Draft
from bridge.store import EndReason
from bridge.turn.generation import Generation
from bridge.types import Button, IncomingMessage
from bridge.words import Words
from bridge.words.trouble import trouble

STALE = 3600.0
"""Seconds after which news with a time is news no longer."""


def outcome_note(
    draft: Draft, generation: Generation, message: IncomingMessage, words: Words, *, admin: bool
) -> tuple[str, Sequence[Button]]:
    """The outcome_note and what to offer; nothing under an answer that is whole."""
    if draft.stopped:
        return words.stopped, ()
    if draft.error is not None:
        return _trouble(draft.error, generation, words, admin=admin)
    if generation.finish == "length":
        return f"⚠️ {words.length}", [Button(words.button_continue, "/continue")]
    if message.attachments:
        return words.caption_answered.format(kinds=kinds(message, words)), ()
    return "", ()


def ended(draft: Draft, generation: Generation) -> EndReason:
    """How the history remembers the end of this answer."""
    if draft.stopped:
        return "stopped"
    if draft.error is not None:
        return "filtered" if isinstance(draft.error, errors.AnswerFiltered) else "cut"
    return "length" if generation.finish == "length" else "stop"


def notice(message: IncomingMessage, words: Words) -> str:
    """What the bridge itself has to tell in a chat; nothing where it is no news any more, or none of ours."""
    if message.sent_at and time.time() - message.sent_at > STALE:
        return ""
    match message.notice:
        case "let_in":
            return words.let_in
        case "declined":
            return words.declined
        case "chat_let_in":
            return words.allowed_chat
        case "waiting":
            return words.waiting
        case "owner_away":
            return words.owner_away.format(url=message.text)
        case "owner_back":
            return words.owner_back.format(time=hours_and_minutes(float(message.text), words))
        case _:
            return ""


def used_up(limit: Limit, seconds: float, words: Words) -> str:
    """The day's limit is reached, and begins anew in so many seconds."""
    return words.limit_reached.format(limit=limit, time=hours_and_minutes(seconds, words))


def hours_and_minutes(seconds: float, words: Words) -> str:
    """A span of time, to the minute, and at least one."""
    hours, minutes = divmod(max(1, int(seconds // 60)), 60)
    return (words.hours_and_minutes if hours else words.minutes).format(hours=hours, minutes=minutes)


def kinds(message: IncomingMessage, words: Words) -> str:
    """The kinds of things that came with a message, in words."""
    return ", ".join(dict.fromkeys(words.attachments[attachment.kind] for attachment in message.attachments))


def _trouble(
    error: errors.GatewayError, generation: Generation, words: Words, *, admin: bool
) -> tuple[str, Sequence[Button]]:
    if generation.model is None and isinstance(error, errors.ModelNotFound):
        if not error.model:
            return f"⚠️ {words.models_none}", ()
        # It is there, but this chat may not use it any more.
        said = words.model_not_here.format(model=error.model)
        return f"⚠️ {said}", [Button(words.button_pick, "/model")]
    return f"⚠️ {trouble(error, words, model=generation.model, admin=admin)}", _ways_out(error, words)


def _ways_out(error: errors.GatewayError, words: Words) -> Sequence[Button]:
    match error:
        case errors.GatewayUnreachable():
            return [Button(words.button_later, "/later on")]
        case errors.ModelNotFound():
            return [Button(words.button_pick, "/model")]
        case errors.KeyRefused() | errors.ContextTooLong():
            return []  # trying the same again does not mend it
        case _:
            return [Button(words.button_retry, "/retry")]
