"""Where each owner can be reached: the direct chat that they last wrote from, which no platform can be asked for."""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis

from bridge.store import AccessKeys, Row, translate_redis_errors
from bridge.types import Chat, User

MAX_CONTACTS = 100


@dataclass(frozen=True, slots=True)
class OwnerContact:
    account: str
    """The account of ours that they wrote to."""
    owner: User
    chat: Chat
    language: str


CONTACT = Row(OwnerContact)
"""Version 1 is version 0 with its number."""


class OwnerContacts:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._known: dict[User, OwnerContact] = {}

    async def remember(self, contact: OwnerContact) -> None:
        """Remember that an owner has written in a direct chat. Costs a round trip only where that is news."""
        if self._known.get(contact.owner) == contact:
            return
        async with translate_redis_errors():
            owner_contacts = await self._redis.hkeys(AccessKeys.owner_contacts)
            if len(owner_contacts) >= MAX_CONTACTS and str(contact.owner) not in owner_contacts:
                return
            await self._redis.hset(AccessKeys.owner_contacts, str(contact.owner), CONTACT.encode(contact))
        self._known[contact.owner] = contact

    async def of(self, owners: set[User]) -> list[OwnerContact]:
        """Where those of them can be reached who have written to us. Raises StoreError."""
        async with translate_redis_errors():
            rows = await self._redis.hvals(AccessKeys.owner_contacts)
        owner_contacts = [contact for row in rows if (contact := _read(row)) is not None]
        return [contact for contact in owner_contacts if contact.owner in owners]


def _read(row: str | bytes) -> OwnerContact | None:
    try:
        return CONTACT.decode(row)
    except ValueError:
        return None
