"""How often something may happen, written as ``20/min``, and the place of the next one in the queue."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

_UNITS = {"s": 1.0, "sec": 1.0, "second": 1.0, "m": 60.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0}
_UNITS |= {"d": 86_400.0, "day": 86_400.0}
_WRITTEN = re.compile(r"\s*(\d{1,6})\s*/\s*([a-z]+)\s*", re.IGNORECASE)


class Rate(NamedTuple):
    times: int
    seconds: float


def parse_rate(text: str) -> Rate:
    """Read ``20/min``. Raises ValueError with a sentence for the reader."""
    found = _WRITTEN.fullmatch(text)
    seconds = _UNITS.get(found[2].lower()) if found else None
    if found is None or seconds is None or not int(found[1]):
        raise ValueError(f"{text!r} is not a rate; write for example 20/min, 500/hour or 3/s")
    return Rate(int(found[1]), seconds)


class RateWindow:
    """At most `rate.times` in any `rate.seconds`; who comes too early is given a later moment."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = rate.seconds
        self._moments: deque[float] = deque(maxlen=rate.times)
        self._clock = clock

    def wait(self) -> float:
        """Seconds until the next one may happen."""
        if len(self._moments) < (self._moments.maxlen or 0):
            return 0.0
        return max(0.0, self._moments[0] + self._seconds - self._clock())

    def reserve(self) -> float:
        """Take the next place; return the seconds until its moment."""
        wait = self.wait()
        self._moments.append(self._clock() + wait)
        return wait
