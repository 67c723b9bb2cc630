"""What an adapter keeps across restarts: a handful of named values for each channel, in one hash."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from redis.asyncio import Redis

from bridge.store import keys
from bridge.store.errors import translate_redis_errors


class Memory:
    """A channel's `bridge.channel.Memory`. Raises StoreError, also where a sum is asked of what is no number."""

    def __init__(self, redis: Redis, channel: str) -> None:
        self._redis = redis
        self._key = keys.memory(channel)

    async def get(self, name: str) -> str:
        async with translate_redis_errors():
            return str(await self._redis.hget(self._key, name) or "")

    async def put(self, name: str, value: str) -> None:
        async with translate_redis_errors():
            await self._redis.hset(self._key, name, value)

    async def put_all(self, values: Mapping[str, str]) -> None:
        async with translate_redis_errors():
            await self._redis.hset(self._key, mapping=cast(Mapping[Any, Any], values))

    async def add(self, name: str, amount: int = 1) -> int:
        """Where Redis' answer is lost on the way the amount may be added twice; a sum is never given out twice."""
        async with translate_redis_errors():
            return int(await self._redis.hincrby(self._key, name, amount))

    async def forget(self, name: str) -> None:
        async with translate_redis_errors():
            await self._redis.hdel(self._key, name)

    async def names(self, prefix: str = "") -> Mapping[str, str]:
        async with translate_redis_errors():
            kept = cast(dict[str, str], await self._redis.hgetall(self._key))
        return {name: value for name, value in kept.items() if name.startswith(prefix)}
