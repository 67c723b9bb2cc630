"""What people said lately in a group where an admin has the bot remember it, for `/sum`: bounded, and short-lived."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import cast

from msgspec import Struct
from redis.asyncio import Redis

from bridge.inbound import Said
from bridge.store import keys
from bridge.store.errors import raise_refusals, translate_redis_errors
from bridge.store.keys import ChatKeys
from bridge.store.rows import Row
from bridge.store.scripts import Script
from bridge.types import Chat

MAX_OVERHEARD = 200
"""The most messages that are kept of one chat."""
MAX_OVERHEARD_BYTES = 100_000
"""The most bytes of their rows together; the oldest go first."""
MAX_OVERHEARD_CHARACTERS = 2000
"""Of one message; the rest is cut off."""
OVERHEARD_SECONDS = 6 * 3600

ADD = Script("""
-- KEYS list; ARGV seconds, most rows, most bytes, rows. Adds the rows that are not there yet, since a batch may be
-- delivered again, and drops the oldest beyond the bounds.
local known = {}
for _, row in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do known[row] = true end
for at = 4, #ARGV do if not known[ARGV[at]] then redis.call('RPUSH', KEYS[1], ARGV[at]) end end
redis.call('LTRIM', KEYS[1], -ARGV[2], -1)
local bytes = 0
for _, row in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do bytes = bytes + #row end
while bytes > tonumber(ARGV[3]) do bytes = bytes - #redis.call('LPOP', KEYS[1]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return redis.call('LLEN', KEYS[1])
""")

CORRECT = Script("""
-- KEYS list; ARGV id, the row that takes the place of that with this id, or nothing: it goes.
for at, row in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local read, heard = pcall(cjson.decode, row)
  if read and type(heard) == 'table' and heard['id'] == ARGV[1] then
    if ARGV[2] == '' then redis.call('LREM', KEYS[1], 1, row) else redis.call('LSET', KEYS[1], at - 1, ARGV[2]) end
    return 1
  end
end
return 0
""")


class Heard(Struct, frozen=True):
    """One message as it was overheard."""

    id: str
    at: float
    """When it was sent, in seconds since 1970."""
    name: str
    """What its author is called."""
    text: str


_HEARD = Row(Heard)


class Overheard:
    """By chat; each topic or thread has its own. Everything raises StoreError."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._clock = clock

    async def add(self, messages: Sequence[Said]) -> None:
        """Keep what `messages` say, in one round trip; they have words."""
        rows: dict[str, list[str]] = defaultdict(list)
        for message in messages:
            rows[ChatKeys(message.chat.place).overheard].append(self._row(message))
        bounds = (OVERHEARD_SECONDS, MAX_OVERHEARD, MAX_OVERHEARD_BYTES)
        await raise_refusals(await ADD.many(self._redis, [([name], (*bounds, *added)) for name, added in rows.items()]))

    async def edit(self, message: Said) -> None:
        """`message` now says something else."""
        await CORRECT(self._redis, [ChatKeys(message.chat.place).overheard], message.id, self._row(message))

    async def drop(self, chat: Chat, id: str) -> None:
        """The message `id` of `chat` was taken back."""
        await CORRECT(self._redis, [ChatKeys(chat.place).overheard], id, "")

    async def last(self, chat: Chat, most: int, until: float = 0.0) -> list[Heard]:
        """The last messages, oldest first; with `until` (seconds since 1970) those sent by then."""
        async with translate_redis_errors():
            rows = cast(list[str], await self._redis.lrange(ChatKeys(chat.place).overheard, 0, -1))
        since, heard = self._clock() - OVERHEARD_SECONDS, []
        for row in rows:
            try:
                each = _HEARD.decode(row)
            except ValueError:
                continue
            if each.at >= since and not (until and each.at > until):
                heard.append(each)
        return heard[-most:]

    async def forget(self, chat: Chat) -> bool:
        """Forget what was said in `chat`; whether there was something."""
        async with translate_redis_errors():
            return bool(await self._redis.delete(ChatKeys(chat.place).overheard))

    async def forget_all(self, where: Chat | None) -> None:
        """Forget what was said in the chat `where` and in its topics, or everywhere (None)."""
        async with translate_redis_errors():
            async for name in self._redis.scan_iter(match=keys.OVERHEARD, count=1000):
                if where is None or keys.chat_of(name).whole == where.whole:
                    await self._redis.delete(name)

    def _row(self, message: Said) -> str:
        said = "\n".join(filter(None, [message.text, message.quoted if message.forwarded else ""]))
        name = message.sender.name or message.sender.id
        at = message.sent_at or self._clock()
        return _HEARD.encode(Heard(message.id, at, name, said[:MAX_OVERHEARD_CHARACTERS]))
