"""What models refuse is known to every process, for a month, and to this one even while Redis is away."""

from __future__ import annotations

from redis.asyncio import Redis

from bridge.gateway import QUIRK_TTL_SECONDS
from bridge.store import keys
from bridge.store.quirks import CACHE_SECONDS, RedisQuirks
from bridge.types import ModelId

MODEL = ModelId("a", "b:free")


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_what_one_process_learns_others_know(redis_url: str) -> None:
    clock = Clock()
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        one, other = RedisQuirks(redis, clock), RedisQuirks(redis, clock)
        assert await other.get(MODEL) == frozenset()
        await one.put(MODEL, frozenset({"no_streaming", "no_system_role"}))
        assert await one.get(MODEL) == {"no_streaming", "no_system_role"}
        clock.now += CACHE_SECONDS
        assert await other.all() == {MODEL: {"no_streaming", "no_system_role"}}
        await other.clear()
        clock.now += CACHE_SECONDS
        assert await one.get(MODEL) == frozenset()


async def test_it_is_tried_anew_after_a_month(redis_url: str) -> None:
    clock = Clock()
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        quirks = RedisQuirks(redis, clock)
        await quirks.put(MODEL, frozenset({"no_streaming"}))
        clock.now += QUIRK_TTL_SECONDS
        assert not await quirks.all()


async def test_rows_of_newer_processes_are_read_as_far_as_known(redis_url: str) -> None:
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        await redis.hset(keys.QUIRKS, "a:b:free", "9999999999 no_streaming no_vowels")
        await redis.hset(keys.QUIRKS, mapping={"c:d": "soon no_streaming", " ": "1"})
        assert await RedisQuirks(redis).all() == {MODEL: {"no_streaming"}}


async def test_a_store_that_is_away_keeps_nobody(redis_url: str) -> None:
    async with Redis.from_url("redis://127.0.0.1:1", decode_responses=True) as redis:
        quirks = RedisQuirks(redis)
        assert await quirks.get(MODEL) == frozenset()
        await quirks.put(MODEL, frozenset({"no_streaming"}))
        assert await quirks.get(MODEL) == {"no_streaming"}
        await quirks.clear()
