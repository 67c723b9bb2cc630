"""What the platform said when it was asked, remembered: every answer, a refusal too, for a while or for good."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from bridge.errors import ChannelError, Gone, Refused
from channels.feishu.content import Malformed

log = structlog.get_logger(__name__)

REMEMBERED = 1000
T = TypeVar("T")


class Answers(Generic[T]):
    """`ask` asks about one thing; `otherwise` is the answer where it is refused, or does not come in time.

    An answer is taken for true for `good_for` seconds of the clock `now`.
    """

    def __init__(
        self,
        ask: Callable[[str], Awaitable[T]],
        otherwise: T,
        good_for: float = math.inf,
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._ask = ask
        self._otherwise = otherwise
        self._good_for = good_for
        self._now = now
        self._known: OrderedDict[str, tuple[T, float]] = OrderedDict()

    def known(self, about: str) -> T | None:
        """The last answer, however old."""
        return self._known[about][0] if about in self._known else None

    async def get(self, about: str, until: float) -> T:
        """The answer, waiting for it `until` that time of the loop's; what failed is asked anew the next time."""
        if about in self._known:
            answer, since = self._known[about]
            if 0 <= self._now() - since < self._good_for:
                return answer
        try:
            async with asyncio.timeout_at(until):
                answer = await self._ask(about)
        except (Refused, Gone, Malformed) as error:
            log.info("a question was refused", about=about, error=str(error))
            answer = self._otherwise
        except (ChannelError, TimeoutError) as error:
            log.info("a question went unanswered", about=about, error=str(error) or "no time left")
            return self._otherwise
        self._known[about] = answer, self._now()
        self._known.move_to_end(about)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return answer
