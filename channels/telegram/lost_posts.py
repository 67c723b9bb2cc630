"""Find the post whose answer was lost, so that only one of the two remains.

Telegram has no idempotency keys and lets no bot read what it wrote. But its message ids only grow (over all
private chats and basic groups together, in each supergroup by itself), and only a message of ours can be edited.
So a post that arrived unnoticed has an id above all that was known before it was sent, and below that of the post
made in its place; of the ids between, those that an edit finds to be ours, and that we know nothing of, are it.
An album is several messages, whose ids follow on one another.

Taking a good message for a lost post would be worse than leaving a lost post. So the highest id posted in a chat is
kept across restarts, and where it is unknown nothing is looked for.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from zlib import crc32

from cachetools import LRUCache

from bridge.channel import Memory
from bridge.errors import StoreError

MAX_PROBES = 4
"""Probes for each message of a post. Every probe may count against the chat's rate, and holds up the answer."""
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
            highest = self._highest.get(_id_range(chat))
            if highest is not None:
                self._floors[name] = highest
            return highest
        last = await self._remembered(chat)
        if last:
            self.keep(chat, [last])  # another process may have posted it
        return self._floors.get(name, last)

    async def posted(self, chat: str, ids: Sequence[int]) -> None:
        """Note that a post has arrived."""
        self.seen(chat, max(ids))
        self.keep(chat, ids)
        try:
            await self._memory.put(_slot(chat), f"{chat} {max(ids)}")
        except StoreError:
            return  # then after a restart less is known, and fewer lost posts are found

    def search(self, chat: str, floor: int, ids: Sequence[int]) -> Generator[int, bool, None]:
        """Yield the ids above `floor` that an earlier attempt at the post `ids` may have, likeliest first.

        The caller sends back whether the id it was given is a message of ours. The new post came right after the
        lost one, or the lost one right after what was known: so the search goes from both ends, and where it has
        found a message of an album, it goes on to the message's neighbour.
        """
        low, high = floor + 1, min(ids) - 1
        downward, misses, probes = True, 0, 0
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
            kept = await self._memory.get(_slot(chat))
        except StoreError:
            return None
        who, _, id = kept.rpartition(" ")
        return int(id) if who == chat else None if kept else 0


def _id_range(chat: str) -> str:
    """Name the range of ids that a chat takes part in: a supergroup has its own, all other chats share one.

    A supergroup's id is -100 and ten digits or more.
    """
    return chat if chat.startswith("-100") and len(chat) >= 14 else ""


def _slot(chat: str) -> str:
    return f"posted:{crc32(chat.encode()) % MEMORY_SLOTS}"
