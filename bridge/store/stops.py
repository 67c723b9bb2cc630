"""Tells every process to stop an answer: a capped stream that each of them follows from where it began."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import structlog
from redis.asyncio import Redis

from bridge.errors import StoreError
from bridge.store import keys
from bridge.store.errors import translate_redis_errors
from bridge.store.rows import CHAT, VERSION, bare
from bridge.types import Chat

log = structlog.get_logger(__name__)

KEPT = 1000
"""Stops are of use for a moment only; so many are kept for a process that was cut off for that long."""
BLOCK = 1000
"""Milliseconds that one read waits; well below the connection's time limit."""
RETRY = 0.5


class Stops:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def send(self, chat: Chat) -> None:
        """Stop the answer in `chat`, in every process. Raises StoreError."""
        fields: dict[Any, Any] = {"v": VERSION, "chat": CHAT.encode(bare(chat))}
        async with translate_redis_errors():
            await self._redis.xadd(keys.STOPS, fields, maxlen=KEPT, approximate=True)

    async def listen(self) -> AsyncGenerator[Chat, None]:
        """Every stop that any process sends from the first read on. Goes on by itself when Redis comes back."""
        after = ""
        while True:
            try:
                async with translate_redis_errors():
                    after = after or await self._last()
                    read: Any = await self._redis.xread({keys.STOPS: after}, count=100, block=BLOCK)
            except StoreError as error:
                log.debug("stops not heard", error=str(error))
                await asyncio.sleep(RETRY)
                continue
            for _, entries in read or ():
                for id, fields in entries:
                    after = id
                    try:
                        yield CHAT.decode(fields["chat"])
                    except (KeyError, ValueError):
                        log.warning("stop unreadable")

    async def _last(self) -> str:
        newest = await self._redis.xrevrange(keys.STOPS, count=1)
        return str(newest[0][0]) if newest else "0-0"
