"""What people say to one another in a group, kept for `/sum` where an admin has switched that on.

Whether it is on is among the settings by which each message is judged anyway, so where it is off nothing is asked and
nothing written. Only of what was taken back the platform tells no more than an id; the chats in which something may be
kept are known from what was said there, and of the others each is looked at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from cachetools import LRUCache

from bridge.access import Role, Standing
from bridge.inbound import Deleted, Pressed, Said, parse_command
from bridge.store import Overheard
from bridge.types import Chat

MAX_CHATS = 10_000
"""Chats of which it is known whether something may be kept."""


class Overhearing:
    """Every method raises StoreError."""

    def __init__(self, overheard: Overheard) -> None:
        self._overheard = overheard
        self._on: LRUCache[Chat, bool] = LRUCache(MAX_CHATS)

    async def hear(self, heard: Sequence[tuple[Said | Pressed, Standing]]) -> None:
        """Keep what was said where that is on, as far as it is by whom the setting means."""
        kept = []
        for message, standing in heard:
            if message.chat.direct or not isinstance(message, Said):
                continue
            self._on[message.chat.place] = standing.settings.overhear != "off"
            if is_kept(message, standing):
                kept.append(message)
        if kept:
            await self._overheard.add(kept)

    async def edited(self, message: Said, standing: Standing) -> None:
        """What was kept of `message` follows."""
        if is_kept(message, standing):
            await self._overheard.edit(message)

    async def deleted(self, event: Deleted) -> None:
        """What was taken back is kept no longer."""
        if not event.chat.direct and self._on.setdefault(event.chat.place, True):
            await self._overheard.drop(event.chat, event.id)


def is_kept(message: Said, standing: Standing) -> bool:
    """Whether `message` is what the setting `overhear` of its chat means."""
    least = {"members": Role.MEMBER, "everyone": Role.STRANGER}.get(standing.settings.overhear)
    if least is None or message.chat.direct or standing.role < least:
        return False
    return parse_command(message.text) is None and bool(message.text.strip() or message.quoted.strip())
