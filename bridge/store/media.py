"""Pictures and what was read from files, kept so that every process and a later question have them.

They are kept by chat, under the SHA-256 of their content: the history holds references and no content. A chat has a
budget, all chats together have one, and everything has an age. What exceeds them goes, the oldest first, and nothing
but this is ever removed to make room: no queue and no history. Who needs what has gone shows a note in its place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from bridge import metrics
from bridge.store import keys
from bridge.store.errors import translate_redis_errors
from bridge.store.keys import ChatKeys
from bridge.store.rows import Row
from bridge.store.scripts import Script
from bridge.types import Attachment, Chat, Media, Part

MAX_ENTRIES = 1000
"""The most entries of one chat, whatever their size."""

PUT = Script("""
-- KEYS media, index; ARGV now, seconds kept, most bytes, most entries, field, value. Returns the bytes of the chat.
-- The newest entry stays, however large; of the others, the newest that fit.
redis.call('HSET', KEYS[1], ARGV[5], ARGV[6])
redis.call('ZADD', KEYS[2], ARGV[1], ARGV[5])
local total, kept = redis.call('HSTRLEN', KEYS[1], ARGV[5]), 1
local fields = redis.call('ZREVRANGE', KEYS[2], 0, -1, 'WITHSCORES')
for at = 1, #fields, 2 do
  local field, size = fields[at], redis.call('HSTRLEN', KEYS[1], fields[at])
  if field ~= ARGV[5] then
    local old = fields[at + 1] + ARGV[2] < tonumber(ARGV[1])
    if old or kept >= tonumber(ARGV[4]) or total + size > tonumber(ARGV[3]) then
      redis.call('HDEL', KEYS[1], field)
      redis.call('ZREM', KEYS[2], field)
    else
      total, kept = total + size, kept + 1
    end
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return total
""")

ACCOUNT = Script("""
-- KEYS chats, sizes; ARGV the chat's key, its bytes, now, seconds kept, most bytes.
-- Returns the bytes of all chats, then the keys of those that have to go: the ones that were used longest ago.
local before = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
local total = redis.call('HINCRBY', KEYS[2], '=', ARGV[2] - before)
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
local answer, left = {total}, total
local oldest = redis.call('ZRANGE', KEYS[1], 0, 99, 'WITHSCORES')
for at = 1, #oldest, 2 do
  if oldest[at] ~= ARGV[1] and (left > tonumber(ARGV[5]) or oldest[at + 1] + ARGV[4] < tonumber(ARGV[3])) then
    left = left - tonumber(redis.call('HGET', KEYS[2], oldest[at]) or '0')
    table.insert(answer, oldest[at])
  end
end
return answer
""")

DROP = Script("""
-- KEYS chats, sizes; ARGV the chat's key. Returns the bytes of all chats that are left.
local before = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('HINCRBY', KEYS[2], '=', -before)
""")


class _Read(Struct):
    parts: tuple[Part, ...]


READ = Row(_Read)


class _Document(Struct):
    attachment: Attachment


DOCUMENT = Row(_Document)
_OF = "of:"
_DOCUMENT = "document"
"""The field of the document that was read last. No digest reads like it."""


@dataclass(frozen=True, slots=True)
class MediaBudget:
    chat_bytes: int = 32 << 20
    all_bytes: int = 256 << 20
    seconds: int = 7 * 86400


class MediaStore:
    """By chat. Everything raises StoreError."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self.budget = MediaBudget()
        self._redis = redis
        self._clock = clock

    async def put(self, chat: Chat, content: bytes, mime: str, name: str = "") -> Media:
        """Keep `content`, and return the reference to it."""
        digest = sha256(content).hexdigest()
        await self._put(chat, digest, content)
        return Media(digest, mime, name, len(content))

    async def get(self, chat: Chat, digests: Iterable[str]) -> dict[str, bytes]:
        """The contents with these digests, as far as they are still kept."""
        wanted = list(dict.fromkeys(digests))
        if not wanted:
            return {}
        call: Any = self._redis.execute_command
        async with translate_redis_errors():
            found = await call("HMGET", ChatKeys(chat).media, *wanted, NEVER_DECODE=True)
        return {digest: content for digest, content in zip(wanted, found, strict=True) if content is not None}

    async def put_parts(self, chat: Chat, source: str, parts: tuple[Part, ...]) -> None:
        """Remember what was read from `source`, which names something that a platform holds."""
        await self._put(chat, _field(source), READ.encode(_Read(parts)).encode())

    async def parts(self, chat: Chat, source: str) -> tuple[Part, ...] | None:
        """What was read from `source`; None where that is not known, or part of it is no longer kept."""
        media = ChatKeys(chat).media
        async with translate_redis_errors():
            row = await self._redis.hget(media, _field(source))
        if row is None:
            return None
        try:
            parts = READ.decode(row).parts
        except ValueError:
            return None
        digests = {digest for part in parts if (digest := digest_of(part))}
        async with translate_redis_errors(), self._redis.pipeline(transaction=False) as pipe:
            for digest in digests:
                pipe.hexists(media, digest)
            return parts if all(await pipe.execute()) else None

    async def set_document(self, chat: Chat, attachment: Attachment) -> None:
        """Remember `attachment` as the document that was read last, for a later request for more of it."""
        await self._put(chat, _DOCUMENT, DOCUMENT.encode(_Document(attachment)).encode())

    async def document(self, chat: Chat) -> Attachment | None:
        """The document that was read last; None where that is not known any more."""
        async with translate_redis_errors():
            row = await self._redis.hget(ChatKeys(chat).media, _DOCUMENT)
        try:
            return DOCUMENT.decode(row).attachment if row else None
        except ValueError:
            return None

    async def forget(self, chat: Chat) -> None:
        """Drop all that is kept of `chat`."""
        await self._drop(ChatKeys(chat).media)

    async def drop(self, chat: Chat, digests: Iterable[str]) -> None:
        """Drop the contents with these digests, and what is known of where any content came from."""
        names, gone = ChatKeys(chat), list(digests)
        if not gone:
            return
        call: Any = self._redis.execute_command
        async with translate_redis_errors():
            fields: list[bytes] = await call("HKEYS", names.media, NEVER_DECODE=True)
            known = [field for field in fields if field.startswith((_OF.encode(), _DOCUMENT.encode()))]
            await self._redis.hdel(names.media, *gone, *known)
            await self._redis.zrem(names.media_index, *gone, *known)

    async def _put(self, chat: Chat, field: str, value: bytes) -> None:
        names, now, budget = ChatKeys(chat), self._clock(), self.budget
        size = await PUT(
            self._redis,
            [names.media, names.media_index],
            now,
            budget.seconds,
            budget.chat_bytes,
            MAX_ENTRIES,
            field,
            value,
        )
        total, *excess = await ACCOUNT(
            self._redis,
            [keys.MEDIA_CHATS, keys.MEDIA_SIZES],
            names.media,
            size,
            now,
            budget.seconds,
            budget.all_bytes,
        )
        metrics.MEDIA_BYTES.set(int(total))
        for media in excess:
            metrics.MEDIA_EVICTED.add()
            await self._drop(media)

    async def _drop(self, media: str) -> None:
        async with translate_redis_errors():
            await self._redis.unlink(media, keys.media_index_of(media))
        metrics.MEDIA_BYTES.set(int(await DROP(self._redis, [keys.MEDIA_CHATS, keys.MEDIA_SIZES], media)))


def digest_of(part: Part) -> str:
    """The digest of the content that `part` refers to; empty where it refers to none."""
    media = getattr(part, "media", None)
    return media.digest if isinstance(media, Media) else ""


def _field(source: str) -> str:
    return f"{_OF}{sha256(source.encode('utf-8', 'surrogatepass')).hexdigest()}"
