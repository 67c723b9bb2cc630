"""Which answers are under way and how many chats wait, in every process: a quick look, for a person who watches."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from bridge.inbox.entry import Entry
from bridge.inbox.job import Question
from bridge.inbox.ready import GROUP
from bridge.store import CHAT, ChatKeys, LaneKeys, keys, translate_redis_errors
from bridge.types import Chat, User


@dataclass(frozen=True, slots=True)
class UnderWay:
    """One question that a worker is at work on."""

    chat: Chat
    person: User
    since: float
    """When it was taken in, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Queues:
    """What one look at the queues of some accounts has found."""

    under_way: tuple[UnderWay, ...]
    """The longest first."""
    chats: int
    """Chats that have something to do, those under way included."""
    suspended: int
    """Chats whose first turn waits for a time or for the gateway."""


async def look(redis: Redis, accounts: Sequence[str], most: int) -> Queues:
    """Look at the talk of these accounts, and at `most` answers of each. Raises StoreError."""
    found: list[UnderWay] = []
    chats = suspended = 0
    for account in accounts:
        stream = keys.ready(account, "talk")
        async with translate_redis_errors():
            chats += int(await redis.xlen(stream))
            suspended += int(await redis.zcard(keys.wake(account)))
            for id in await _pending(redis, stream, most):
                entries: Any = await redis.xrange(stream, id, id)
                for _, fields in entries:
                    if (each := await _look_at(redis, fields)) is not None:
                        found.append(each)
    return Queues(tuple(sorted(found, key=lambda each: each.since)), chats, suspended)


async def _pending(redis: Redis, stream: str, most: int) -> list[str]:
    """Return the markers by which workers hold chats; none where there has never been a worker."""
    try:
        entries: Any = await redis.xpending_range(stream, GROUP, "-", "+", most)
    except ResponseError:
        return []
    return [str(entry["message_id"]) for entry in entries]


async def _look_at(redis: Redis, fields: dict[str, str]) -> UnderWay | None:
    """Return the question under way in a chat; None where nobody is at work on one."""
    try:
        chat = CHAT.decode(fields["chat"])
    except (KeyError, ValueError):
        return None
    names = LaneKeys(chat, "talk")
    async with redis.pipeline(transaction=False) as pipe:
        pipe.lindex(names.queue, 0)
        pipe.exists(names.claim)
        row, claimed = await pipe.execute()
    if not (row and claimed):
        return None
    try:
        job = Entry.from_row(row).job
    except ValueError:
        return None
    if not isinstance(job, Question):
        return None
    came = await redis.zscore(ChatKeys(chat).seen, row[: keys.KEY_LENGTH])
    return UnderWay(job.chat, job.asked_by, float(came or time.time()))
