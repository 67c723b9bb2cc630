"""A platform has given a chat another id: what is kept of it follows.

Old and new lie in different slots of a cluster, so it is copied first and removed after, and whatever is copied twice
is recognised. It can be repeated at any point, also after everything has moved.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import cast

import msgspec
from redis.asyncio import Redis

from bridge.inbox.entry import Entry
from bridge.inbox.parking import KEPT, PARKED_SECONDS, Parked
from bridge.inbox.queue import QUEUE_SECONDS, SEEN_SECONDS
from bridge.inbox.ready import announce
from bridge.inbox.record import without_messages
from bridge.store import (
    CHAT,
    HISTORY_SECONDS,
    LANES,
    MAX_EXCHANGES,
    Answers,
    ChatKeys,
    Conversations,
    DocumentStore,
    Lane,
    LaneKeys,
    Overheard,
    Preferences,
    Prompts,
    Script,
    translate_redis_errors,
)
from bridge.types import Chat

MOVED_SECONDS = 30 * 86400
"""Seconds for which the old chat knows what it has become: longer than any turn that began in it."""

MERGE = Script("""
-- KEYS history; ARGV most rows, seconds, rows. Adds those that are not there yet, in the order of when they were said.
local there, merged, changed = {}, {}, false
local function add(row)
  local read, exchange = pcall(cjson.decode, row)
  local at = read and type(exchange) == 'table' and tonumber(exchange['at']) or 0
  table.insert(merged, {row = row, at = at, number = #merged})
end
local present = redis.call('LRANGE', KEYS[1], 0, -1)
for _, row in ipairs(present) do there[row] = true end
for number = 3, #ARGV do
  if not there[ARGV[number]] then
    add(ARGV[number])
    changed = true
  end
end
if changed then
  for _, row in ipairs(present) do add(row) end
  table.sort(merged, function(one, two)
    if one.at ~= two.at then return one.at < two.at end
    return one.number < two.number
  end)
  redis.call('DEL', KEYS[1])
  for _, each in ipairs(merged) do redis.call('RPUSH', KEYS[1], each.row) end
  redis.call('LTRIM', KEYS[1], -ARGV[1], -1)
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return #merged
""")

WAITING = Script("""
-- KEYS claim, queue, head. All that waits but the turn that somebody is at work on, with what joined it: its process
-- moves the rest.
local waiting = redis.call('LRANGE', KEYS[2], 0, -1)
if #waiting > 0 and redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HEXISTS', KEYS[3], 'by') == 1
   and redis.call('HGET', KEYS[3], 'key') == string.sub(waiting[1], 1, 16) then
  for _ = 0, #(redis.call('HGET', KEYS[3], 'joined') or '') / 16 do table.remove(waiting, 1) end
end
return waiting
""")

ADOPT = Script("""
-- KEYS seen, queue; ARGV now, seconds seen, seconds kept, entries. Queues those that have not come here before.
local added = 0
for at = 4, #ARGV do
  if redis.call('ZADD', KEYS[1], 'NX', ARGV[1], string.sub(ARGV[at], 1, 16)) == 1 then
    redis.call('RPUSH', KEYS[2], ARGV[at])
    added = added + 1
  end
end
if added > 0 then
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  redis.call('EXPIRE', KEYS[2], ARGV[3])
end
return added
""")

REMOVE = Script("""
-- KEYS list, head or nothing; ARGV rows. A process that has just begun one of them finds that it holds it no longer.
for _, row in ipairs(ARGV) do
  redis.call('LREM', KEYS[1], 1, row)
  if KEYS[2] and redis.call('HGET', KEYS[2], 'key') == string.sub(row, 1, 16) then redis.call('DEL', KEYS[2]) end
end
return #ARGV
""")


async def move(redis: Redis, old: Chat, new: Chat) -> None:
    """Have conversations, preferences, documents and what waits of `old` follow to `new`.

    What `new` has already stays; the histories are joined by when things were said. The ids that were seen stay
    behind: the new chat may count its messages from the start. Raises StoreError.
    """
    if old == new:
        return
    source, target = ChatKeys(old), ChatKeys(new)
    async with translate_redis_errors():
        await redis.set(source.moved, CHAT.encode(new), ex=MOVED_SECONDS)
        await redis.delete(target.moved)
        rows = cast(list[str], await redis.lrange(source.history, 0, -1))
    if rows:
        await MERGE(redis, [target.history], MAX_EXCHANGES, HISTORY_SECONDS, *rows)
        await REMOVE(redis, [source.history], *rows)
    await Answers(redis).move(old, new)
    await Conversations(redis).move(old, new)
    await Preferences(redis).move(old, new)
    await Prompts(redis).move(old, new)
    await DocumentStore(redis).move(old, new)
    await Overheard(redis).forget(old)  # it would have been forgotten in a few hours anyway
    for lane in LANES:
        await _move_lane(redis, old, new, lane)
    await _move_parked(redis, old, new)


async def _move_lane(redis: Redis, old: Chat, new: Chat, lane: Lane) -> None:
    source, target = LaneKeys(old, lane), LaneKeys(new, lane)
    waiting: list[str] = await WAITING(redis, [source.claim, source.queue, source.head])
    gone, placed, accounts = [], [], set()
    for row in waiting:
        try:
            entry = Entry.from_row(row)
        except ValueError:
            continue  # its sender is told by the worker that takes the old chat
        gone.append(row)
        placed.append(entry.in_chat(new).to_row())
        accounts.add(entry.account)
    if not placed:
        return
    await ADOPT(redis, [ChatKeys(new).seen, target.queue], time.time(), SEEN_SECONDS, QUEUE_SECONDS, *placed)
    for account in sorted(accounts):
        await announce(redis, account, new, lane)
    await REMOVE(redis, [source.queue, source.head], *gone)


async def _move_parked(redis: Redis, old: Chat, new: Chat) -> None:
    """Call back in `new` what waited in `old` for somebody to decide: it asks anew, in a message of its own there.

    Its steps are kept, so no tool runs twice. Where the messages of its reply stood is of no use in `new`.
    """
    source, target = LaneKeys(old, "talk"), LaneKeys(new, "talk")
    async with translate_redis_errors():
        parked = cast(dict[str, str], await redis.hgetall(source.parked))
        epoch = str(await redis.get(ChatKeys(new).epoch) or "0") if parked else ""
    for key, kept in parked.items():
        try:
            turn = KEPT.decode(kept)
            entries = [Entry.from_row(row) for row in turn.rows]
        except ValueError:
            continue
        head = msgspec.json.encode(Parked((), _elsewhere(turn.head, epoch))).decode()
        async with translate_redis_errors():
            await redis.hsetnx(target.parked, key, head)
            await redis.expire(target.parked, PARKED_SECONDS)
        placed = [entry.in_chat(new).to_row() for entry in entries]
        if placed:
            names = [ChatKeys(new).seen, target.queue]
            await ADOPT(redis, names, time.time(), SEEN_SECONDS, QUEUE_SECONDS, *placed)
            await announce(redis, entries[0].account, new, "talk")
        async with translate_redis_errors():
            await redis.hdel(source.parked, key)


def _elsewhere(head: Sequence[str], epoch: str) -> tuple[str, ...]:
    """Return the record of a turn that goes on in another chat, whose current conversation is `epoch`."""
    kept = without_messages(dict(zip(head[::2], head[1::2], strict=True))) | {"epoch": epoch}
    return tuple(part for field in kept.items() for part in field)
