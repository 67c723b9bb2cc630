"""How much waits in all queues, and for how long: one look for an operator."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis

from bridge.inbox.entry import Entry
from bridge.inbox.job import Question
from bridge.inbox.ready import waiting
from bridge.store import LANES, ChatKeys, LaneKeys, keys, translate_redis_errors


@dataclass(frozen=True, slots=True)
class Backlog:
    """What lies in the queues of all chats."""

    jobs: int = 0
    under_way: int = 0
    """How many of the jobs a worker is at work on."""
    chats: int = 0
    since: float = 0.0
    """When the oldest of them was sent, in seconds since 1970; 0 where nothing waits, or none says when."""


async def backlog(redis: Redis) -> Backlog:
    """Look through all queues and return what lies there. Raises StoreError."""
    jobs, under_way, chats, sent = 0, 0, set[str](), list[float]()
    for lane in LANES:
        async for each in waiting(redis, lane):
            names = LaneKeys(each.chat, lane)
            async with translate_redis_errors(), redis.pipeline(transaction=False) as pipe:
                pipe.llen(names.queue)
                pipe.lindex(names.queue, 0)
                pipe.exists(names.claim)
                length, first, claimed = await pipe.execute()
            if not length:
                continue
            jobs, under_way = jobs + int(length), under_way + int(claimed)
            chats.add(str(each.chat))
            if at := _sent_at(first) or await _came_at(redis, ChatKeys(each.chat).seen, first):
                sent.append(at)
    return Backlog(jobs, under_way, len(chats), min(sent, default=0.0))


def _sent_at(row: str) -> float:
    """Return when the person sent it, as the platform says; 0 where that is not known."""
    try:
        job = Entry.from_row(row).job
    except ValueError:
        return 0.0
    return float(getattr(job.message if isinstance(job, Question) else job, "sent_at", 0.0))


async def _came_at(redis: Redis, seen: str, row: str) -> float:
    """Return when it was taken in; that is known for a day."""
    async with translate_redis_errors():
        return float(await redis.zscore(seen, row[: keys.KEY_LENGTH]) or 0.0)
