"""What is remarked under an answer that did not simply end, and how such an answer is kept."""

from __future__ import annotations

from collections.abc import Sequence

from bridge import errors
from bridge.access import Limit
from bridge.prompt import Speech
from bridge.reply import Draft
from bridge.store import Ending
from bridge.types import Choice, IncomingMessage
from bridge.words import Words
from bridge.words.trouble import trouble

HOPELESS = (errors.GatewayUnreachable, errors.KeyRefused, errors.ContextTooLong, errors.ModelNotFound)
"""Failures that trying the same again does not mend."""


def remark(
    draft: Draft, speech: Speech, message: IncomingMessage, words: Words, *, admin: bool
) -> tuple[str, Sequence[Choice]]:
    """The remark and what to offer; nothing under an answer that is whole."""
    if draft.stopped:
        return words.stopped, ()
    if draft.error is not None:
        return _trouble(draft.error, speech, words, admin=admin)
    if speech.finish == "length":
        return f"⚠️ {words.length}", [Choice(words.button_continue, "/continue")]
    if message.attachments:
        return words.caption_answered.format(kinds=kinds(message, words)), ()
    return "", ()


def ended(draft: Draft, speech: Speech) -> Ending:
    """How the history remembers the end of this answer."""
    if draft.stopped:
        return "stopped"
    if draft.error is not None:
        return "filtered" if isinstance(draft.error, errors.AnswerFiltered) else "cut"
    return "length" if speech.finish == "length" else "stop"


def notice(message: IncomingMessage, words: Words) -> str:
    """What the bridge itself has to tell in a chat; nothing where the notice is not one of ours."""
    told = {"let_in": words.let_in, "declined": words.declined, "chat_let_in": words.allowed_chat}
    return told.get(message.notice, "")


def used_up(limit: Limit, seconds: float, words: Words) -> str:
    """The day's limit is reached, and begins anew in so many seconds."""
    return words.limit_reached.format(limit=limit, hours=int(seconds // 3600), minutes=int(seconds % 3600 // 60))


def kinds(message: IncomingMessage, words: Words) -> str:
    """The kinds of things that came with a message, in words."""
    return ", ".join(dict.fromkeys(words.attachments[attachment.kind] for attachment in message.attachments))


def _trouble(error: errors.GatewayError, speech: Speech, words: Words, *, admin: bool) -> tuple[str, Sequence[Choice]]:
    if speech.model is None and isinstance(error, errors.ModelNotFound):
        if not error.model:
            return f"⚠️ {words.models_none}", ()
        # It is there, but this chat may not use it any more.
        said = words.model_not_here.format(model=error.model)
        return f"⚠️ {said}", [Choice(words.button_pick, "/model")]
    choices = [] if isinstance(error, HOPELESS) else [Choice(words.button_retry, "/retry")]
    if isinstance(error, errors.ModelNotFound):
        choices = [Choice(words.button_pick, "/model")]
    return f"⚠️ {trouble(error, words, model=speech.model, admin=admin)}", choices
