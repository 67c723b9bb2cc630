"""How often each of very many people may do something, in memory that does not grow."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

MAX_NAMES = 20_000
"""Names that are remembered; a name that is forgotten starts at zero, which lets nobody in."""


class RateLimiter:
    """A bucket for each name: `burst` at once, then one every `every` seconds."""

    def __init__(
        self, burst: int, every: float, most: int = MAX_NAMES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._every = every
        self._most = most
        self._clock = clock
        self._free_at: OrderedDict[int, tuple[float, int]] = OrderedDict()

    def hit(self, name: Hashable) -> int:
        """Count one more of `name`; return 0 if it may, else how often in a row it was refused, this time included."""
        # A name may be of any length; its hash is not.
        key, now = hash(name), self._clock()
        free_at, refused = self._free_at.pop(key, (0.0, 0))
        if free_at - now > (self._burst - 1) * self._every:
            refused += 1
        else:
            free_at, refused = max(free_at, now) + self._every, 0
        self._free_at[key] = free_at, refused
        if len(self._free_at) > self._most:
            self._free_at.popitem(last=False)
        return refused

    def forgive(self, name: Hashable) -> None:
        """Take back one of `name` that was counted and not refused: it will come, and be counted, again."""
        key = hash(name)
        if (known := self._free_at.get(key)) is not None:
            free_at, refused = known
            self._free_at[key] = free_at - self._every, refused

    def is_limited(self, name: Hashable) -> bool:
        """Whether `name` would be refused now; nothing is counted."""
        free_at, _ = self._free_at.get(hash(name), (0.0, 0))
        return free_at - self._clock() > (self._burst - 1) * self._every

    def __len__(self) -> int:
        return len(self._free_at)
