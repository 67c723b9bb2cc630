"""The streams of chats that have something to do: one for each account and lane, read by all workers as one group.

Everybody reads under one name: who has a chat is told by its claim, so a pending marker needs no owner, and no
names of dead workers pile up.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bridge.inbox.entry import Entry
from bridge.store import keys
from bridge.store.errors import translate_redis_errors
from bridge.store.keys import Lane
from bridge.store.scripts import Script, dump
from bridge.types import Chat

log = structlog.get_logger(__name__)

GROUP = "workers"
READER = "worker"

DROP = Script("""
-- KEYS ready; ARGV group, id
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XDEL', KEYS[1], ARGV[2])
""")


@dataclass(frozen=True, slots=True)
class ReadyMarker:
    id: str
    chat: Chat


async def announce(redis: Redis, account: str, chat: Chat, lane: Lane) -> None:
    """Tell the workers that something waits in `chat`. Too often is harmless.

    The stream has no length limit: trimming would strand a chat, and what has been dealt with is deleted.
    """
    told = {"id": chat.id, "thread": chat.thread, "person": chat.person, "direct": chat.direct}
    fields: dict[Any, Any] = {"chat": dump({"channel": chat.channel, **told})}
    async with translate_redis_errors():
        await redis.xadd(keys.ready(account, lane), fields)


async def drop(redis: Redis, account: str, lane: Lane, id: str) -> None:
    """It has been dealt with."""
    await DROP(redis, [keys.ready(account, lane)], GROUP, id)


async def prepare(redis: Redis, account: str, lane: Lane) -> None:
    """Make the group where there is none; it then reads the stream from its beginning."""
    async with translate_redis_errors():
        try:
            await redis.xgroup_create(keys.ready(account, lane), GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise


async def fresh(redis: Redis, account: str, lane: Lane, most: int, wait: float) -> list[ReadyMarker]:
    """Up to `most` ready that nobody has read; waits up to `wait` seconds for the first."""
    stream = keys.ready(account, lane)
    async with translate_redis_errors():
        read: Any = await redis.xreadgroup(GROUP, READER, {stream: ">"}, count=most, block=max(1, int(wait * 1000)))
    return [found for _, entries in read or () for found in await _read(redis, account, lane, entries)]


async def left(redis: Redis, account: str, lane: Lane, most: int, idle: float) -> list[ReadyMarker]:
    """Up to `most` that were read by somebody, or looked at again like this, `idle` or more seconds ago."""
    stream, start, found = keys.ready(account, lane), "0-0", list[ReadyMarker]()
    while True:
        async with translate_redis_errors():
            looked: Any = await redis.xautoclaim(
                stream, GROUP, READER, int(idle * 1000), start_id=start, count=most - len(found)
            )
        start, entries = looked[:2]
        found += await _read(redis, account, lane, entries)
        if start == "0-0" or len(found) >= most:
            return found


async def waiting(redis: Redis, lane: Lane) -> AsyncIterator[tuple[str, Chat]]:
    """Every account and chat that has a queue in this lane, whether it was announced or not."""
    async with translate_redis_errors():
        async for name in redis.scan_iter(match=keys.queues(lane), count=1000):
            try:
                entry = Entry.from_row(str(await redis.lindex(name, 0)))
            except ValueError:
                continue  # gone since, or unreadable: then there is no telling whose it is
            chat = entry.message.chat
            if keys.LaneKeys(chat, lane).queue == name:
                yield entry.account, chat


async def _read(redis: Redis, account: str, lane: Lane, entries: list[Any]) -> list[ReadyMarker]:
    """What the entries say; those that say nothing are dropped."""
    found = []
    for id, fields in entries:
        try:
            found.append(ReadyMarker(id, Chat.from_json(json.loads(fields["chat"]))))
        except (TypeError, KeyError, ValueError):
            log.warning("marker unreadable", account=account)
            await drop(redis, account, lane, id)
    return found
