"""Strangers that the owners are asked about. However many knock, there are few requests, and each of them ends.

One script decides, with structures of a fixed size: who was told within a day is not told again, and a request is
open for an hour. Nothing that a stranger wrote is kept, only who they are and where they wrote.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Literal, Self

from redis.asyncio import Redis

from bridge.access.model import MAX_ID_LENGTH, subject_name
from bridge.store import AccessKeys, Row, Script, translate_redis_errors
from bridge.types import Chat, User

LIFE_SECONDS = 3600
"""Seconds that a request is open."""
MAX_NAME_LENGTH = 64
MAX_OPEN_PER_ACCOUNT, MAX_OPEN = 3, 20
TELL_AGAIN_SECONDS = 86400
"""Seconds until a stranger is told again who we are, and owners may be asked about them again."""
MAX_TOLD = 1000
"""The number that are remembered as told; more push out the oldest, so that the store does not grow."""

Asked = Literal["asked", "told", "quiet"]
"""Owners are to be asked; they cannot be, but the stranger is to be told; everything has been said."""

ASK = Script("""
-- KEYS told, requests; ARGV subject, now, seconds until told again, most told, id, row or nothing, account,
-- most of an account, most, seconds open
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2] - ARGV[3])
if redis.call('HEXISTS', KEYS[2], ARGV[5]) == 1 then return 'asked' end
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 'quiet' end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[4] - 1)
if ARGV[6] == '' then return 'told' end
local all, ours = 0, 0
local rows = redis.call('HGETALL', KEYS[2])
for at = 1, #rows, 2 do
  local read, row = pcall(cjson.decode, rows[at + 1])
  local asked = read and type(row) == 'table' and tonumber(row['at']) or 0
  if asked + ARGV[10] <= tonumber(ARGV[2]) then
    redis.call('HDEL', KEYS[2], rows[at])
  else
    all = all + 1
    if row['account'] == ARGV[7] then ours = ours + 1 end
  end
end
if all >= tonumber(ARGV[9]) or ours >= tonumber(ARGV[8]) then return 'told' end
redis.call('HSET', KEYS[2], ARGV[5], ARGV[6])
redis.call('EXPIRE', KEYS[2], ARGV[10])
return 'asked'
""")


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody who is not let in has written to us; in a group, what is asked for is the group."""

    id: str
    account: str
    """The account of ours that they wrote to."""
    person: User
    chat: Chat
    language: str
    at: float

    @property
    def subject(self) -> User | Chat:
        return self.person if self.chat.direct else self.chat.whole

    @classmethod
    def of(cls, account: str, sender: User, chat: Chat, language: str) -> Self | None:
        """Return the request of a stranger who wrote in `chat`; None for ids that no platform gives."""
        chat = chat.place
        if max(map(len, (chat.id, chat.thread, sender.id))) > MAX_ID_LENGTH:
            return None
        return cls(
            secrets.token_hex(5),
            account,
            User(sender.channel, sender.id, sender.name[:MAX_NAME_LENGTH]),
            Chat(chat.channel, chat.id, chat.thread, direct=chat.direct, title=chat.title[:MAX_NAME_LENGTH]),
            language[:35],
            time.time(),
        )

    def to_row(self) -> str:
        return REQUEST.encode(self)

    @classmethod
    def from_row(cls, row: str) -> Request:
        """Raises ValueError on what cannot be read."""
        return REQUEST.decode(row)


REQUEST = Row(Request, version=0)
"""Processes before versions refuse a further field in it."""


class Requests:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def ask(self, request: Request, *, can_ask: bool) -> Asked:
        """Write down that owners are asked about this, if they can be and not too much is open. Raises StoreError."""
        return await ASK(  # type: ignore[no-any-return]
            self._redis,
            [AccessKeys.told, AccessKeys.requests],
            subject_name(request.subject),
            time.time(),
            TELL_AGAIN_SECONDS,
            MAX_TOLD,
            request.id,
            request.to_row() if can_ask else "",
            request.account,
            MAX_OPEN_PER_ACCOUNT,
            MAX_OPEN,
            LIFE_SECONDS,
        )

    async def open(self) -> list[Request]:
        """Those that wait for an answer, oldest first. Raises StoreError."""
        async with translate_redis_errors():
            rows = await self._redis.hvals(AccessKeys.requests)
        requests = [request for row in rows if (request := _read(row)) is not None]
        return sorted(requests, key=lambda request: request.at)

    async def get(self, id: str) -> Request | None:
        """None where there is none, or its hour is over. Raises StoreError."""
        async with translate_redis_errors():
            return _read(await self._redis.hget(AccessKeys.requests, id))

    async def close(self, id: str) -> None:
        """It has been answered."""
        async with translate_redis_errors():
            await self._redis.hdel(AccessKeys.requests, id)

    async def forget(self, subject: User | Chat) -> None:
        """Forget a person who was let in or out: as a stranger, they are new again."""
        async with translate_redis_errors():
            await self._redis.zrem(AccessKeys.told, subject_name(subject))


def _read(row: object) -> Request | None:
    try:
        request = Request.from_row(str(row or ""))
    except ValueError:
        return None
    return request if request.at + LIFE_SECONDS > time.time() else None
