"""A CardKit card entity: every write carries one strictly rising number, derived from the clock.

The number is the milliseconds since the card was made. A process that takes the card up after a crash therefore
continues above what was used before; a card lives fourteen days, which fits the number's 31 bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import structlog

from bridge.errors import ChannelError
from channels.feishu import cards
from channels.feishu.errors import OUT_OF_ORDER, STREAM_CLOSED, Rejected
from channels.feishu.rest import Rest

log = structlog.get_logger(__name__)

REOPEN_AFTER_SECONDS = 480.0
"""Streaming mode ends ten minutes after it was last opened, however busy it is."""
SEQUENCE_LEAP_MILLISECONDS = 3_600_000
"""How far the number leaps when it was too low: another process's clock was ahead of ours."""


@dataclass(frozen=True, slots=True)
class EntityId:
    """Which card, and when it was made, in milliseconds since 1970."""

    card: str
    made: int

    def __str__(self) -> str:
        return f"{self.card}/{self.made}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        card, slash, made = text.partition("/")
        return cls(card, int(made)) if card and slash and made.isdecimal() else None


async def make(rest: Rest, card: str, now: float) -> EntityId:
    answer = await rest.call("POST", "/cardkit/v1/cards", {"type": "card_json", "data": card})
    data = answer.get("data")
    id = data.get("card_id") if isinstance(data, dict) else None
    if not isinstance(id, str):
        raise ChannelError("Feishu's answer names no card")
    return EntityId(id, int(now * 1000))


class Entity:
    """`opened` is when its streaming mode was opened, 0 where that is not known."""

    def __init__(self, rest: Rest, id: EntityId, now: Callable[[], float], opened: float = 0.0) -> None:
        self._rest = rest
        self.id = id
        self._now = now
        self._opened = opened
        self._sequence = 0

    async def stream(self, element: str, markdown: str, summary: str) -> None:
        """Set the Markdown of one element while streaming; reopens what has ended or is about to, once.

        Raises Rejected where that does not help. `markdown` is not empty: the platform takes no empty text here.
        """
        fresh = self._now() - self._opened < REOPEN_AFTER_SECONDS
        if not fresh:
            await self.reopen(summary)
        try:
            await self._content(element, markdown)
        except Rejected as error:
            if error.code not in STREAM_CLOSED or not fresh:
                raise
            log.info("streaming had ended", card=self.id.card, code=error.code)
            await self.reopen(summary)
            await self._content(element, markdown)

    async def reopen(self, summary: str) -> None:
        await self._settings(cards.settings(streaming=True, summary=summary))
        self._opened = self._now()

    async def close(self, summary: str) -> None:
        await self._settings(cards.settings(streaming=False, summary=summary))

    async def replace(self, card: str, *, streaming: bool) -> None:
        """Set the whole card; works whether it streams or not."""
        await self._write("PUT", "", {"card": {"type": "card_json", "data": card}})
        if streaming:
            self._opened = self._now()

    async def _settings(self, settings: str) -> None:
        await self._write("PATCH", "/settings", {"settings": settings})

    async def _content(self, element: str, markdown: str) -> None:
        await self._write("PUT", f"/elements/{element}/content", {"content": markdown})

    async def _write(self, method: str, path: str, body: dict[str, Any]) -> None:
        for last in (False, True):
            self._sequence = max(self._sequence + 1, int(self._now() * 1000) - self.id.made + 1)
            try:
                numbered = {**body, "sequence": self._sequence}
                await self._rest.call(method, f"/cardkit/v1/cards/{self.id.card}{path}", numbered)
                return
            except Rejected as error:
                if error.code != OUT_OF_ORDER or last:
                    raise
                self._sequence += SEQUENCE_LEAP_MILLISECONDS
