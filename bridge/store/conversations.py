"""The conversations of a chat: the current one, and those before it, kept by number.

The current one lies in `ChatKeys.history`, and its number in `ChatKeys.epoch`. To begin another or to open an earlier
one is one step, which renames lists and copies nothing. A turn belongs to the conversation in which it began:
`Turn.done` compares numbers, so an answer never enters another one, and none that has been deleted.

A number is about when the conversation began, in seconds since 1970, and is never used again.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from msgspec import Struct
from redis.asyncio import Redis

from bridge.store import keys
from bridge.store.errors import translate_redis_errors
from bridge.store.history import EPOCH_SECONDS, EXCHANGE, HISTORY_SECONDS, Exchange
from bridge.store.keys import ChatKeys
from bridge.store.preferences import LAST_SECONDS
from bridge.store.rows import Row
from bridge.store.scripts import Script
from bridge.types import Chat

MAX_CONVERSATIONS = 200
"""The most conversations that are kept of a chat beside the current one."""
MAX_KEPT_BYTES = 32_000_000
"""The most bytes of their exchanges together. The one left last stays, however large."""
MAX_TITLE_LENGTH = 60
MAX_KEPT_LAST_BYTES = 20_000
"""A last question that is longer is not kept with its conversation."""

NO_NUMBER = "0"
"""The number of a chat's conversation before it had any; older rows have small numbers, which were counted up."""

_PREPARED = """
-- Drops a kept conversation with all that belongs to it.
local function drop(kept, about, number)
  redis.call('DEL', kept .. ':' .. number)
  redis.call('ZREM', kept, number)
  redis.call('HDEL', about, 'title:' .. number, 'summary:' .. number, 'bytes:' .. number, 'words:' .. number,
    'last:' .. number)
end
-- A number that no conversation of the chat has.
local function fresh(kept, current, now)
  local number = math.max(math.floor(tonumber(now)), tonumber(current) + 1)
  while redis.call('ZSCORE', kept, string.format('%d', number)) do number = number + 1 end
  return string.format('%d', number)
end
"""

SWITCH = Script(
    _PREPARED
    + """
-- KEYS history, epoch, kept, about, head, last; ARGV token, number to open or nothing for a new one, now, seconds kept,
-- most conversations, most bytes, seconds of the epoch, most bytes of a last question, its seconds.
-- Keeps the current conversation and makes another one current. Returns what became of it, and the number left.
local kept, about, now = KEYS[3], KEYS[4], ARGV[3]
local before = redis.call('HGET', about, 'switch') or ''
if string.sub(before, 1, #ARGV[1]) == ARGV[1] then return {'switched', string.sub(before, #ARGV[1] + 2)} end
local current, target = redis.call('GET', KEYS[2]) or '0', ARGV[2]
if target == current then return {'current', ''} end
if target ~= '' and redis.call('EXISTS', kept .. ':' .. target) == 0 then return {'gone', ''} end
local length = redis.call('LLEN', KEYS[1])
-- An answer under way belongs to the conversation that is left, even if it is the first.
local is_used = length > 0 or redis.call('HGET', KEYS[5], 'epoch') == current
if target == '' and not is_used then return {'empty', ''} end
local left = ''
if is_used then
  left = current
  -- A process from before conversations were kept may have counted up to a number that is taken.
  if redis.call('ZSCORE', kept, left) then left = fresh(kept, current, now) end
  local bytes = 0
  for _, row in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do bytes = bytes + #row end
  if length > 0 then
    redis.call('RENAME', KEYS[1], kept .. ':' .. left)
    redis.call('EXPIRE', kept .. ':' .. left, ARGV[4])
  end
  redis.call('ZADD', kept, now, left)
  redis.call('HSET', about, 'bytes:' .. left, bytes)
  local last = redis.call('GET', KEYS[6])
  if last and #last <= tonumber(ARGV[8]) then redis.call('HSET', about, 'last:' .. left, last) end
end
if target ~= '' then
  redis.call('RENAME', kept .. ':' .. target, KEYS[1])
  redis.call('EXPIRE', KEYS[1], ARGV[4])
  redis.call('ZREM', kept, target)
  local last = redis.call('HGET', about, 'last:' .. target)
  redis.call('DEL', KEYS[6])
  if last then redis.call('SET', KEYS[6], last, 'EX', ARGV[9]) end
  redis.call('HDEL', about, 'bytes:' .. target, 'words:' .. target, 'last:' .. target)
else
  target = fresh(kept, current, now)
end
redis.call('SET', KEYS[2], target, 'EX', ARGV[7])
-- What is too old or too much goes, the oldest first.
local oldest = '(' .. now - ARGV[4]
for _, number in ipairs(redis.call('ZRANGEBYSCORE', kept, '-inf', oldest)) do drop(kept, about, number) end
local total, count = 0, 0
for _, number in ipairs(redis.call('ZREVRANGE', kept, 0, -1)) do
  total, count = total + (redis.call('HGET', about, 'bytes:' .. number) or 0), count + 1
  if count > 1 and (count > tonumber(ARGV[5]) or total > tonumber(ARGV[6])) then drop(kept, about, number) end
end
redis.call('HSET', about, 'switch', ARGV[1] .. ' ' .. left)
redis.call('EXPIRE', kept, ARGV[4])
redis.call('EXPIRE', about, ARGV[4])
return {'switched', left}
"""
)

DELETE = Script(
    _PREPARED
    + """
-- KEYS history, epoch, kept, about, last, answer; ARGV number or 'all', now, seconds of the epoch. Returns how many
-- were there.
local kept, about = KEYS[3], KEYS[4]
local current = redis.call('GET', KEYS[2]) or '0'
local count = 0
local read, answer = pcall(cjson.decode, redis.call('GET', KEYS[6]) or '')
local number = read and type(answer) == 'table' and tonumber(answer['epoch'] or 0)
if not number or ARGV[1] == 'all' or number == tonumber(ARGV[1]) then redis.call('DEL', KEYS[6]) end
if ARGV[1] == 'all' or ARGV[1] == current then
  count = count + redis.call('DEL', KEYS[1])
  redis.call('DEL', KEYS[5])
  drop(kept, about, current)
  -- An answer under way then belongs to nothing that is left.
  redis.call('SET', KEYS[2], fresh(kept, current, ARGV[2]), 'EX', ARGV[3])
end
local numbers = ARGV[1] == 'all' and redis.call('ZRANGE', kept, 0, -1) or {ARGV[1]}
for _, number in ipairs(numbers) do
  count = count + redis.call('EXISTS', kept .. ':' .. number)
  drop(kept, about, number)
end
if ARGV[1] == 'all' then redis.call('DEL', about) end
return count
"""
)

NOTE = Script("""
-- KEYS epoch, kept, about; ARGV number, field, value, whether to keep what is there, seconds.
-- Notes something about a conversation that is there. Returns whether it is.
if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] and not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 0 end
redis.call(ARGV[4] == '1' and 'HSETNX' or 'HSET', KEYS[3], ARGV[2] .. ':' .. ARGV[1], ARGV[3])
if redis.call('TTL', KEYS[3]) < tonumber(ARGV[5]) then redis.call('EXPIRE', KEYS[3], ARGV[5]) end
return 1
""")

ADOPT = Script(
    _PREPARED
    + """
-- KEYS epoch, kept, about; ARGV number, when it was last used, seconds, how many fields, fields with values, rows.
-- Takes over a conversation of a chat that has become this one; twice is no more than once.
local kept, about, number = KEYS[2], KEYS[3], ARGV[1]
local fields = tonumber(ARGV[4])
local first = 5 + 2 * fields
local current = redis.call('GET', KEYS[1]) or '0'
while number == current or redis.call('ZSCORE', kept, number) do
  if number ~= current and redis.call('LINDEX', kept .. ':' .. number, 0) == ARGV[first] then return 0 end
  number = fresh(kept, math.max(tonumber(number), tonumber(current)), 0)
end
for at = first, #ARGV do redis.call('RPUSH', kept .. ':' .. number, ARGV[at]) end
redis.call('EXPIRE', kept .. ':' .. number, ARGV[3])
redis.call('ZADD', kept, ARGV[2], number)
for at = 5, first - 1, 2 do redis.call('HSET', about, ARGV[at] .. ':' .. number, ARGV[at + 1]) end
redis.call('EXPIRE', kept, ARGV[3])
redis.call('EXPIRE', about, ARGV[3])
return 1
"""
)

SHORTEN = Script(
    _PREPARED
    + """
-- KEYS history, kept, about, last; ARGV now, seconds, when the current conversation was last used.
-- Nothing is to be kept longer than so many seconds after its last use.
local now, seconds = tonumber(ARGV[1]), tonumber(ARGV[2])
local function expire(key, last_used)
  local left = math.floor(last_used + seconds - now)
  if left <= 0 then return redis.call('DEL', key) end
  local ttl = redis.call('TTL', key)
  if ttl == -1 or ttl > left then redis.call('EXPIRE', key, left) end
end
expire(KEYS[1], tonumber(ARGV[3]))
expire(KEYS[4], tonumber(ARGV[3]))
local numbers, newest = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES'), tonumber(ARGV[3])
for at = 1, #numbers, 2 do
  local used = tonumber(numbers[at + 1])
  newest = math.max(newest, used)
  if used + seconds <= now then drop(KEYS[2], KEYS[3], numbers[at]) else expire(KEYS[2] .. ':' .. numbers[at], used) end
end
expire(KEYS[2], newest)
expire(KEYS[3], newest)
return 1
"""
)


class Summary(Struct, frozen=True, omit_defaults=True):
    """What stands for the beginning of a conversation that no longer fits."""

    text: str
    """Empty where none could be made."""
    until: str
    """The id of the last exchange that it stands for."""
    at: float = 0.0
    """When it was made, in seconds since 1970."""
    turn: str = ""
    """The id of the message whose answer was the first with it."""
    failed_at: float = 0.0
    """When a newer one could not be made."""


SUMMARY = Row(Summary)

Switched = Literal["switched", "current", "gone", "empty"]
"""What came of it: another conversation is current; it was so already; it is not there; the current one is still empty,
so that there is nothing to begin anew."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What tells a conversation from others."""

    number: int
    title: str
    """As the model or a person has named it; empty where neither has."""
    turns: int
    used_at: float
    """When it was last used, in seconds since 1970; of the current one, when its last answer ended."""
    is_current: bool
    first: Exchange | None = None
    """Its first exchange, where that can be read."""


class Conversations:
    """By chat. Everything raises StoreError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def begin(self, chat: Chat, seconds: int = HISTORY_SECONDS) -> int | None:
        """Keep the current conversation for `seconds`, and begin one with nothing in it.

        Return the number of the one that was left; None where it was still empty.
        """
        went, left = await self._switch(chat, "", seconds)
        return int(left) if went == "switched" and left else None

    async def open(self, chat: Chat, number: int, seconds: int = HISTORY_SECONDS) -> tuple[Switched, int | None]:
        """Make a kept conversation the current one; return what came of it, and the number of the one left, if any."""
        went, left = await self._switch(chat, str(number), seconds)
        return went, int(left) if left else None

    async def _switch(self, chat: Chat, number: str, seconds: int) -> tuple[Switched, str]:
        names, token = ChatKeys(chat), secrets.token_hex(8)
        head = keys.LaneKeys(chat, "talk").head
        went, left = await SWITCH(
            self._redis,
            [names.history, names.epoch, names.kept, names.about, head, names.last],
            token,
            number,
            time.time(),
            seconds,
            MAX_CONVERSATIONS,
            MAX_KEPT_BYTES,
            EPOCH_SECONDS,
            MAX_KEPT_LAST_BYTES,
            LAST_SECONDS,
        )
        return went, left

    async def delete(self, chat: Chat, number: int | Literal["all"]) -> int:
        """Delete a conversation, or all of them, for good; return how many with something in them there were."""
        names = ChatKeys(chat)
        args = (str(number), time.time(), EPOCH_SECONDS)
        kept = [names.history, names.epoch, names.kept, names.about, names.last, names.answer]
        return int(await DELETE(self._redis, kept, *args))

    async def all(self, chat: Chat) -> list[Conversation]:
        """All conversations with something in them: the current one, then those before, the last used first.

        They come without their first exchange; `with_first` adds it.
        """
        names = ChatKeys(chat)
        async with translate_redis_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.get(names.epoch)
            pipe.llen(names.history)
            pipe.lindex(names.history, -1)
            pipe.zrevrange(names.kept, 0, -1, withscores=True)
            current, length, last, kept = await pipe.execute()
            current = current or NO_NUMBER
            for number, _ in kept:
                pipe.llen(keys.kept_list(names.kept, number))
            pipe.hmget(names.about, [f"title:{number}" for number in (current, *(number for number, _ in kept))])
            *lengths, titles = await pipe.execute()
        found = [Conversation(int(current), titles[0] or "", length, _ended(last), is_current=True)] if length else []
        return found + [
            Conversation(int(number), title or "", turns, used_at, is_current=False)
            for (number, used_at), turns, title in zip(kept, lengths, titles[1:], strict=True)
            if turns
        ]

    async def with_first(self, chat: Chat, listed: Sequence[Conversation]) -> list[Conversation]:
        """The same conversations with their first exchange."""
        names = ChatKeys(chat)
        async with translate_redis_errors(), self._redis.pipeline(transaction=False) as pipe:
            for each in listed:
                pipe.lindex(names.history if each.is_current else keys.kept_list(names.kept, each.number), 0)
            rows = await pipe.execute()
        return [
            Conversation(each.number, each.title, each.turns, each.used_at, each.is_current, _exchange(row))
            for each, row in zip(listed, rows, strict=True)
        ]

    async def find(self, chat: Chat, number: int) -> Conversation | None:
        """The conversation of that number, with its first exchange; None where it is not there, or empty."""
        listed = [each for each in await self.all(chat) if each.number == number]
        return (await self.with_first(chat, listed))[0] if listed else None

    async def current(self, chat: Chat) -> int:
        """The number of the current conversation."""
        async with translate_redis_errors():
            return int(await self._redis.get(ChatKeys(chat).epoch) or NO_NUMBER)

    async def read(self, chat: Chat, number: int) -> list[Exchange]:
        """The exchanges of a conversation, the oldest first, as far as they can be read."""
        names = ChatKeys(chat)
        async with translate_redis_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.get(names.epoch)
            pipe.lrange(names.history, 0, -1)
            pipe.lrange(keys.kept_list(names.kept, number), 0, -1)
            current, history, kept = await pipe.execute()
        rows = history if int(current or NO_NUMBER) == number else kept
        return [exchange for row in rows if (exchange := _exchange(row)) is not None]

    async def rename(
        self,
        chat: Chat,
        number: int,
        title: str,
        seconds: int = HISTORY_SECONDS,
        *,
        unless_named: bool = False,
    ) -> bool:
        """Give a conversation a title, of which `MAX_TITLE_LENGTH` characters are kept; False where it is not there."""
        return await self._note(chat, number, "title", title[:MAX_TITLE_LENGTH], seconds, unless_there=unless_named)

    async def set_summary(self, chat: Chat, number: int, summary: Summary, seconds: int = HISTORY_SECONDS) -> bool:
        """Keep a summary with a conversation; False where that is not there any more."""
        return await self._note(chat, number, "summary", SUMMARY.encode(summary), seconds)

    async def _note(
        self, chat: Chat, number: int, field: str, value: str, seconds: int, *, unless_there: bool = False
    ) -> bool:
        names = ChatKeys(chat)
        args = (str(number), field, value, int(unless_there), seconds)
        return bool(await NOTE(self._redis, [names.epoch, names.kept, names.about], *args))

    async def move(self, old: Chat, new: Chat) -> None:
        """Take the kept conversations of `old` over to `new`: copied first and removed after, repeated without harm."""
        source, target = ChatKeys(old), ChatKeys(new)
        fields, current = ("title", "summary", "bytes"), await self.current(old)
        async with translate_redis_errors():
            kept = cast(list[tuple[str, float]], await self._redis.zrange(source.kept, 0, -1, withscores=True))
            about = await self._redis.hmget(source.about, [f"{each}:{current}" for each in fields])
        for field, value in zip(fields, about, strict=True):
            if value:
                await self._note(new, await self.current(new), field, str(value), HISTORY_SECONDS, unless_there=True)
        for number, used_at in kept:
            async with translate_redis_errors():
                rows = cast(list[str], await self._redis.lrange(keys.kept_list(source.kept, number), 0, -1))
                values = await self._redis.hmget(source.about, [f"{field}:{number}" for field in fields])
            told = [part for pair in zip(fields, values, strict=True) if pair[1] for part in pair]
            if rows:
                names = [target.epoch, target.kept, target.about]
                args: list[Any] = [number, used_at, HISTORY_SECONDS, len(told) // 2, *told, *rows]
                await ADOPT(self._redis, names, *args)
            await self.delete(old, int(number))

    async def shorten(self, chat: Chat, seconds: int) -> None:
        """Let nothing that was said in `chat` be kept longer than `seconds` after its last use."""
        names = ChatKeys(chat)
        async with translate_redis_errors():
            last = cast("str | None", await self._redis.lindex(names.history, -1))
        args = (time.time(), seconds, _ended(last) or time.time())
        await SHORTEN(self._redis, [names.history, names.kept, names.about, names.last], *args)

    async def chats(self) -> AsyncIterator[Chat]:
        """Every chat of which anything that was said is kept; some may come twice."""
        async with translate_redis_errors():
            for pattern in keys.CONVERSATIONS:
                async for name in self._redis.scan_iter(match=pattern, count=1000):
                    yield keys.chat_of(name)


def read_summary(row: str | None) -> Summary | None:
    """The summary that a row holds; None where there is none, or it cannot be read."""
    try:
        return SUMMARY.decode(row) if row else None
    except ValueError:
        return None


def _exchange(row: str | None) -> Exchange | None:
    try:
        return EXCHANGE.decode(row) if row else None
    except ValueError:
        return None


def _ended(row: str | None) -> float:
    exchange = _exchange(row)
    return exchange.at if exchange is not None else 0.0
