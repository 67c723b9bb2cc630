"""How much each person may use in a chat on one day, and how much of it they have used. Days are UTC's."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from redis.asyncio import Redis

from bridge.store import translate_redis_errors
from bridge.store.keys import AccessKeys
from bridge.types import Chat, User

DAY = 86400
MOST = 10**9

_PART = re.compile(r"(\d{1,10})\s*(turns?|tokens?)", re.IGNORECASE)
_JOINTS = re.compile(r"[\s,;/]|\b(?:and|per|a|day)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limit:
    """For each person and day; 0 where that is not counted."""

    turns: int = 0
    tokens: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``50 turns``, ``200000 tokens per day``, or both. Raises ValueError."""
        found = {unit.lower().rstrip("s"): int(number) for number, unit in _PART.findall(text)}
        rest = _JOINTS.sub("", _PART.sub("", text))
        limit = cls(found.get("turn", 0), found.get("token", 0))
        if rest or not (limit.turns or limit.tokens) or max(limit.turns, limit.tokens) > MOST:
            raise ValueError(text)
        return limit

    def __str__(self) -> str:
        parts = [(self.turns, "turns"), (self.tokens, "tokens")]
        return ", ".join(f"{number} {unit}" for number, unit in parts if number)

    def spent(self, used: Limit) -> bool:
        """Whether `used` leaves nothing of it."""
        return bool(self.turns and used.turns >= self.turns) or bool(self.tokens and used.tokens >= self.tokens)


class Usage:
    """What people have used today; counted only where there is a limit."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def today(self, person: User, chat: Chat) -> Limit:
        """What `person` has used in `chat` since midnight. Raises StoreError."""
        name = _name(person, chat)
        async with translate_redis_errors():
            turns, tokens = await self._redis.hmget(_key(), [f"{name} turns", f"{name} tokens"])
        return Limit(int(turns or 0), int(tokens or 0))

    async def add(self, person: User, chat: Chat, *, turns: int = 0, tokens: int = 0) -> None:
        key, name = _key(), _name(person, chat)
        async with translate_redis_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hincrby(key, f"{name} turns", turns)
            pipe.hincrby(key, f"{name} tokens", tokens)
            pipe.expire(key, 2 * DAY)
            await pipe.execute()


def until_midnight() -> float:
    """Seconds until the counts start anew."""
    return DAY - time.time() % DAY


def _key() -> str:
    return AccessKeys.spent(datetime.now(UTC).strftime("%Y-%m-%d"))


def _name(person: User, chat: Chat) -> str:
    return f"{chat.whole} {person}"
