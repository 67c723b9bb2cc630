"""Things that only one process may do at a time, such as listening for an account: a key that is kept from expiring."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from redis.asyncio import Redis

from bridge.errors import StoreError
from bridge.store import keys
from bridge.store.scripts import Script

log = structlog.get_logger(__name__)

TTL = 6.0
"""Seconds after which a process that died is succeeded."""

HOLD = Script("""
-- KEYS lease; ARGV token, ttl in ms. Takes it where it is free, keeps it where it is ours.
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
    def __init__(self, redis: Redis, ttl: float = TTL) -> None:
        self._redis = redis
        self._ttl = ttl

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[Lease]:
        """Wait until `name` is ours, through any trouble with Redis; it is kept fresh inside and let go at the end."""
        key, token, lease = keys.lease(name), secrets.token_hex(8), Lease()
        asked = await self._wait(key, token, name)
        keeping = asyncio.create_task(self._keep(key, token, lease, asked))
        try:
            yield lease
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])
            with suppress(StoreError):  # then it expires
                await LET_GO(self._redis, [key], token)

    async def _wait(self, key: str, token: str, name: str) -> float:
        """Returns when it was asked for with success, by the loop's clock."""
        loop, away = asyncio.get_running_loop(), False
        while True:
            asked = loop.time()
            try:
                if await HOLD(self._redis, [key], token, int(self._ttl * 1000)):
                    return asked
                away = False
            except StoreError as error:
                if not away:
                    log.warning("lease not to be had", lease=name, error=str(error))
                away = True
            await asyncio.sleep(min(1.0, self._ttl / 5))

    async def _keep(self, key: str, token: str, lease: Lease, asked: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._ttl / 5)
            now = loop.time()
            try:
                async with asyncio.timeout_at(asked + self._ttl):
                    ours = await HOLD(self._redis, [key], token, int(self._ttl * 1000))
            except (StoreError, TimeoutError):
                ours = loop.time() < asked + self._ttl
            else:
                asked = now
            if not ours:
                lease.lost.set()
                return
