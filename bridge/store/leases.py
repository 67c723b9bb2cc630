"""Things that only one process may do at a time, such as listening for an account: a key that is kept from expiring."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from redis.asyncio import Redis

from bridge.errors import StoreError
from bridge.store import keys
from bridge.store.keeper import Hold, Keeper
from bridge.store.scripts import Script

log = structlog.get_logger(__name__)

TTL_SECONDS = 6.0
"""Seconds after which a process that died is succeeded."""

HOLD = Script("""
-- KEYS lease; ARGV token, ttl in ms. Takes it where it is free or ours.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
""")
LET_GO = Script("if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0")


class Lease:
    """It is ours until `lost` is set: another has it, or Redis could not be asked for too long to be sure."""

    def __init__(self) -> None:
        self.lost = asyncio.Event()


class Leases:
    def __init__(self, redis: Redis, keeper: Keeper, ttl: float = TTL_SECONDS) -> None:
        self._redis = redis
        self._keeper = keeper
        self._ttl = ttl

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[Lease]:
        """Wait until `name` is ours, through any trouble with Redis; it is kept fresh inside and let go at the end."""
        key, token, lease = keys.lease(name), secrets.token_hex(8), Lease()
        asked = await self._wait(key, token, name)
        hold = Hold([key], token, self._ttl, lease.lost.set, asked)
        self._keeper.add(hold)
        try:
            yield lease
        finally:
            self._keeper.discard(hold)
            with suppress(StoreError):  # then it expires
                await LET_GO(self._redis, [key], token)

    async def _wait(self, key: str, token: str, name: str) -> float:
        """Return when it was asked for with success, by the monotonic clock."""
        away = False
        while True:
            asked = time.monotonic()
            try:
                if await HOLD(self._redis, [key], token, int(self._ttl * 1000)):
                    return asked
                away = False
            except StoreError as error:
                if not away:
                    log.warning("lease not to be had", lease=name, error=str(error))
                away = True
            await asyncio.sleep(min(1.0, self._ttl / 5))
