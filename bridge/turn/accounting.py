"""What is counted of a turn: what it took, what the page shows of it, one line of the log."""

from __future__ import annotations

import time

import structlog

from bridge import metrics
from bridge.inbox import Question, Turn
from bridge.reply import Account, Draft
from bridge.store import Activity, Exchange, Failure
from bridge.turn.chain import Chain
from bridge.turn.footer import end_reason
from bridge.turn.generation import Generation
from bridge.usage import Spent, Tally

log = structlog.get_logger(__name__)

MAX_SHOWN = 64
"""Characters of a name or a title."""


def spent_on(question: Question, draft: Draft, generation: Generation | Chain) -> list[Spent]:
    """Return what the answer took.

    One without anything in it is no turn, and its last request is not charged by estimate.
    """
    *before, (model, usage) = generation.usages(draft.text)
    person, chat = question.asked_by, question.chat
    spent = [Spent(person, chat, m, Tally(0, each.prompt_tokens, each.completion_tokens)) for m, each in before]
    charged = draft.finished is not None or not draft.is_empty
    tally = Tally(int(not draft.is_empty), usage.prompt_tokens, usage.completion_tokens) if charged else Tally()
    error = type(draft.error).__name__ if draft.error is not None else ""
    return [*spent, Spent(person, chat, model, tally, error)]


def activity(question: Question, draft: Draft, generation: Generation | Chain, began: float) -> Activity:
    """Return what the page shows of a turn."""
    now = time.time()
    return Activity(
        now,
        str(question.chat.place),
        question.chat.title[:MAX_SHOWN],
        str(question.asked_by),
        question.asked_by.name[:MAX_SHOWN],
        str(generation.model),
        end_reason(draft),
        round(max(0.0, now - began), 1),
        round(generation.first_text or 0.0, 2),
        Failure.of(draft.error) if draft.error is not None else None,
    )


def count(
    turn: Turn, account: Account, exchange: Exchange | None, draft: Draft, generation: Generation | Chain, began: float
) -> None:
    """Write one line to the log and count a few numbers; no word of what was said."""
    question = turn.question
    if question.message.sent_at:
        metrics.QUEUE.observe(max(0.0, began - question.message.sent_at))
    ended = exchange.ended if exchange is not None else end_reason(draft)
    metrics.TURNS.add(account.channel.name, ended)
    if generation.failures and not draft.is_empty:
        metrics.FALLBACKS.add(generation.failures[0].reason)
    if draft.error is not None:
        metrics.failed(draft.error)
    log.info(
        "turn",
        chat=str(question.chat),
        model=str(generation.model),
        ended=ended if draft.error is None else type(draft.error).__name__,
        characters=len(draft.text),
        first_text=generation.first_text,
        seconds=round(max(0.0, time.time() - began), 3),
        attempt=turn.attempt,
    )
