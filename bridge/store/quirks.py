"""What models refuse and can be done without, as all processes have learned it: a `QuirkStore` in Redis."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import structlog
from redis.asyncio import Redis

from bridge.errors import StoreError
from bridge.gateway import QUIRK_TTL_SECONDS, Quirks, is_quirk
from bridge.store import keys
from bridge.store.errors import translate_redis_errors
from bridge.types import ModelId

log = structlog.get_logger(__name__)

CACHE_SECONDS = 60.0
"""How long a process uses what it has read; what it learns itself counts at once."""


class RedisQuirks:
    """One hash: by model, until when (seconds since 1970) and what. While Redis is away, what is cached stands."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._clock = clock
        self._read_at = float("-inf")
        self._kept: dict[ModelId, tuple[float, Quirks]] = {}

    async def get(self, model: ModelId) -> Quirks:
        return (await self.all()).get(model, frozenset())

    async def put(self, model: ModelId, quirks: Quirks) -> None:
        until = self._clock() + QUIRK_TTL_SECONDS
        self._kept[model] = (until, quirks)
        try:
            async with translate_redis_errors(), self._redis.pipeline(transaction=True) as pipe:
                pipe.hset(keys.QUIRKS, str(model), f"{until:.0f} {' '.join(sorted(quirks))}")
                pipe.expire(keys.QUIRKS, int(QUIRK_TTL_SECONDS))
                await pipe.execute()
        except StoreError as error:
            log.debug("quirk not kept", error=str(error))

    async def all(self) -> Mapping[ModelId, Quirks]:
        now = self._clock()
        if now - self._read_at >= CACHE_SECONDS:
            await self._read(now)
        return {model: quirks for model, (until, quirks) in self._kept.items() if until > now}

    async def clear(self) -> None:
        self._kept = {}
        try:
            async with translate_redis_errors():
                await self._redis.delete(keys.QUIRKS)
        except StoreError as error:
            log.debug("quirks not forgotten", error=str(error))

    async def _read(self, now: float) -> None:
        self._read_at = now  # where it fails, too: an answer does not wait for it every time
        try:
            async with translate_redis_errors():
                rows = await self._redis.hgetall(keys.QUIRKS)
        except StoreError as error:
            log.debug("quirks not read", error=str(error))
            return
        self._kept = {}
        for name, row in rows.items():
            until, _, words = str(row).partition(" ")
            try:
                model, moment = ModelId.parse(str(name)), float(until)
            except ValueError:
                continue
            self._kept[model] = (moment, frozenset(filter(is_quirk, words.split())))
