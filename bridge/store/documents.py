"""Documents that a chat keeps as a small knowledge of its own, cut into passages."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from hashlib import blake2b

from msgspec import Struct
from redis.asyncio import Redis

from bridge.store.errors import translate_redis_errors
from bridge.store.keys import ChatKeys
from bridge.store.rows import Row
from bridge.store.scripts import Script
from bridge.types import Chat

DOCUMENTS_SECONDS = 180 * 86400
"""So long they are kept after the last one was added."""
MAX_DOCUMENTS = 20
MAX_DOCUMENTS_BYTES = 3_000_000
"""Of all documents of a chat together, as they are kept."""

ADD = Script("""
-- KEYS documents; ARGV field, row, most documents, most bytes, seconds. 1 where it is kept, 0 where there is no room.
local room = tonumber(ARGV[4]) - #ARGV[2]
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if field ~= ARGV[1] then room = room - redis.call('HSTRLEN', KEYS[1], field) end
end
local new = 1 - redis.call('HEXISTS', KEYS[1], ARGV[1])
if room < 0 or redis.call('HLEN', KEYS[1]) + new > tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
""")


class KeptDocument(Struct, frozen=True):
    id: str
    """The same for the same content under the same name."""
    name: str
    at: float
    """When it was added, in seconds since 1970."""
    passages: Sequence[tuple[str, str]]
    """The heading or page of each, and its text."""
    is_whole: bool = True
    """Whether all of it was kept."""

    @property
    def characters(self) -> int:
        return sum(len(text) for _, text in self.passages)


_DOCUMENT = Row(KeptDocument)


class DocumentStore:
    """By chat. Everything raises StoreError."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._clock = clock

    async def add(
        self, chat: Chat, name: str, passages: Sequence[tuple[str, str]], *, is_whole: bool = True, seconds: int
    ) -> KeptDocument | None:
        """Keep a document, and those that are there, for `seconds` from now; None where there is no room for it."""
        said = "\0".join([name, *(text for _, text in passages)])
        id = blake2b(said.encode(errors="replace"), digest_size=4).hexdigest()
        document = KeptDocument(id, name, self._clock(), passages, is_whole)
        return document if await self._add(chat, document, min(seconds, DOCUMENTS_SECONDS)) else None

    async def all(self, chat: Chat) -> list[KeptDocument]:
        """What is kept, the oldest first."""
        async with translate_redis_errors():
            rows = await self._redis.hvals(ChatKeys(chat).documents)
        found = []
        for row in rows:
            try:
                found.append(_DOCUMENT.decode(row))
            except ValueError:
                continue
        return sorted(found, key=lambda each: each.at)

    async def remove(self, chat: Chat, id: str) -> bool:
        """Whether it was there."""
        async with translate_redis_errors():
            return bool(await self._redis.hdel(ChatKeys(chat).documents, id))

    async def forget(self, chat: Chat) -> None:
        async with translate_redis_errors():
            await self._redis.delete(ChatKeys(chat).documents)

    async def move(self, old: Chat, new: Chat) -> None:
        """The documents of `old` are those of `new`, beside what it has; repeated without harm."""
        async with translate_redis_errors():
            left = await self._redis.ttl(ChatKeys(old).documents)
        for document in await self.all(old):
            await self._add(new, document, left if left > 0 else DOCUMENTS_SECONDS)
        await self.forget(old)

    async def _add(self, chat: Chat, document: KeptDocument, seconds: int) -> bool:
        row, names = _DOCUMENT.encode(document), ChatKeys(chat)
        bounds = (MAX_DOCUMENTS, MAX_DOCUMENTS_BYTES, seconds)
        return bool(await ADD(self._redis, [names.documents], document.id, row, *bounds))
