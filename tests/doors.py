"""A host for a channel that is tried without the bridge behind it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bridge.errors import StoreError
from bridge.types import IncomingMessage


@dataclass
class Doorkeeper:
    """Says the same to everybody, and may be told to say something else."""

    lets_in: bool = True
    wants_groups: bool = False
    away: bool = False
    """Whether the store is, that it would have to look into."""
    seconds: float = 0.0
    """It takes so long to answer."""

    async def admits(self, _message: IncomingMessage) -> bool:
        return await self._say(self.lets_in)

    async def needs_groups(self, _message: IncomingMessage) -> bool:
        return await self._say(self.wants_groups)

    async def _say(self, answer: bool) -> bool:
        await asyncio.sleep(self.seconds)
        if self.away:
            raise StoreError("away")
        return answer


OPEN = Doorkeeper()
