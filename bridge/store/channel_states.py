"""How the channels of every process are, as each process says of its own every few seconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from redis.asyncio import Redis

from bridge.store import keys
from bridge.store.errors import translate_redis_errors
from bridge.store.rows import Row

STATE_SECONDS = 30.0
"""Seconds after which what a process has reported no longer counts."""


class ChannelState(Struct, frozen=True, omit_defaults=True):
    name: str
    state: Literal["up", "failed", "refused"]
    """Connected; to be tried again; it can never work as it is set up."""
    at: float = 0.0
    """When this was said, in seconds since 1970."""
    account: str = ""
    """The account's name in the store."""
    why: str = ""
    link: str = ""
    """The address that sends a code, with `CODE` in its place; empty where the platform has none."""
    started: float = 0.0
    """When the process read its settings, in seconds since 1970; 0 from processes of older versions."""


CODE = "CODE"
STATE = Row(ChannelState)


class ChannelStates:
    """Every method raises StoreError. `me` tells this process apart."""

    def __init__(self, redis: Redis, me: str) -> None:
        self._redis = redis
        self._me = me

    async def say(self, states: Sequence[ChannelState]) -> None:
        """Say how the channels of this process are; to be said every few seconds."""
        if not states:
            return
        async with translate_redis_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.hset(keys.CHANNELS, mapping={f"{each.name} {self._me}": STATE.encode(each) for each in states})
            pipe.expire(keys.CHANNELS, int(STATE_SECONDS))
            await pipe.execute()

    async def all(self) -> list[ChannelState]:
        """Return one state for each channel, the best that a process has lately said of it."""
        async with translate_redis_errors():
            rows = await self._redis.hgetall(keys.CHANNELS)
            old = [name for name, row in rows.items() if not _is_fresh(row)]
            if old:
                await self._redis.hdel(keys.CHANNELS, *old)
        found: dict[str, ChannelState] = {}
        for state in (STATE.decode(row) for name, row in rows.items() if name not in old):
            known = found.get(state.name)
            if known is None or (known.state != "up" and (state.state == "up" or state.at > known.at)):
                found[state.name] = state
        return [found[name] for name in sorted(found)]

    async def leave(self, names: Sequence[str]) -> None:
        """Say nothing of these any more: they are closed."""
        if names:
            async with translate_redis_errors():
                await self._redis.hdel(keys.CHANNELS, *(f"{name} {self._me}" for name in names))


def _is_fresh(row: str | bytes) -> bool:
    try:
        return STATE.decode(row).at > time.time() - STATE_SECONDS
    except ValueError:
        return False
