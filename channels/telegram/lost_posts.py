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

from collections.abc import Generator, Sequence
from contextlib import suppress
from zlib import crc32

from cachetools import LRUCache

from bridge.channel import Memory
from bridge.errors import StoreError

MAX_PROBES = 8
"""Probes for each message of a post. Every probe may count against the chat's rate, and holds up the answer."""
HIGHEST = "highest"
"""The highest id posted by any process in private chats and basic groups, about."""
MAX_IDS = 1000
"""Entries of each kind that are kept in memory."""
MEMORY_SLOTS = 10_000
"""Chats whose last post is remembered across restarts; two that share a slot forget one another's."""


class LostPosts:
    """What is known of message ids. Everything here is bounded."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._highest: LRUCache[str, int] = LRUCache(MAX_IDS)
        """The highest id seen, for each range of ids."""
        self._ours: LRUCache[tuple[str, int], bool] = LRUCache(MAX_IDS)
        """Messages of ours that are meant to be there."""
        self._floors: LRUCache[str, int] = LRUCache(MAX_IDS)
        """What was the highest id before the first attempt at a post, by its key."""

    def seen(self, chat: str, id: int) -> None:
        """Note that a message with this id exists: a person's, or our own."""
        self._highest[_id_range(chat)] = max(id, self._highest.get(_id_range(chat), 0))

    def keep(self, chat: str, ids: Sequence[int]) -> None:
        """Note that these messages are ours and meant to be there."""
        for id in ids:
            self._ours[chat, id] = True

    async def floor(self, chat: str, key: str, *, retry: bool) -> int | None:
        """Return the highest id known before the first attempt at this post; None where nothing is.

        To be called before each attempt.
        """
        name = f"{chat} {key}"
        if not retry:
            highest = await self._highest_known(chat)
            if highest is not None:
                self._floors[name] = highest
                await self._put(_slot("floor", chat), f"{name} {highest}")
            return highest
        last = await self._remembered(chat)
        if last:
            self.keep(chat, [last])  # another process may have posted it
        if name in self._floors:
            return self._floors[name]
        # That of a process that has died; what it did not know of, but was posted in the chat, is not it either.
        return None if last is None else max(last, await self._kept_floor(chat, name))

    async def posted(self, chat: str, ids: Sequence[int]) -> None:
        """Note that a post has arrived."""
        self.seen(chat, max(ids))
        self.keep(chat, ids)
        await self._put(_slot("posted", chat), f"{chat} {max(ids)}")
        if not _id_range(chat):
            await self._put(HIGHEST, str(max(ids)))

    def search(self, chat: str, floor: int, ids: Sequence[int]) -> Generator[int, bool, None]:
        """Yield the ids above `floor` that an earlier attempt at the post `ids` may have, likeliest first.

        The caller sends back whether the id it was given is a message of ours. The lost post came right after what was
        known, or the new one right after the lost one: so the search goes from both ends, and where it has
        found a message of an album, it goes on to the message's neighbour.
        """
        low, high = floor + 1, min(ids) - 1
        downward, misses, probes = False, 0, 0
        while low <= high and misses < MAX_PROBES and probes < MAX_PROBES * len(ids):
            id = high if downward else low
            if downward:
                high -= 1
            else:
                low += 1
            if (chat, id) in self._ours:
                continue
            probes += 1
            found = yield id
            misses += not found
            if not found or len(ids) == 1:
                downward = not downward

    async def _remembered(self, chat: str) -> int | None:
        """Return the last post in `chat`, 0 where there was none; None where another chat took its slot."""
        try:
            kept = await self._memory.get(_slot("posted", chat))
        except StoreError:
            return None
        who, _, id = kept.rpartition(" ")
        return int(id) if who == chat else None if kept else 0

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

    async def _kept_floor(self, chat: str, name: str) -> int:
        """Return what the first attempt at a post kept, 0 where nothing is known of it."""
        try:
            kept = await self._memory.get(_slot("floor", chat))
        except StoreError:
            return 0
        whose, _, id = kept.rpartition(" ")
        return int(id) if whose == name else 0

    async def _put(self, name: str, value: str) -> None:
        with suppress(StoreError):  # then after a restart less is known, and fewer lost posts are found
            await self._memory.put(name, value)


def _id_range(chat: str) -> str:
    """Name the range of ids that a chat takes part in: a supergroup has its own, all other chats share one.

    A supergroup's id is -100 and ten digits or more.
    """
    return chat if chat.startswith("-100") and len(chat) >= 14 else ""


def _slot(what: str, chat: str) -> str:
    return f"{what}:{crc32(chat.encode()) % MEMORY_SLOTS}"
