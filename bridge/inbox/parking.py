"""A turn that waits for a person to decide something leaves the queue, with its record, and comes back later.

So the chat goes on meanwhile: what stands behind it is answered, and it is taken up, as it was, behind what waits then.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from bridge.inbox.ready import announce
from bridge.store import LaneKeys, Script
from bridge.types import Chat

PARKED_SECONDS = 2 * 86400
"""Longer than anybody is given to decide."""


class Parked(Struct, frozen=True, omit_defaults=True):
    """What is kept of a turn that is parked."""

    rows: tuple[str, ...] = ()
    """Its entries; none where it has been called back, and they are in the queue again."""
    head: tuple[str, ...] = ()
    """Its record: each field with its value behind it."""


KEPT = msgspec.json.Decoder(Parked)

PARK = Script("""
-- KEYS queue, head, parked; ARGV fencing token, joined, seconds, edits. The attempt does not count. Where it was called
-- back meanwhile, the turn stays where it is, and is handed out again; where its question was edited, it goes on.
if redis.call('HGET', KEYS[2], 'by') ~= ARGV[1] then
  return redis.call('HGET', KEYS[2], 'left') == ARGV[1] and 'repeated' or 'lost'
end
if (redis.call('HGET', KEYS[2], 'edits') or '0') ~= ARGV[4] then return 'edited' end
redis.call('HINCRBY', KEYS[2], 'attempt', -1)
redis.call('HDEL', KEYS[2], 'by')
redis.call('HSET', KEYS[2], 'left', ARGV[1])
if redis.call('HDEL', KEYS[2], 'woken') == 1 then return 'ok' end
local key = redis.call('HGET', KEYS[2], 'key')
local rows = {}
local function take(wanted)
  local first = redis.call('LINDEX', KEYS[1], 0)
  if first and string.sub(first, 1, 16) == wanted then table.insert(rows, redis.call('LPOP', KEYS[1])) end
end
take(key)
for at = 1, #ARGV[2], 16 do take(string.sub(ARGV[2], at, at + 15)) end
redis.call('HSET', KEYS[2], 'late', 1)
redis.call('HSET', KEYS[3], key, cjson.encode({rows = rows, head = redis.call('HGETALL', KEYS[2])}))
redis.call('EXPIRE', KEYS[3], ARGV[3])
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'left', ARGV[1])
redis.call('EXPIRE', KEYS[2], 3600)
return 'ok'
""")

FIND_PARKED = """
-- The parked turn of which the job of this key is a part: its key, what is kept of it, and where among its rows the job
-- is, unless it has been called back.
local function find_parked(parked, key)
  local all = redis.call('HGETALL', parked)
  for number = 1, #all, 2 do
    local kept = cjson.decode(all[number + 1])
    if kept.rows then
      for place, row in ipairs(kept.rows) do
        if string.sub(row, 1, 16) == key then return all[number], kept, place end
      end
    elseif all[number] == key then
      return all[number], kept
    else
      for at = 1, #kept.head, 2 do
        local joined = kept.head[at] == 'joined' and kept.head[at + 1] or ''
        for start = 1, #joined, 16 do
          if string.sub(joined, start, start + 15) == key then return all[number], kept end
        end
      end
    end
  end
end
-- What is kept of a turn, its question edited once more.
local function edited(kept)
  for at = 1, #kept.head, 2 do
    if kept.head[at] == 'edits' then
      kept.head[at + 1] = tostring(tonumber(kept.head[at + 1]) + 1)
      return kept
    end
  end
  table.insert(kept.head, 'edits')
  table.insert(kept.head, '1')
  return kept
end
"""

CALL_BACK = Script("""
-- KEYS queue, head, parked; ARGV the turn's key. Returns whether the turn is in the queue now.
local kept = redis.call('HGET', KEYS[3], ARGV[1])
if not kept then
  return redis.call('HGET', KEYS[2], 'key') == ARGV[1] and redis.call('HSET', KEYS[2], 'woken', 1) + 1 or 0
end
local turn = cjson.decode(kept)
if not turn.rows then return 1 end
for _, row in ipairs(turn.rows) do redis.call('RPUSH', KEYS[1], row) end
turn.rows = nil
redis.call('HSET', KEYS[3], ARGV[1], cjson.encode(turn))
return 1
""")


async def call_back(redis: Redis, account: str, chat: Chat, key: str) -> bool:
    """Put the turn `key` back into the queue of `chat`; False where it no longer waits. Raises StoreError."""
    lane = LaneKeys(chat, "talk")
    found = await CALL_BACK(redis, [lane.queue, lane.head, lane.parked], key)
    if found:
        await announce(redis, account, chat, "talk")
    return bool(found)
