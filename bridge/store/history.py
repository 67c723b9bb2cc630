"""What has been said in each chat, as whole turns: a question with its answer, or neither."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self, cast, get_args

import structlog
from redis.asyncio import Redis

from bridge.store.errors import translate_redis_errors
from bridge.store.keys import ChatKeys
from bridge.store.scripts import dump
from bridge.types import Chat, ChatMessage, Text

log = structlog.get_logger(__name__)

EndReason = Literal["stop", "length", "stopped", "cut", "filtered"]
"""How an answer ended: by itself, at the model's limit, by the person, by a failure, by a filter."""

TURNS = 200
"""The most turns that are kept of a chat."""
SIZE = 4_000_000
"""The most characters that are kept of a chat; no model reads more than about a million tokens."""
SECONDS = 180 * 86400
"""A chat's history is forgotten when nothing was added for so long."""
EPOCH_SECONDS = 400 * 86400


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn of a conversation."""

    id: str
    """The id of the message that asked."""
    question: tuple[ChatMessage, ...]
    answer: str
    ended: EndReason = "stop"
    model: str = ""
    at: float = 0.0
    """When the answer ended, in seconds since 1970."""

    def to_row(self) -> str:
        question = [{"role": message.role, "content": message.text} for message in self.question]
        return dump({**asdict(replace(self, question=())), "question": question})

    @classmethod
    def from_row(cls, row: str) -> Self:
        """Raises TypeError, KeyError or ValueError on what `to_row` did not write."""
        fields: dict[str, Any] = json.loads(row)
        question = tuple(ChatMessage(each["role"], (Text(each["content"]),)) for each in fields["question"])
        texts = [fields["id"], fields["answer"], fields["model"], *(part.text for part in question)]
        if not all(isinstance(text, str) for text in texts) or fields["ended"] not in get_args(EndReason):
            raise ValueError("not an exchange")
        return cls(**{**fields, "question": question, "at": float(fields["at"])})


class History:
    """The turns of every chat. They are added by `Turn.done`, together with the end of the turn."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.set_aside = 0
        """How many rows could not be read since the start, and were passed over."""

    async def read(self, chat: Chat) -> list[Exchange]:
        """The turns of `chat`, oldest first. Raises StoreError."""
        key = ChatKeys(chat).history
        async with translate_redis_errors():
            rows = cast(list[str], await self._redis.lrange(key, 0, -1))
            kept = _newest(rows, SIZE)
            if kept < len(rows):
                await self._redis.ltrim(key, -kept, -1)
        exchanges = []
        for row in rows[len(rows) - kept :]:
            try:
                exchanges.append(Exchange.from_row(row))
            except (TypeError, KeyError, ValueError, AttributeError):
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
