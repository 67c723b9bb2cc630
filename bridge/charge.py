"""What one question costs whoever asks it, where the chat has a limit a day."""

from __future__ import annotations

from bridge.access import Access, Limit, Role, Standing
from bridge.types import IncomingMessage


class Charge:
    """Whoever asks for it pays for it, so a question asked again is the asker's. Everything raises StoreError."""

    def __init__(self, access: Access, message: IncomingMessage, standing: Standing) -> None:
        self._usage = access.usage
        self._payer, self._chat = message.asked_by, message.chat
        # Admins could lift it anyway.
        self._limit: Limit | None = standing.settings.limit if standing.role < Role.ADMIN else None

    async def refused(self) -> Limit | None:
        """The day's limit, where it is used up; where it is not, one turn is charged."""
        if self._limit is not None:
            if self._limit.spent(await self._usage.today(self._payer, self._chat)):
                return self._limit
            await self._usage.add(self._payer, self._chat, turns=1)
        return None

    async def give_back(self) -> None:
        """The turn was postponed, and is charged when it is taken up again."""
        if self._limit is not None:
            await self._usage.add(self._payer, self._chat, turns=-1)

    async def tokens(self, number: int) -> None:
        """What question and answer came to."""
        if self._limit is not None and self._limit.tokens:
            await self._usage.add(self._payer, self._chat, tokens=number)
