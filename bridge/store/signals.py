"""Tells every process to stop an answer, or that more was said where one answers: a capped stream that each of them
follows from where it began."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Literal, NamedTuple

import structlog
from redis.asyncio import Redis

from bridge.errors import StoreError
from bridge.store import keys
from bridge.store.errors import translate_redis_errors
from bridge.store.rows import CHAT, VERSION, bare
from bridge.types import Chat

log = structlog.get_logger(__name__)

KEPT = 1000
"""Signals are of use for a moment only; this many are kept for a process that was cut off for that long."""
BLOCK = 1000
"""Milliseconds that one read waits; well below the connection's time limit."""
RETRY = 0.5


class Signal(NamedTuple):
    kind: Literal["stop", "arrived"]
    """The answer in `chat` is to stop; something new waits there."""
    chat: Chat
    key: str = ""
    """The turn key of the only answer that is to stop; empty for whichever is under way."""


class Signals:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def stop(self, chat: Chat, key: str = "") -> None:
        """Stop the answer in `chat`, in every process; with `key` only that of the turn of this key.

        Raises StoreError.
        """
        await self._send("chat", chat, **({"key": key} if key else {}))

    async def arrived(self, chat: Chat) -> None:
        """Have the process that answers in `chat` look at what else waits there. Raises StoreError."""
        await self._send("arrived", chat)  # processes before this signal take the field `chat` for a stop

    async def listen(self) -> AsyncGenerator[Signal, None]:
        """Every signal that any process sends from the first read on. Goes on by itself when Redis comes back."""
        after = ""
        while True:
            try:
                async with translate_redis_errors():
                    after = after or await self._last()
                    read: Any = await self._redis.xread({keys.SIGNALS: after}, count=100, block=BLOCK)
            except StoreError as error:
                log.debug("signals not heard", error=str(error))
                await asyncio.sleep(RETRY)
                continue
            for _, entries in read or ():
                for id, fields in entries:
                    after = id
                    try:
                        yield _signal(fields)
                    except (KeyError, ValueError):
                        log.warning("signal unreadable")

    async def _send(self, field: str, chat: Chat, **more: str) -> None:
        fields: dict[Any, Any] = {"v": VERSION, field: CHAT.encode(bare(chat)), **more}
        async with translate_redis_errors():
            await self._redis.xadd(keys.SIGNALS, fields, maxlen=KEPT, approximate=True)

    async def _last(self) -> str:
        newest = await self._redis.xrevrange(keys.SIGNALS, count=1)
        return str(newest[0][0]) if newest else "0-0"


def _signal(fields: dict[str, str]) -> Signal:
    """Raises KeyError, ValueError on what says nothing."""
    if "arrived" in fields:
        return Signal("arrived", CHAT.decode(fields["arrived"]))
    return Signal("stop", CHAT.decode(fields["chat"]), fields.get("key", ""))
