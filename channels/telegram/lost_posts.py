"""Find the post whose answer was lost, so that only one of the two remains.

Telegram has no idempotency keys and lets no bot read what it wrote. But its message ids only grow (over all
private chats and basic groups together, in each supergroup by itself), and only a message of ours can be edited.
So a post that arrived unnoticed has an id above all that was known before it was sent, and below that of the post
made in its place; of the ids between, those that an edit finds to be ours, and that we know nothing of, are it.
An album is several messages, whose ids follow on one another.

Taking a good message for a lost post would be worse than leaving a lost post. So the highest id posted in a chat is
kept across restarts, and where it is unknown nothing is looked for.

Where a process dies, another one posts anew some seconds later, when others have said a good deal. So each attempt
first keeps the highest id that any process knew of: the lost post comes right after that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import suppress
from typing import TypeVar
from zlib import crc32

from cachetools import LRUCache

from bridge.channel import Memory
from bridge.errors import ChannelError, RateLimited, StoreError

MAX_PROBES = 8
"""Probes for each message of a post, and half as many more for each further attempt. Every probe may count against the
chat's rate, and holds up the answer."""
MAX_FLOORS = 4
"""Attempts at one post that are remembered; more than one where processes die one after the other."""
HIGHEST = "highest"
"""The highest id posted by any process in private chats and basic groups, about."""
MAX_IDS = 1000
"""Entries of each kind that are kept in memory."""
MAX_RECENT = 8
"""Last posts of a supergroup that are remembered: several processes may write there, each in another topic."""
MEMORY_SLOTS = 10_000
"""Chats whose last posts are remembered across restarts; two that share a slot forget one another's."""


SEARCH_SECONDS = 10.0
"""Seconds within which a call of the search that fails is made again. Until the search ends the post is not written
down, so that a process that dies meanwhile leaves one more."""

T = TypeVar("T")


class LostPosts:
    """What is known of message ids. Everything here is bounded."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._highest: LRUCache[str, int] = LRUCache(MAX_IDS)
        """The highest id seen, for each range of ids."""
        self._ours: LRUCache[tuple[str, int], bool] = LRUCache(MAX_IDS)
        """Messages of ours that are meant to be there."""
        self._floors: LRUCache[str, list[int]] = LRUCache(MAX_IDS)
        """What was the highest id before each attempt at a post, by its key."""

    def seen(self, chat: str, id: int) -> None:
        """Note that a message with this id exists: a person's, or our own."""
        self._highest[_id_range(chat)] = max(id, self._highest.get(_id_range(chat), 0))

    def keep(self, chat: str, ids: Sequence[int]) -> None:
        """Note that these messages are ours and meant to be there."""
        for id in ids:
            self._ours[chat, id] = True

    async def floors(self, chat: str, key: str, *, retry: bool) -> list[int]:
        """Return the highest ids known before each earlier attempt at this post; nothing where too little is known.

        To be called before each attempt.
        """
        name = f"{chat} {key}"
        highest = await self._highest_known(chat)
        earlier = await self._earlier_floors(chat, name) if retry else []
        if highest is not None:
            self._floors[name] = [*earlier, highest][-MAX_FLOORS:]
            await self._put({_slot("floor", chat): f"{name} {','.join(map(str, self._floors[name]))}"})
        if retry or highest is None:
            return earlier
        return [highest]

    async def _earlier_floors(self, chat: str, name: str) -> list[int]:
        last, key, before = await self._remembered(chat)
        self.keep(chat, before)
        if last and f"{chat} {key}" == name:
            last -= 1  # it is the lost post itself: its process died before the bridge knew
        elif last:
            self.keep(chat, [last])  # another process may have posted it
        if name in self._floors:
            return self._floors[name]
        if last is None:
            return []
        # Those of processes that have died; what they did not know of, but was posted in the chat, is not it either.
        kept = await self._kept_floors(chat, name)
        return sorted({max(last, each) for each in kept}) or [last]

    async def posted(self, chat: str, key: str, ids: Sequence[int]) -> None:
        """Note that a post has arrived."""
        self.seen(chat, max(ids))
        self.keep(chat, ids)
        kept = f"{chat} {max(ids)} {key}"
        if not _id_range(chat):
            await self._put({_slot("posted", chat): kept, HIGHEST: str(max(ids))})
            return
        last, _, before = await self._remembered(chat)
        recent = [*before, *([last] if last else []), *sorted(ids)][-MAX_RECENT - 1 : -1]
        await self._put({_slot("posted", chat): f"{kept} {','.join(map(str, recent))}"})

    def search(self, chat: str, floors: Sequence[int], ids: Sequence[int]) -> Generator[int, bool, None]:
        """Yield the ids above `floors` that earlier attempts at the post `ids` may have, likeliest first.

        The caller sends back whether the id it was given is a message of ours. A lost post came right after what was
        known before it, or the new one right after the last lost one: so the search goes up from each floor and down
        from the new post, and where it has found a message of an album, it goes on to the message's neighbour.
        """
        high = min(ids) - 1
        tracks = [iter(range(floor + 1, high + 1)) for floor in floors] + [iter(range(high, min(floors), -1))]
        probed: set[int] = set()
        turn = misses = 0
        most = MAX_PROBES + MAX_PROBES // 2 * (len(floors) - 1)
        while tracks and misses < most and len(probed) < most * len(ids):
            track = tracks[turn % len(tracks)]
            id = next((id for id in track if id not in probed and (chat, id) not in self._ours), None)
            if id is None:
                tracks.remove(track)
                continue
            probed.add(id)
            found = yield id
            misses += not found
            if not found or len(ids) == 1:
                turn += 1

    async def _remembered(self, chat: str) -> tuple[int | None, str, list[int]]:
        """Return the last post in `chat`, its key, and posts before it: 0 where there was none, None where another chat
        took its slot."""
        try:
            kept = await self._memory.get(_slot("posted", chat))
        except StoreError:
            return None, "", []
        whose, id, key, before = [*kept.split(" "), "", "", ""][:4]
        if not kept:
            return 0, "", []
        return (int(id), key, [int(each) for each in before.split(",") if each]) if whose == chat else (None, "", [])

    async def _highest_known(self, chat: str) -> int | None:
        """Return the highest id that this process knows of, or another has posted; None where nothing is known."""
        known = self._highest.get(_id_range(chat))
        if _id_range(chat):
            return known
        try:
            shared = await self._memory.get(HIGHEST)
        except StoreError:
            return known
        return max(known or 0, int(shared)) if shared else known

    async def _kept_floors(self, chat: str, name: str) -> list[int]:
        """Return what earlier attempts at a post kept; nothing where there is none."""
        try:
            kept = await self._memory.get(_slot("floor", chat))
        except StoreError:
            return []
        whose, _, ids = kept.rpartition(" ")
        return [int(id) for id in ids.split(",")] if whose == name else []

    async def _put(self, values: Mapping[str, str]) -> None:
        with suppress(StoreError):  # then after a restart less is known, and fewer lost posts are found
            await self._memory.put_all(values)


async def in_time(call: Callable[[], Awaitable[T]]) -> T:
    """Make a call of the search, and make it again where it fails and `SEARCH_SECONDS` leave time for it.

    Raises ChannelError.
    """
    end, pause = time.monotonic() + SEARCH_SECONDS, 0.5
    while True:
        try:
            return await call()
        except ChannelError as error:
            if isinstance(error, RateLimited):
                pause = error.retry_after
            if time.monotonic() + pause > end:
                raise
        await asyncio.sleep(pause)
        pause *= 2


def _id_range(chat: str) -> str:
    """Name the range of ids that a chat takes part in: a supergroup has its own, all other chats share one.

    A supergroup's id is -100 and ten digits or more.
    """
    return chat if chat.startswith("-100") and len(chat) >= 14 else ""


def _slot(what: str, chat: str) -> str:
    return f"{what}:{crc32(chat.encode()) % MEMORY_SLOTS}"
