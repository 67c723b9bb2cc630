"""How many processes share this Redis: each writes when it was last alive, and old entries do not count."""

from __future__ import annotations

import time

from redis.asyncio import Redis

from bridge.store import keys
from bridge.store.errors import translate_redis_errors

PROCESS_TTL_SECONDS = 20.0
"""Seconds without a request after which a process is taken for gone."""


class Heartbeats:
    def __init__(self, redis: Redis, me: str) -> None:
        self._redis = redis
        self._me = me

    async def beat(self) -> int:
        """How many there are, this one included; to be asked every few seconds. Raises StoreError."""
        now = time.time()
        async with translate_redis_errors():
            await self._redis.zadd(keys.PROCESSES, {self._me: now})
            await self._redis.zremrangebyscore(keys.PROCESSES, "-inf", now - PROCESS_TTL_SECONDS)
            return max(1, int(await self._redis.zcard(keys.PROCESSES)))

    async def leave(self) -> None:
        async with translate_redis_errors():
            await self._redis.zrem(keys.PROCESSES, self._me)
