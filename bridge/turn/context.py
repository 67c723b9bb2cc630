"""What is sent to a model: the system prompt, as much of the history as fits, the question."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.inbound import Said
from bridge.store import Exchange
from bridge.types import ChatMessage

STOPPED = "\n\n[The person stopped this answer here.]"
CUT = "\n\n[This answer was cut off here.]"
_MARKS = {"stopped": STOPPED, "cut": CUT, "filtered": CUT}


def user_messages(message: Said) -> tuple[ChatMessage, ...]:
    """Return what a message adds to the conversation; in a group the model is told who speaks."""
    speaker = "" if message.chat.direct else f"{message.sender.name or message.sender.id}: "
    quote = "".join(f"> {line}\n" for line in message.quoted.splitlines())
    return (ChatMessage.user(f"{quote}{speaker}{message.text}"),)


def request_messages(system: str, history: Sequence[Exchange], question: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Return the messages of one request, oldest first."""
    messages = [ChatMessage.system(system)] if system.strip() else []
    for exchange in history:
        messages += exchange.question
        # An answer without a word cannot be sent, and two questions in a row would read as one.
        messages.append(ChatMessage.assistant((exchange.text or "…") + _MARKS.get(exchange.ended, "")))
    return [*messages, *question]
