"""What admins call providers and models, in place of what the gateway calls them."""

from __future__ import annotations

from collections.abc import Mapping

from redis.asyncio import Redis

from bridge.store import keys
from bridge.store.errors import translate_redis_errors

MAX_NAMES = 500


class Names:
    """By id of a provider or of a model. Everything raises StoreError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def all(self) -> Mapping[str, str]:
        async with translate_redis_errors():
            return {str(id): str(name) for id, name in (await self._redis.hgetall(keys.NAMES)).items()}

    async def set(self, id: str, name: str) -> bool:
        """Call `id` so, or as the gateway does where `name` is empty. False where there are `MAX_NAMES` already."""
        async with translate_redis_errors():
            if not name:
                await self._redis.hdel(keys.NAMES, id)
                return True
            if await self._redis.hlen(keys.NAMES) >= MAX_NAMES and not await self._redis.hexists(keys.NAMES, id):
                return False
            await self._redis.hset(keys.NAMES, id, name)
            return True
