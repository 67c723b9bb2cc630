"""Find the post whose answer was lost, so that only one of the two remains.

Telegram has no idempotency keys and lets no bot read what it wrote. But its message ids only grow (over all
private chats and basic groups together, in each supergroup by itself), and only a message of ours can be edited.
So a post that arrived unnoticed has an id above all that was known before it was sent, and below that of the post
made in its place; of the ids between, those that an edit finds to be ours, and that we know nothing of, are it.

Taking a good message for a lost post would be worse than leaving a lost post. So the highest id posted in a chat is
kept across restarts, and where it is unknown nothing is looked for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from typing import TypeVar
from zlib import crc32

from bridge.channel import Memory
from bridge.errors import StoreError

MOST_PROBES = 4
"""Every probe may count against the chat's rate, and holds up the answer."""
MOST_KEPT = 1000
SLOTS = 10_000
"""Chats whose last post is remembered; two that share a slot forget one another's."""

_K = TypeVar("_K")
_V = TypeVar("_V")


class LostPosts:
    """What is known of message ids. Everything here is bounded."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._highest: OrderedDict[str, int] = OrderedDict()
        """The highest id seen, for each range of ids."""
        self._ours: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._floors: OrderedDict[str, int] = OrderedDict()
        """What was the highest id before the first attempt at a post, by its key."""

    def seen(self, chat: str, id: int) -> None:
        """A message with this id is known: a person's, or our own."""
        _put(self._highest, _range(chat), max(id, self._highest.get(_range(chat), 0)))

    def ours(self, chat: str, id: int) -> None:
        """This message is ours and meant to be there."""
        _put(self._ours, (chat, id), None)

    async def floor(self, chat: str, key: str, *, again: bool) -> int | None:
        """The highest id known before the first attempt at this post; None where nothing is. Ask before posting."""
        name = f"{chat} {key}"
        if not again:
            highest = self._highest.get(_range(chat))
            if highest is not None:
                _put(self._floors, name, highest)
            return highest
        last = await self._remembered(chat)
        if last:
            self.ours(chat, last)  # another process may have posted it
        return self._floors.get(name, last)

    async def posted(self, chat: str, id: int) -> None:
        """A post has arrived, and we know it."""
        self.seen(chat, id)
        self.ours(chat, id)
        try:
            await self._memory.put(_slot(chat), f"{chat} {id}")
        except StoreError:
            return  # then after a restart less is known, and fewer lost_posts are found

    def candidates(self, chat: str, floor: int, id: int) -> list[int]:
        """The ids above `floor` that an earlier attempt at the post `id` may have, likeliest first."""
        unknown = (other for other in from_both_ends(floor + 1, id - 1) if (chat, other) not in self._ours)
        return list(islice(unknown, MOST_PROBES))

    async def _remembered(self, chat: str) -> int | None:
        """The last post in `chat`, 0 where there was none; None where another chat took its slot."""
        try:
            kept = await self._memory.get(_slot(chat))
        except StoreError:
            return None
        who, _, id = kept.rpartition(" ")
        return int(id) if who == chat else None if kept else 0


def from_both_ends(low: int, high: int) -> Iterator[int]:
    """The new post came right after the lost one, or the lost one right after what was known."""
    while low < high:
        yield from (high, low)
        low, high = low + 1, high - 1
    if low == high:
        yield low


def _range(chat: str) -> str:
    """Chats with the same number their messages together; a supergroup's id is -100 and ten digits or more."""
    return chat if chat.startswith("-100") and len(chat) >= 14 else ""


def _slot(chat: str) -> str:
    return f"posted:{crc32(chat.encode()) % SLOTS}"


def _put(kept: OrderedDict[_K, _V], key: _K, value: _V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > MOST_KEPT:
        kept.popitem(last=False)
