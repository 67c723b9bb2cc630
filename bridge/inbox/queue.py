"""What is put into a chat's queue, and what is done there to jobs that nobody has begun: one script each."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any, Literal, cast

import msgspec
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import NoScriptError

from bridge.inbox import ready
from bridge.inbox.entry import Entry
from bridge.inbox.job import Question
from bridge.inbox.parking import FIND_PARKED
from bridge.store import ChatKeys, Lane, LaneKeys, Script, keys, raise_refusals, translate_redis_errors
from bridge.types import Chat

Put = Literal["new", "seen", "full"]
"""What became of a job: taken in; taken in before; not taken in, for too many wait."""

MAX_WAITING = 100
"""Jobs of one chat and lane that may wait."""
SEEN_SECONDS = 86400
"""Telegram delivers again for 24 hours, which is the longest of the platforms."""
MAX_SEEN = 10_000
"""Turn keys of one chat that are remembered."""
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
    + FIND_PARKED
    + """
-- KEYS queue, head, parked; ARGV key, the new entry up to its account and from there on. The account is the old one's.
-- Returns 0 where there is none, 1 where nobody has begun it, 2 where somebody has, who finds that it was edited; of a
-- turn that is parked, and by this no longer, its account.
local function entry(row)
  local read, old = pcall(cjson.decode, string.sub(row, 17))
  if not read or type(old) ~= 'table' or type(old['account']) ~= 'string' then return nil end
  return ARGV[2] .. cjson.encode(old['account']) .. ARGV[3], old['account']
end
local at, row, begun = find(KEYS[1], KEYS[2], ARGV[1])
if at then
  local new = entry(row)
  if not new then return 0 end
  if new ~= row then
    if begun then redis.call('HINCRBY', KEYS[2], 'edits', 1) end
    local turn, kept = find_parked(KEYS[3], ARGV[1])  -- called back, and not begun again yet
    if turn then redis.call('HSET', KEYS[3], turn, cjson.encode(edited(kept))) end
  end
  redis.call('LSET', KEYS[1], at, new)
  return begun and 2 or 1
end
local turn, kept, place = find_parked(KEYS[3], ARGV[1])
if not (turn and place) then return 0 end
local new, account = entry(kept.rows[place])
if not new then return 0 end
if new == kept.rows[place] then return 2 end
kept.rows[place] = new
for _, each in ipairs(kept.rows) do redis.call('RPUSH', KEYS[1], each) end
kept.rows = nil
redis.call('HSET', KEYS[3], turn, cjson.encode(edited(kept)))
return account
"""
)

REMOVE = Script(
    FIND
    + FIND_PARKED
    + """
-- KEYS queue, head, parked; ARGV key. What stands behind a delayed one stays delayed. Run twice, it says 0.
-- Returns 0 where there is none, 1 where it was removed, or the row that somebody has begun.
local at, row, begun = find(KEYS[1], KEYS[2], ARGV[1])
if not at then
  local _, kept, place = find_parked(KEYS[3], ARGV[1])
  return place and kept.rows[place] or 0
end
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
    await raise_refusals([*went, *answers[len(batches) :]])
    return went


def _call(chat: Chat, lane: Lane, entries: Sequence[Entry], now: float) -> tuple[list[str], list[str | int | float]]:
    bounds = (now, SEEN_SECONDS, MAX_SEEN, MAX_WAITING, QUEUE_SECONDS)
    return [ChatKeys(chat).seen, LaneKeys(chat, lane).queue], [*bounds, *(entry.to_row() for entry in entries)]


Changed = Literal["", "waiting", "begun"]
"""What became of a change: there is no such question, nobody has begun it, somebody has and is to begin anew."""


async def replace(redis: Redis, job: Question) -> Changed:
    """Have `job` take the place of the question with its id, where that waits, is being answered, or is parked."""
    entry, lane = Entry.of("", job), LaneKeys(job.chat, "talk")
    start, account, rest = entry.to_row().partition('"account":""')
    start += account.removesuffix('""')
    went = await REPLACE(redis, [lane.queue, lane.head, lane.parked], entry.key, start, rest)
    if isinstance(went, str):
        await ready.announce(redis, went, job.chat, "talk")
        return "begun"
    return _CHANGED[int(went)]


async def asked_again(redis: Redis, chat: Chat, ids: Collection[str]) -> list[Question]:
    """Return the questions that wait in `chat` and ask once more what one of the messages `ids` asked."""
    async with translate_redis_errors():
        rows = cast(list[str], await redis.lrange(LaneKeys(chat, "talk").queue, 0, -1))
    found = []
    for row in rows:
        with suppress(ValueError):
            job = Entry.from_row(row).job
            if isinstance(job, Question) and job.again and not job.action and job.message.id in ids:
                found.append(job)
    return found


async def remove(redis: Redis, chat: Chat, id: str) -> Changed:
    """Drop the question `id`; where it is being answered, nothing of it is left to answer."""
    lane = LaneKeys(chat, "talk")
    went = await REMOVE(redis, [lane.queue, lane.head, lane.parked], keys.turn(chat, id))
    if went in (0, 1):
        return _CHANGED[int(went)]
    try:
        job = Entry.from_row(str(went)).job
    except ValueError:
        return ""
    return await replace(redis, emptied(job)) if isinstance(job, Question) else ""


def emptied(question: Question) -> Question:
    """Return the question without anything that was said in it."""
    said = msgspec.structs.replace(question.message, text="", quoted="", attachments=())
    return msgspec.structs.replace(question, message=said, action="deleted")


_CHANGED: Sequence[Changed] = ("", "waiting", "begun")
