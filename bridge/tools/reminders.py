"""What the bridge is to say later: a sorted set in Redis that every process looks at; one of them says it.

A reminder first enters the inbox, under its own id, and then leaves the set: should a process die between the two, the
inbox recognises it the second time.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog
from msgspec import Struct
from redis.asyncio import Redis

from bridge.inbox import InboxFull, Notice
from bridge.store import Row, Script, keys, translate_redis_errors
from bridge.types import Chat

log = structlog.get_logger(__name__)

MAX_OF_CHAT = 20
"""Reminders of one chat that may wait."""
MAX_DAYS = 366
MAX_TEXT_CHARACTERS = 1000
MAX_DUE = 20
"""Reminders that are said at one look; the others are said at the next."""

ADD = Script("""
-- KEYS reminders; ARGV due, row, the chat's name, most of a chat. Says nothing where there are too many already.
local of_chat = 0
for _, row in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if row == ARGV[2] then return 1 end
  local read, kept = pcall(cjson.decode, row)
  if read and type(kept) == 'table' and kept['of'] == ARGV[3] then of_chat = of_chat + 1 end
end
if of_chat >= tonumber(ARGV[4]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
return 1
""")


class _Reminder(Struct, frozen=True):
    id: str
    of: str
    """The chat's name, for counting."""
    chat: Chat
    account: str
    text: str
    language: str
    reply_to: str


REMINDER = Row(_Reminder)


class Reminders:
    """Everything raises StoreError."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._clock = clock

    async def add(
        self, due: float, text: str, *, id: str, chat: Chat, account: str, language: str, reply_to: str
    ) -> bool:
        """Say `text` in `chat` at `due`, in seconds since 1970; False where too many wait there. The same again is
        one reminder."""
        row = REMINDER.encode(_Reminder(id, str(chat), chat, account, text, language, reply_to))
        return bool(await ADD(self._redis, [keys.REMINDERS], due, row, str(chat), MAX_OF_CHAT))

    async def say_due(self, put: Callable[[str, Notice], Awaitable[bool]]) -> None:
        """Put what is due into the inbox."""
        now = self._clock()
        async with translate_redis_errors():
            call: Any = self._redis.zrangebyscore
            rows = cast(list[str], await call(keys.REMINDERS, "-inf", now, start=0, num=MAX_DUE))
        for row in rows:
            try:
                kept = REMINDER.decode(row)
                notice = Notice(
                    f"reminder:{kept.id}",
                    kept.chat,
                    "reminder",
                    {"text": kept.text},
                    language=kept.language,
                    reply_to=kept.reply_to,
                )
                await put(kept.account, notice)
            except ValueError:
                log.warning("reminder unreadable")
            except InboxFull:
                continue  # it is said once there is room
            async with translate_redis_errors():
                await self._redis.zrem(keys.REMINDERS, row)
