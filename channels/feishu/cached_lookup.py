"""What the platform said when it was asked, remembered: every answer, a refusal too, for a while or for good."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog
from cachetools import TTLCache

from bridge.errors import ChannelError, Gone, Refused
from channels.feishu.content import Malformed

log = structlog.get_logger(__name__)

MAX_REMEMBERED = 1000
"""Answers of one kind; those not asked for longest give way."""
T = TypeVar("T")


class CachedLookup(Generic[T]):
    """`ask` asks about one thing; `otherwise` is the answer where it is refused, or does not come in time.

    An answer is taken for true for `ttl_seconds` of the clock `now`.
    """

    def __init__(
        self,
        ask: Callable[[str], Awaitable[T]],
        otherwise: T,
        ttl_seconds: float = math.inf,
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._ask = ask
        self._otherwise = otherwise
        self._known: TTLCache[str, T] = TTLCache(MAX_REMEMBERED, ttl_seconds, timer=now)

    async def get(self, about: str, until: float) -> T:
        """The answer, waiting for it `until` that time of the loop's; what failed is asked again the next time."""
        try:
            return self._known[about]
        except KeyError:
            pass
        try:
            async with asyncio.timeout_at(until):
                answer = await self._ask(about)
        except (Refused, Gone, Malformed) as error:
            log.info("a question was refused", about=about, error=str(error))
            answer = self._otherwise
        except (ChannelError, TimeoutError) as error:
            log.info("a question went unanswered", about=about, error=str(error) or "no time left")
            return self._otherwise
        self._known[about] = answer
        return answer

    def forget(self, about: str) -> None:
        self._known.pop(about, None)
