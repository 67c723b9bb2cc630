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
"""The most turns that are kept of a chat."""
MAX_CHARACTERS = 4_000_000
"""The most characters that are kept of a chat; no model reads more than about a million tokens."""
HISTORY_SECONDS = 180 * 86400
"""A chat's history is forgotten when nothing was added for so long."""
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
    """The turns of every chat. They are added by `Turn.done`, together with the end of the turn."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.set_aside = 0
        """How many rows could not be read since the start, and were passed over; they stay where they are."""

    async def read(self, chat: Chat) -> list[Exchange]:
        """The turns of `chat`, oldest first. Raises StoreError."""
        async with translate_redis_errors():
            rows = cast(list[str], await self._redis.lrange(ChatKeys(chat).history, 0, -1))
        return await self.from_rows(chat, rows)

    async def from_rows(self, chat: Chat, rows: list[str]) -> list[Exchange]:
        """What the rows of `chat` say. Cuts down what is kept where that is too much. Raises StoreError."""
        kept = _newest(rows, MAX_CHARACTERS)
        if kept < len(rows):
            async with translate_redis_errors():
                await self._redis.ltrim(ChatKeys(chat).history, -kept, -1)
        exchanges = []
        for row in rows[len(rows) - kept :]:
            try:
                exchanges.append(EXCHANGE.decode(row))
            except ValueError:
                self.set_aside += 1
                log.warning("history row unreadable", chat=str(chat))
        return exchanges

    async def forget(self, chat: Chat) -> None:
        """Start over: a turn that is under way will not be added to what follows. Raises StoreError."""
        keys = ChatKeys(chat)
        async with translate_redis_errors():
            # The epoch first: a turn that ends between the two is then not added, or deleted with the rest.
            await self._redis.incr(keys.epoch)
            await self._redis.expire(keys.epoch, EPOCH_SECONDS)
            await self._redis.delete(keys.history)


def _newest(rows: list[str], size: int) -> int:
    """How many of the last rows fit in `size` characters together; the very last always does."""
    for kept, row in enumerate(reversed(rows)):
        size -= len(row)
        if size < 0:
            return max(1, kept)
    return len(rows)
