"""The streams of chats that have something to do: one for each account and lane, read by all workers as one group.

Everybody reads under one name: who has a chat is told by its claim, so a pending marker needs no owner, and no
names of dead workers pile up.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bridge.inbox.entry import Origin
from bridge.store import CHAT, LANES, VERSION, Lane, Script, bare, keys, translate_redis_errors
from bridge.types import Chat

log = structlog.get_logger(__name__)

MAX_LOOKED_AT = 10
"""Entries of a queue that are looked at for whose it is."""
GROUP = "workers"
READER = "worker"

MAX_WOKEN = 100
"""Chats that one look at what is due announces."""

WAKE_DUE = Script("""
-- KEYS wake, a stream for each lane; ARGV now, most, row version, the lanes. Each is announced by one process only.
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, member in ipairs(due) do
  local lane, chat = string.match(member, '^(%a+) (.*)$')
  for at = 4, #ARGV do
    if ARGV[at] == lane then redis.call('XADD', KEYS[at - 2], '*', 'v', ARGV[3], 'chat', chat) end
  end
  redis.call('ZREM', KEYS[1], member)
end
return #due
""")

DROP = Script("""
-- KEYS ready; ARGV group, id
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XDEL', KEYS[1], ARGV[2])
""")


@dataclass(frozen=True, slots=True)
class ReadyMarker:
    """An entry of such a stream."""

    id: str
    chat: Chat


@dataclass(frozen=True, slots=True)
class Waiting:
    """A chat with something in its queue."""

    account: str
    chat: Chat
    until: float
    """When the first turn wants to be taken up, in seconds since 1970; 0 where it does not say."""


async def announce(redis: Redis, account: str, chat: Chat, lane: Lane) -> None:
    """Tell the workers that something waits in `chat`. Too often is harmless.

    The stream has no length limit: trimming would strand a chat, and what has been dealt with is deleted.
    """
    async with translate_redis_errors():
        await redis.xadd(keys.ready(account, lane), marker(chat))


def marker(chat: Chat) -> dict[Any, Any]:
    """Return the fields of a ready marker."""
    return {"v": VERSION, "chat": CHAT.encode(bare(chat))}


async def announce_at(redis: Redis, account: str, chat: Chat, lane: Lane, until: float) -> None:
    """Have `chat` announced at `until` (seconds since 1970), and not at the time that was said before."""
    async with translate_redis_errors():
        await redis.zadd(keys.wake(account), {f"{lane} {CHAT.encode(bare(chat))}": until})


async def wake_due(redis: Redis, account: str) -> None:
    """Announce the chats whose first turn was suspended until now or earlier, `MAX_WOKEN` at most."""
    streams = [keys.ready(account, lane) for lane in LANES]
    await WAKE_DUE(redis, [keys.wake(account), *streams], time.time(), MAX_WOKEN, VERSION, *LANES)


async def drop(redis: Redis, account: str, lane: Lane, id: str) -> None:
    """Drop a marker that has been dealt with."""
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
    """Return up to `most` markers that nobody has read; wait up to `wait` seconds for the first."""
    stream = keys.ready(account, lane)
    async with translate_redis_errors():
        read: Any = await redis.xreadgroup(GROUP, READER, {stream: ">"}, count=most, block=max(1, int(wait * 1000)))
    return [found for _, entries in read or () for found in await _read(redis, account, lane, entries)]


async def left(redis: Redis, account: str, lane: Lane, most: int, idle: float) -> list[ReadyMarker]:
    """Return up to `most` markers that were read, or looked at again like this, `idle` or more seconds ago."""
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


async def waiting(redis: Redis, lane: Lane) -> AsyncIterator[Waiting]:
    """Yield every chat that has a queue in this lane, whether it was announced or not."""
    async with translate_redis_errors():
        async for name in redis.scan_iter(match=keys.queues(lane), count=1000):
            async with redis.pipeline(transaction=False) as pipe:
                pipe.lrange(name, 0, MAX_LOOKED_AT - 1)
                pipe.hget(keys.head_of(name), "suspended")
                rows, until = await pipe.execute()
            for row in rows:  # one that cannot be read at all does not say whose it is, but those behind it may
                origin = Origin.of_row(row)
                if origin.chat is not None and keys.LaneKeys(origin.chat, lane).queue == name:
                    yield Waiting(origin.account, origin.chat, float(until or 0))
                    break


async def _read(redis: Redis, account: str, lane: Lane, entries: list[Any]) -> list[ReadyMarker]:
    """Return what the entries say; drop those that say nothing."""
    found = []
    for id, fields in entries:
        try:
            found.append(ReadyMarker(id, CHAT.decode(fields["chat"])))
        except (KeyError, ValueError):
            log.warning("marker unreadable", account=account)
            await drop(redis, account, lane, id)
    return found
