"""How many API calls this month has had. Close to the plan's quota, growing answers are updated less often."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone

import structlog

from bridge.channel import Memory
from bridge.errors import StoreError

log = structlog.get_logger(__name__)

CHINA = timezone(timedelta(hours=8))
"""The platform's months begin there."""
_CALLS, _WARNED = "calls:", "warned:"


class Meter:
    """Counts in `memory`, for all processes together. `quota` is calls a month, 0 for no limit."""

    def __init__(self, memory: Memory, quota: int, share: float, now: Callable[[], float]) -> None:
        self._memory = memory
        self._quota = quota
        self._share = share
        self._now = now
        self._uncounted = 0
        self._month = ""
        self._warned = ""
        self.used = 0

    async def start(self) -> None:
        """Take up this month's count and forget the others."""
        self._month = self._this_month()
        try:
            self.used = int(await self._memory.get(_CALLS + self._month) or 0)
            for prefix in (_CALLS, _WARNED):
                for name in await self._memory.names(prefix):
                    if name != prefix + self._month:
                        await self._memory.forget(name)
        except StoreError as error:
            log.warning("calls of this month unknown", error=str(error))

    async def count(self) -> None:
        self._uncounted += 1
        if (month := self._this_month()) != self._month:
            self._month, self.used = month, 0
        amount, self._uncounted = self._uncounted, 0
        try:
            self.used = await self._memory.add(_CALLS + month, amount)
        except StoreError:  # counted with the next call
            self._uncounted += amount
            self.used += 1

    @property
    def strain(self) -> int:
        """0: calm; 1: past the share that was set; 2: past the quota itself."""
        if not self._quota or self.used < self._quota * self._share:
            return 0
        return 1 if self.used < self._quota else 2

    async def warn(self, tell: Callable[[int, int], Awaitable[None]]) -> None:
        """Call `tell` with the calls used and the quota, once a month among all processes, if there is strain."""
        if not self.strain or self._warned == self._month:
            return
        self._warned = self._month
        if await self._memory.add(_WARNED + self._month) == 1:
            await tell(self.used, self._quota)

    def _this_month(self) -> str:
        return datetime.fromtimestamp(self._now(), CHINA).strftime("%Y-%m")
