"""Share what a platform allows among all who want to write to it.

Each bucket (as a rule, a chat) has one writer at a time and a pause between two writes; the account as a whole
has a rate. A write with first or last words goes before those in the middle of an answer; the rest take turns by
age. A rate limit holds up its own bucket alone, widens that bucket's pause, and is forgotten slowly.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from bridge.channel import Limits
from bridge.errors import RateLimited
from bridge.types import Chat

WIDENING_FACTOR = 2.0
MAX_WIDENING = 16.0
"""After a rate limit the pause is twice as long, at most sixteen times."""
RECOVERY_FACTOR = 0.9
"""Each write that is let through shortens a widened pause to this share of itself."""
MANY_BUCKETS = 1000

_Place = tuple[int, int]


@dataclass
class _Bucket:
    ready_at: float = 0.0
    unhurried_at: float = 0.0
    """When writes that are not urgent may go on."""
    width: float = 1.0
    busy: bool = False
    waiting: list[tuple[_Place, WriteSlot]] = field(default_factory=list)

    def first(self) -> tuple[_Place, WriteSlot] | None:
        while self.waiting and self.waiting[0][1].granted:
            heapq.heappop(self.waiting)
        return self.waiting[0] if self.waiting else None


class Pace:
    """The pace of one account. `share` is how many processes write for it: each takes its part of the rate.

    `pressure` says how many times longer than usual the pauses before writes from the middle of an answer are to be,
    for want of processor time.
    """

    def __init__(self, share: int = 1, pressure: Callable[[], float] = lambda: 1.0) -> None:
        self.share = share
        self._pressure = pressure
        self._buckets: dict[str, _Bucket] = {}
        self._ready: list[tuple[_Place, str]] = []
        self._order = count()
        self._full_at = self._last_spacing = 0.0
        self._again: asyncio.TimerHandle | None = None

    @property
    def backlog(self) -> float:
        """Seconds that a write waits for the account's rate, behind those that are ready; 0 where it has none."""
        return len(self._ready) * self._last_spacing

    def turn(self, chat: Chat, limits: Limits, *, urgent: bool) -> WriteSlot:
        """A turn to write to `chat`; wait for it with ``async with``, and write once inside."""
        return WriteSlot(self, limits.bucket or str(chat), limits, urgent)

    def hold(self, chat: Chat, limits: Limits, seconds: float) -> None:
        """Give `chat` no turn for `seconds`: the platform has asked another process for quiet."""
        if seconds > 0:
            bucket = self._buckets.setdefault(limits.bucket or str(chat), _Bucket())
            bucket.ready_at = max(bucket.ready_at, asyncio.get_running_loop().time() + seconds)
            bucket.unhurried_at = max(bucket.unhurried_at, bucket.ready_at)

    def _ask(self, turn: WriteSlot) -> None:
        if len(self._buckets) > MANY_BUCKETS:
            self._forget_idle()
        bucket = self._buckets.setdefault(turn.bucket, _Bucket())
        heapq.heappush(bucket.waiting, ((0 if turn.urgent else 1, next(self._order)), turn))
        self._arm(turn.bucket)

    def _arm(self, name: str) -> None:
        """Queue the bucket for the account if it can be written to, or come back when it can."""
        bucket = self._buckets.get(name)
        if bucket is None or bucket.busy or (first := bucket.first()) is None:
            return
        loop = asyncio.get_running_loop()
        ready_at = bucket.ready_at if first[1].urgent else bucket.unhurried_at
        if ready_at > loop.time():
            loop.call_at(ready_at, self._arm, name)
            return
        heapq.heappush(self._ready, (first[0], name))
        self._serve(first[1].rate)

    def _serve(self, rate: float | None) -> None:
        """Give turns to those at the head of the account's queue for as long as its rate allows."""
        loop = asyncio.get_running_loop()
        spacing = self._last_spacing = self._spacing(rate) if rate else 0.0
        while self._ready:
            now = loop.time()
            if self._full_at > now:
                if self._again is None:
                    self._again = loop.call_at(self._full_at, self._serve_again, rate)
                return
            _, name = heapq.heappop(self._ready)
            bucket = self._buckets.get(name)
            if bucket is None or bucket.busy or bucket.ready_at > now or (first := bucket.first()) is None:
                continue  # an older entry of a bucket that has been served since
            bucket.busy = True
            self._full_at = max(self._full_at, now) + spacing
            first[1].grant()

    def _spacing(self, rate: float) -> float:
        """Seconds between two writes of this process: together the processes make `rate` writes and one in any second.

        Each of N can make one at the same moment, so N - 1 of them are taken off the rate.
        """
        return self.share / max(rate / 2, rate - (self.share - 1))

    def _serve_again(self, rate: float | None) -> None:
        self._again = None
        self._serve(rate)

    def _release(self, turn: WriteSlot, error: BaseException | None, began: float | None) -> None:
        bucket = self._buckets[turn.bucket]
        bucket.busy = False
        if isinstance(error, RateLimited):
            bucket.width = min(bucket.width * WIDENING_FACTOR, MAX_WIDENING)
            bucket.ready_at = asyncio.get_running_loop().time() + max(error.retry_after, turn.interval)
            bucket.unhurried_at = bucket.ready_at
        elif began is not None:
            bucket.width = max(1.0, bucket.width * RECOVERY_FACTOR)
            bucket.ready_at = began + turn.interval * bucket.width
            bucket.unhurried_at = began + turn.interval * max(bucket.width, self._pressure())
        self._arm(turn.bucket)

    def _forget_idle(self) -> None:
        now = asyncio.get_running_loop().time()
        for name, bucket in list(self._buckets.items()):
            if not bucket.busy and bucket.first() is None and bucket.ready_at <= now and bucket.width == 1.0:
                del self._buckets[name]


class WriteSlot:
    """One turn to write. Raising RateLimited inside makes everyone in the bucket wait for as long as it says."""

    def __init__(self, pace: Pace, bucket: str, limits: Limits, urgent: bool) -> None:
        self.bucket = bucket
        self.interval = limits.edit_interval
        self.rate = limits.writes_per_second
        self.urgent = urgent
        self._pace = pace
        self._grant: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._began: float | None = None

    @property
    def granted(self) -> bool:
        return self._grant.done()

    def hurry(self) -> None:
        """Make a turn that is being waited for urgent: the middle of an answer has become its end."""
        if not self.urgent:
            self.urgent = True
            if not self.granted:
                self._pace._ask(self)

    def grant(self) -> None:
        self._grant.set_result(None)

    async def __aenter__(self) -> None:
        self._pace._ask(self)
        try:
            await self._grant
        except asyncio.CancelledError:
            if self._grant.done() and not self._grant.cancelled():
                self._pace._release(self, None, None)
            raise
        self._began = asyncio.get_running_loop().time()

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._pace._release(self, error, self._began)
