"""Where each owner can be reached: the direct chat that they last wrote from, which no platform can be asked for."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from redis.asyncio import Redis

from bridge.store import storing
from bridge.store.keys import AccessKeys
from bridge.store.scripts import dump
from bridge.types import Chat, IncomingMessage, User

MOST_HOMES = 100


@dataclass(frozen=True, slots=True)
class Home:
    account: str
    """The account of ours that they wrote to."""
    owner: User
    chat: Chat
    language: str


class Homes:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._known: dict[User, Home] = {}

    async def remember(self, account: str, message: IncomingMessage) -> None:
        """An owner has written in a direct chat. Costs a round trip only where that is news. Raises StoreError."""
        home = Home(account, message.sender, message.chat, message.language)
        if self._known.get(home.owner) == home:
            return
        async with storing():
            homes = await self._redis.hkeys(AccessKeys.homes)
            if len(homes) >= MOST_HOMES and str(home.owner) not in homes:
                return
            await self._redis.hset(AccessKeys.homes, str(home.owner), dump(asdict(home)))
        self._known[home.owner] = home

    async def of(self, owners: set[User]) -> list[Home]:
        """Where those of them can be reached who have written to us. Raises StoreError."""
        async with storing():
            rows = await self._redis.hvals(AccessKeys.homes)
        homes = [home for row in rows if (home := _read(row)) is not None]
        return [home for home in homes if home.owner in owners]


def _read(row: str | bytes) -> Home | None:
    try:
        kept = json.loads(row)
        return Home(kept["account"], User.from_json(kept["owner"]), Chat.from_json(kept["chat"]), kept["language"])
    except (TypeError, KeyError, ValueError):
        return None
