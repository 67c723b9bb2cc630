"""How often something may happen, written as ``20/min``."""

from __future__ import annotations

import re
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
