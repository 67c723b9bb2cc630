"""Turns that were given up: each is kept whole, so that an operator can look at it, put it back or drop it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, cast

from msgspec import Struct
from redis.asyncio import Redis

from bridge.inbox import version0
from bridge.inbox.entry import Entry, Origin
from bridge.inbox.job import Job
from bridge.store import Lane, Row, Script, keys, to_json, translate_redis_errors
from bridge.types import Chat

FAILED, CRASHED, UNREADABLE, REFUSED = "too many attempts", "too many crashes", "unreadable", "refused: "
"""Why a turn was given up, as rows say it; after `REFUSED` follow the platform's words."""

MAX_ASIDE = 20
"""The most turns that are kept of a chat after they were given up."""
ASIDE_SECONDS = 30 * 86400

PUT_BACK = Script("""
-- KEYS aside, queue; ARGV row, entry, seconds kept. Run twice, it says 0.
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 0 then return 0 end
redis.call('RPUSH', KEYS[2], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[3])
return 1
""")


class Aside(Struct, frozen=True):
    """A turn that was given up."""

    why: str
    """For an operator."""
    at: float
    """When that was, in seconds since 1970; 0 where it is not known."""
    attempt: int
    account: str
    """Empty where it is not known."""
    lane: Lane
    entry: str
    """What lay in the queue, to the letter."""

    def to_row(self) -> str:
        return ASIDE.encode(self)

    @classmethod
    def from_row(cls, row: str) -> Aside:
        """Raises nothing: a row that is no JSON is an entry that processes before versions could not read."""
        try:
            return ASIDE.decode(row)
        except ValueError:
            return cls(UNREADABLE, 0.0, 0, Origin.of_row(row).account, "talk", row)


def _upgrade(raw: Any, _version: int) -> dict[str, Any]:
    """Before versions only the message was kept: neither its account nor its lane is known."""
    message = raw["message"]
    chat = message["chat"]
    key = keys.turn(Chat(chat["channel"], chat["id"], chat["thread"]), message["id"])
    lane = "commands" if version0.upgrade(message)["type"] == "command" else "talk"
    known = {name: raw[name] for name in ("why", "at", "attempt")}
    return {**known, "account": "", "lane": lane, "entry": key + to_json({"account": "", "message": message})}


ASIDE = Row(Aside, upgrade=_upgrade)


@dataclass(frozen=True, slots=True)
class Kept:
    """A turn that was given up, with where it is kept."""

    aside: Aside
    key: str
    row: str

    @property
    def id(self) -> str:
        """What an operator names it by: 8 hexadecimal digits."""
        return blake2b(f"{self.key}\0{self.row}".encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()

    @property
    def job(self) -> Job | None:
        """What was to be done; None where this version of the bridge cannot read it."""
        try:
            return Entry.from_row(self.aside.entry).job
        except ValueError:
            return None

    @property
    def chat(self) -> Chat | None:
        """None where the entry does not say it."""
        return Origin.of_row(self.aside.entry).chat


async def kept(redis: Redis) -> AsyncIterator[Kept]:
    """Yield every turn that was given up and is still kept, those of one chat newest first. Raises StoreError."""
    async with translate_redis_errors():
        async for key in redis.scan_iter(match=keys.ASIDES, count=1000):
            for row in cast(list[str], await redis.lrange(key, 0, -1)):
                yield Kept(Aside.from_row(row), str(key), row)


async def drop(redis: Redis, kept: Kept) -> bool:
    """Forget it for good; False where it is gone already. Raises StoreError."""
    async with translate_redis_errors():
        return bool(await redis.lrem(kept.key, 1, kept.row))


async def put_back(redis: Redis, kept: Kept, account: str, queue: str, seconds: int) -> bool:
    """Put it at the end of `queue` again; False where it is no longer kept. Raises StoreError, ValueError.

    It becomes another turn. Under the old turn key its sender was told that it was given up, and a platform that knows
    a key (Feishu for an hour, Discord for some minutes) takes a second post under it for the first.
    """
    if (job := kept.job) is None:
        raise ValueError("this version of the bridge cannot read it")
    row = Entry(keys.turn(job.chat, f"{job.id}\0{kept.id}"), account, job).to_row()
    return bool(await PUT_BACK(redis, [kept.key, queue], kept.row, row, seconds))


def aside(why: str, attempt: int, account: str, lane: Lane, entry: str) -> str:
    """Return the row of a turn that is given up now."""
    return Aside(why, time.time(), attempt, account, lane, entry).to_row()
