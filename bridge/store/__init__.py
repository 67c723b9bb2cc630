"""Everything the bridge remembers, in Redis: what waits, what was said, what was chosen, who holds what.

Whatever goes wrong with Redis leaves this package as `bridge.errors.StoreError`.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from redis.asyncio import Redis

from bridge.errors import StoreError
from bridge.inbox.claim import Claim
from bridge.inbox.inbox import Inbox
from bridge.inbox.move import move
from bridge.inbox.turn import Turn
from bridge.store.connect import connected, connected_to
from bridge.store.errors import ClaimLost, InboxFull, translate_redis_errors
from bridge.store.heartbeat import Heartbeats
from bridge.store.history import EndReason, Exchange, History
from bridge.store.keys import Lane
from bridge.store.leases import Lease, Leases
from bridge.store.memory import Memory
from bridge.store.outage import Outage, OutageStore
from bridge.store.preferences import Preferences
from bridge.store.stops import Stops
from bridge.turn.tokens import estimate, fit
from bridge.types import Chat

__all__ = [
    "Claim",
    "ClaimLost",
    "EndReason",
    "Exchange",
    "Heartbeats",
    "History",
    "Inbox",
    "InboxFull",
    "Lane",
    "Lease",
    "Leases",
    "Memory",
    "Outage",
    "OutageStore",
    "Preferences",
    "Stops",
    "Store",
    "Turn",
    "estimate",
    "fit",
    "open_store",
    "translate_redis_errors",
]


class Store:
    """The parts, on one connection. `redis` itself is for rooms that keep rows of their own."""

    def __init__(self, redis: Redis) -> None:
        worker = secrets.token_hex(8)
        self.redis = redis
        self.history = History(redis)
        self.preferences = Preferences(redis)
        self.inbox = Inbox(redis, worker)
        self.leases = Leases(redis)
        self.stops = Stops(redis)
        self.outage = OutageStore(redis)
        self.heartbeats = Heartbeats(redis, worker)

    def memory(self, channel: str) -> Memory:
        """What the adapter `channel` keeps."""
        return Memory(self.redis, channel)

    async def move(self, old: Chat, new: Chat) -> None:
        """The platform gave the chat `old` the id `new`: history, preferences and what waits follow.

        It may be called at any time and again; what a turn still adds to the old chat follows when it ends. Topics
        and threads are chats of their own. Raises StoreError, and is then to be repeated.
        """
        await move(self.redis, old, new)

    async def ping(self) -> float:
        """Seconds to Redis and back. Raises StoreError."""
        began = time.perf_counter()
        async with translate_redis_errors():
            await self.redis.ping()
        return time.perf_counter() - began

    async def close(self) -> None:
        """Let go of what would otherwise expire. The connection is its opener's to close."""
        await self.inbox.close()
        with suppress(StoreError):  # then it expires all the same
            await self.heartbeats.leave()


@asynccontextmanager
async def open_store(url: str, data_dir: Path) -> AsyncIterator[Store]:
    """The store at `url`, or in an embedded server that keeps its data in `data_dir` where there is none.

    Raises StoreError, with a sentence for the operator that holds no secret.
    """
    if url:
        async with connected(url) as redis, _opened(redis) as store:
            yield store
        return
    if sys.platform == "win32":
        raise StoreError("on Windows there is no embedded store; set BRIDGE_REDIS_URL, such as redis://127.0.0.1:6379")
    from bridge.store.embedded import embedded  # it needs what only Unix has

    async with embedded(data_dir) as socket, connected_to(socket) as redis, _opened(redis) as store:
        yield store


@asynccontextmanager
async def _opened(redis: Redis) -> AsyncIterator[Store]:
    store = Store(redis)
    try:
        yield store
    finally:
        await store.close()
