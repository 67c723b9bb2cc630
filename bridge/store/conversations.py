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
from bridge.store.conversation_scripts import ADOPT, DELETE, NOTE, SHORTEN, SWITCH
from bridge.store.errors import translate_redis_errors
from bridge.store.history import EPOCH_SECONDS, EXCHANGE, HISTORY_SECONDS, Exchange
from bridge.store.keys import ChatKeys
from bridge.store.preferences import LAST_SECONDS
from bridge.store.rows import Row
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
so that a new one is not needed."""


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
