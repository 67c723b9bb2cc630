"""What has been said in each chat, as whole turns: a question with its answer, or neither."""

from __future__ import annotations

from typing import Any, Literal, Self, cast

import structlog
from msgspec import Struct
from redis.asyncio import Redis

from bridge.store.errors import translate_redis_errors
from bridge.store.keys import ChatKeys
from bridge.store.rows import Row
from bridge.types import Chat, ChatMessage

log = structlog.get_logger(__name__)

EndReason = Literal["stop", "length", "stopped", "cut", "filtered"]
"""How an answer ended: by itself, at the model's limit, by the person, by a failure, by a filter."""

MAX_EXCHANGES = 200
"""The most turns that are kept of a conversation."""
MAX_CHARACTERS = 4_000_000
"""The most characters that are kept of a conversation; no model reads more than about a million tokens."""
HISTORY_SECONDS = 180 * 86400
"""Seconds without use after which a conversation is forgotten, where no owner has set another time."""
EPOCH_SECONDS = 400 * 86400


class Exchange(Struct, frozen=True):
    """One turn of a conversation: what was asked, and all that the model gave back, tool calls and results included."""

    id: str
    """The id of the message that asked."""
    question: tuple[ChatMessage, ...]
    answer: tuple[ChatMessage, ...]
    ended: EndReason = "stop"
    model: str = ""
    at: float = 0.0
    """When the answer ended, in seconds since 1970."""
    also: tuple[str, ...] = ()
    """The ids of further messages that asked, where the question was sent in several."""
    refs: tuple[str, ...] = ()
    """The messages of ours in which the answer stands."""

    def is_about(self, id: str) -> bool:
        """Whether the message `id` is a part of its question."""
        return id == self.id or id in self.also

    @classmethod
    def plain(
        cls,
        id: str,
        question: tuple[ChatMessage, ...],
        answer: str,
        *,
        ended: EndReason = "stop",
        model: str = "",
        at: float = 0.0,
    ) -> Self:
        """An exchange whose answer is words alone."""
        return cls(id, question, (ChatMessage.assistant(answer),), ended, model, at)

    @property
    def text(self) -> str:
        """The words of the answer, without what tools gave back."""
        return "".join(message.text for message in self.answer if message.role == "assistant")

    def to_row(self) -> str:
        return EXCHANGE.encode(self)

    @classmethod
    def from_row(cls, row: str) -> Exchange:
        """Raises ValueError on what cannot be read."""
        return EXCHANGE.decode(row)


def _upgrade(raw: Any, _version: int) -> dict[str, Any]:
    """Up to version 0 a message was one text, and the answer was a text as well."""
    question = [_message(each["role"], each["content"]) for each in raw["question"]]
    return {**raw, "question": question, "answer": [_message("assistant", raw["answer"])]}


def _message(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "text": text}]}


EXCHANGE = Row(Exchange, upgrade=_upgrade)


class History:
    """The turns of every chat's current conversation. `Turn.done` adds them, together with the end of the turn."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.set_aside = 0
        """How many rows could not be read since the start, and were passed over; they stay where they are."""

    async def read(self, chat: Chat) -> list[Exchange]:
        """The turns of the current conversation of `chat`, oldest first. Raises StoreError."""
        name = ChatKeys(chat).history
        async with translate_redis_errors():
            rows = cast(list[str], await self._redis.lrange(name, 0, -1))
        return await self.from_rows(name, rows)

    async def from_rows(self, name: str, rows: list[str], *, since: float = 0.0) -> list[Exchange]:
        """What the rows of the list `name` say. Raises StoreError.

        Cuts down what is kept: what is too much, and what ended before `since` (seconds since 1970).
        """
        kept = _newest(rows, MAX_CHARACTERS)
        exchanges, gone = [], rows[: len(rows) - kept]
        for row in rows[len(rows) - kept :]:
            try:
                exchange = EXCHANGE.decode(row)
            except ValueError:
                self.set_aside += 1
                log.warning("history row unreadable", key=name)
                continue
            if exchange.at < since:
                gone.append(row)
            else:
                exchanges.append(exchange)
        if gone:
            # By what they hold: another conversation may lie under this name by now.
            async with translate_redis_errors(), self._redis.pipeline(transaction=False) as pipe:
                for row in gone:
                    pipe.lrem(name, 1, row)
                await pipe.execute()
        return exchanges


def _newest(rows: list[str], size: int) -> int:
    """How many of the last rows fit in `size` characters together; the very last always does."""
    for kept, row in enumerate(reversed(rows)):
        size -= len(row)
        if size < 0:
            return max(1, kept)
    return len(rows)
