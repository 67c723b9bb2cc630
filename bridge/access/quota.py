"""The daily limit of each person in a chat, and how much of it they have used. Days are those of UTC."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from redis.asyncio import Redis

from bridge.store import AccessKeys, translate_redis_errors
from bridge.types import Chat, User

DAY_SECONDS = 86400
MAX_AMOUNT = 10**9

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
        if rest or not (limit.turns or limit.tokens) or max(limit.turns, limit.tokens) > MAX_AMOUNT:
            raise ValueError(text)
        return limit

    def __str__(self) -> str:
        parts = [(self.turns, "turn"), (self.tokens, "token")]
        return ", ".join(f"{number} {unit}{'s' * (number != 1)}" for number, unit in parts if number)

    def is_used_up(self, used: Limit) -> bool:
        """Whether `used` leaves nothing of it."""
        return bool(self.turns and used.turns >= self.turns) or bool(self.tokens and used.tokens >= self.tokens)


class Quota:
    """What people have used today; counted only where there is a limit. Every method raises StoreError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def used_today(self, person: User, chat: Chat) -> Limit:
        """Return what `person` has used in `chat` since midnight."""
        name = _name(person, chat)
        async with translate_redis_errors():
            turns, tokens = await self._redis.hmget(_key(), [f"{name} turns", f"{name} tokens"])
        return Limit(int(turns or 0), int(tokens or 0))

    async def add(self, person: User, chat: Chat, *, turns: int = 0, tokens: int = 0) -> None:
        """Add to what `person` has used in `chat` today; negative amounts take back."""
        key, name = _key(), _name(person, chat)
        async with translate_redis_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hincrby(key, f"{name} turns", turns)
            pipe.hincrby(key, f"{name} tokens", tokens)
            pipe.expire(key, 2 * DAY_SECONDS)
            await pipe.execute()

    def of_turn(self, person: User, chat: Chat, limit: Limit | None) -> TurnQuota:
        """Return what one turn takes of the limit of `person`; None is no limit."""
        return TurnQuota(self, person, chat, limit)


class TurnQuota:
    """What one question takes of the daily limit of the person who asks it. Every method raises StoreError."""

    def __init__(self, quota: Quota, person: User, chat: Chat, limit: Limit | None) -> None:
        self._quota = quota
        self._person = person
        self._chat = chat
        self._limit = limit

    async def reserve(self) -> Limit | None:
        """Count one turn; return the limit instead, and count nothing, where it is used up."""
        if self._limit is not None:
            if self._limit.is_used_up(await self._quota.used_today(self._person, self._chat)):
                return self._limit
            await self._quota.add(self._person, self._chat, turns=1)
        return None

    async def release(self) -> None:
        """Take the reserved turn back: it waits, and is counted when it is taken up again."""
        if self._limit is not None:
            await self._quota.add(self._person, self._chat, turns=-1)

    async def spend(self, tokens: int) -> None:
        """Count the tokens of question and answer."""
        if self._limit is not None and self._limit.tokens:
            await self._quota.add(self._person, self._chat, tokens=tokens)


def until_midnight() -> float:
    """Return the seconds until the counts start again."""
    return DAY_SECONDS - time.time() % DAY_SECONDS


def _key() -> str:
    return AccessKeys.spent(datetime.now(UTC).strftime("%Y-%m-%d"))


def _name(person: User, chat: Chat) -> str:
    return f"{chat.whole} {person}"
