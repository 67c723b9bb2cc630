"""What is put into a chat's queue, and what is done there to jobs that nobody has begun: one script each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import NoScriptError

from bridge.inbox import ready
from bridge.inbox.entry import Entry
from bridge.inbox.job import Question
from bridge.store import ChatKeys, Lane, LaneKeys, Script, keys, translate_redis_errors
from bridge.types import Chat

Put = Literal["new", "seen", "full"]
"""What became of a job: taken in; taken in before; not taken in, for too many wait."""

MAX_WAITING = 100
"""Jobs of one chat and lane that may wait."""
SEEN_SECONDS = 86400
"""Telegram delivers again for 24 hours, which is the longest of the platforms."""
MAX_SEEN = 10_000
QUEUE_SECONDS = 30 * 86400

PUT = Script("""
-- KEYS seen, queue; ARGV now, seconds seen, most seen, most waiting, seconds kept, then entries in order.
-- Says of each what became of it.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2])
local waiting, went, new = redis.call('LLEN', KEYS[2]), {}, 0
for at = 6, #ARGV do
  local key = string.sub(ARGV[at], 1, 16)
  if redis.call('ZSCORE', KEYS[1], key) then
    table.insert(went, 'seen')
  elseif waiting + new >= tonumber(ARGV[4]) then
    table.insert(went, 'full')
  else
    redis.call('ZADD', KEYS[1], ARGV[1], key)
    redis.call('RPUSH', KEYS[2], ARGV[at])
    new = new + 1
    table.insert(went, 'new')
  end
end
if new > 0 then
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[3] - 1)
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  redis.call('EXPIRE', KEYS[2], ARGV[5])
end
return went
""")

FIND = """
-- Where in the queue the job of this key waits, or nothing; and whether an attempt at it is under way, or has left
-- something that people see, or taken a step; those that joined the current one share its lot.
local function find(queue, head, key)
  for at, row in ipairs(redis.call('LRANGE', queue, 0, -1)) do
    if string.sub(row, 1, 16) == key then
      local first = string.sub(redis.call('LINDEX', queue, 0), 1, 16)
      local known, joined, by, begun, step = unpack(
        redis.call('HMGET', head, 'key', 'joined', 'by', 'begun', 'step:0'))
      local current = known == first and at <= 1 + #(joined or '') / 16
      return at - 1, row, current and (by or step or (begun and begun ~= '0')) and true or false
    end
  end
end
"""

REPLACE = Script(
    FIND
    + """
-- KEYS queue, head; ARGV key, the new entry up to its account and from there on. The account is that of the old one.
-- Returns 0 where there is none, 1 where nobody has begun it, 2 where somebody has, who finds that it was edited.
local at, row, begun = find(KEYS[1], KEYS[2], ARGV[1])
if not at then return 0 end
local read, entry = pcall(cjson.decode, string.sub(row, 17))
if not read or type(entry) ~= 'table' or type(entry['account']) ~= 'string' then return 0 end
local new = ARGV[2] .. cjson.encode(entry['account']) .. ARGV[3]
if begun and new ~= row then redis.call('HINCRBY', KEYS[2], 'edits', 1) end
redis.call('LSET', KEYS[1], at, new)
return begun and 2 or 1
"""
)

REMOVE = Script(
    FIND
    + """
-- KEYS queue, head; ARGV key. What stands behind a delayed one stays delayed. Run twice, it says 0.
-- Returns 0 where there is none, 1 where it was removed, or the row that somebody has begun.
local at, row, begun = find(KEYS[1], KEYS[2], ARGV[1])
if not at then return 0 end
if begun then return row end
redis.call('LREM', KEYS[1], 1, row)
if redis.call('HGET', KEYS[2], 'key') == ARGV[1] then
  local late = redis.call('HGET', KEYS[2], 'late')
  redis.call('DEL', KEYS[2])
  if late and redis.call('LLEN', KEYS[1]) > 0 then redis.call('HSET', KEYS[2], 'late', late) end
end
return 1
"""
)

FORGET = Script("""
-- KEYS claim, queue, head. Run twice, it says 0.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local waiting = redis.call('LLEN', KEYS[2])
redis.call('DEL', KEYS[2], KEYS[3])
return waiting
""")

Batch = tuple[Chat, Lane, Sequence[Entry]]


async def put(redis: Redis, account: str, batches: Sequence[Batch]) -> list[list[Put]]:
    """Put each batch into its queue, in order, and announce it: in one round trip, with a cluster in two.

    Returns for each batch what became of its entries. Raises StoreError when some may not have been taken in.
    """
    now = time.time()
    calls = [_call(*batch, now + number / 1e6) for number, batch in enumerate(batches)]  # each a little later
    answers: list[Any] = []
    async with translate_redis_errors():
        pipe = redis.pipeline(transaction=False)
        for names, args in calls:
            PUT.add_to(pipe, names, *args)
        if isinstance(redis, RedisCluster):  # stream and queue lie on two nodes, and the queue must be first
            answers += await pipe.execute(raise_on_error=False)
            pipe = redis.pipeline(transaction=False)
        for chat, lane, _ in batches:
            pipe.xadd(keys.ready(account, lane), ready.marker(chat))
        answers += await pipe.execute(raise_on_error=False)
    went = []
    for (chat, lane, _), (names, args), answer in zip(batches, calls, answers, strict=False):
        if isinstance(answer, NoScriptError):
            answer = await PUT(redis, names, *args)
            await ready.announce(redis, account, chat, lane)
        went.append(answer)
    async with translate_redis_errors():
        for answer in [*went, *answers[len(batches) :]]:
            if isinstance(answer, Exception):
                raise answer
    return went


def _call(chat: Chat, lane: Lane, entries: Sequence[Entry], now: float) -> tuple[list[str], list[str | int | float]]:
    bounds = (now, SEEN_SECONDS, MAX_SEEN, MAX_WAITING, QUEUE_SECONDS)
    return [ChatKeys(chat).seen, LaneKeys(chat, lane).queue], [*bounds, *(entry.to_row() for entry in entries)]


Changed = Literal["", "waiting", "begun"]
"""What became of a change: there is no such question, nobody has begun it, somebody has and is to begin anew."""


async def replace(redis: Redis, job: Question) -> Changed:
    """Have `job` take the place of the question with its id, where that waits or is being answered."""
    entry, lane = Entry.of("", job), LaneKeys(job.chat, "talk")
    start, account, rest = entry.to_row().partition('"account":""')
    start += account.removesuffix('""')
    went = int(await REPLACE(redis, [lane.queue, lane.head], entry.key, start, rest))
    return _CHANGED[went]


async def remove(redis: Redis, chat: Chat, id: str) -> Changed:
    """Drop the question `id`; where it is being answered, nothing of it is left to answer."""
    lane = LaneKeys(chat, "talk")
    went = await REMOVE(redis, [lane.queue, lane.head], keys.turn(chat, id))
    if went in (0, 1):
        return _CHANGED[int(went)]
    try:
        job = Entry.from_row(str(went)).job
    except ValueError:
        return ""
    return await replace(redis, emptied(job)) if isinstance(job, Question) else ""


def emptied(question: Question) -> Question:
    """The question without anything that was said in it."""
    said = msgspec.structs.replace(question.message, text="", quoted="", attachments=())
    return msgspec.structs.replace(question, message=said, action="deleted")


_CHANGED: Sequence[Changed] = ("", "waiting", "begun")
