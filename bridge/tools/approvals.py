"""Calls of tools that somebody has to allow first: who was asked about what, and what was said, in Redis.

A question stands for a day, whatever becomes of the process that asked it.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Literal, cast, get_args

from msgspec import Struct
from redis.asyncio import Redis

from bridge.store import Row, keys, translate_redis_errors
from bridge.types import Chat, User

Decision = Literal["once", "always", "no"]
DECISIONS: tuple[Decision, ...] = get_args(Decision)
APPROVAL_SECONDS = 86400


def ways_to_decide(id: str, *, admin: bool) -> dict[Decision, str]:
    """What may be said of the call with that id, each with the command that says so; for good only an admin may."""
    return {each: f"/tool {each} {id}" for each in DECISIONS if admin or each != "always"}


class PendingCall(Struct, frozen=True):
    """A call that waits for a decision."""

    turn: str
    """The key of the turn that waits with it."""
    chat: Chat
    asker: User
    account: str
    tool: str
    """``server/name``."""
    fingerprint: str
    """Of the tool as it was when it was asked about."""


_PENDING = Row(PendingCall)


class Approvals:
    """Everything raises StoreError."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._clock = clock

    async def ask(self, id: str, call: PendingCall) -> None:
        """Keep that `call` waits. What has been said of it already stands."""
        name = keys.approval(id)
        async with translate_redis_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(name, "call", _PENDING.encode(call))
            pipe.expire(name, APPROVAL_SECONDS)
            await pipe.execute()

    async def decision(self, id: str) -> Decision | None:
        """What was said; None where nothing was, or too long ago."""
        async with translate_redis_errors():
            said = await self._redis.hget(keys.approval(id), "said")
        return next((each for each in DECISIONS if each == said), None)

    async def pending(self, id: str) -> PendingCall | None:
        """The call of that id; None where it no longer waits: it has been decided, or is too old."""
        call: Callable[..., Awaitable[Any]] = self._redis.hmget
        async with translate_redis_errors():
            kept, said = cast(list[str | None], await call(keys.approval(id), ["call", "said"]))
        try:
            return _PENDING.decode(kept) if kept and not said else None
        except ValueError:
            return None

    async def decide(self, id: str, decision: Decision) -> bool:
        """Keep what was said; False where something else has been said before."""
        async with translate_redis_errors():
            return bool(await self._redis.hsetnx(keys.approval(id), "said", decision))
