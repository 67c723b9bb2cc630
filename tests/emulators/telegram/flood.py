"""Flood waits: how often a bot may write, and what it costs to go on while it was told to wait.

Telegram does not publish its model. This one is stricter than the reports: a bucket per chat, a window per group
and one for the whole bot, and a refused bot that does not wait doubles its wait with every call.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from .envelope import ApiError
from .rules import Rules

Kind = Literal["write", "typing", "free"]
"""Sends and edits; chat actions and drafts; what is not limited."""

_Key = tuple[str, int]
_ALL: _Key = ("all", 0)


class _Limit(Protocol):
    def wait(self, now: float) -> float:
        """Seconds until one more is allowed; 0 when it is now."""

    def take(self, now: float) -> None: ...


class _Bucket:
    """One every `every` seconds, `burst` saved up at most."""

    def __init__(self, burst: int, every: float) -> None:
        self._burst, self._every = burst, every
        self._left, self._at = float(burst), -math.inf

    def _now_left(self, now: float) -> float:
        return min(float(self._burst), self._left + (now - self._at) / self._every)

    def wait(self, now: float) -> float:
        return max(0.0, 1.0 - self._now_left(now)) * self._every

    def take(self, now: float) -> None:
        self._left, self._at = self._now_left(now) - 1.0, now


class _Window:
    """`most` within any `seconds`."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._taken: deque[float] = deque()

    def wait(self, now: float) -> float:
        while self._taken and self._taken[0] <= now - self._seconds:
            self._taken.popleft()
        return self._taken[0] + self._seconds - now if len(self._taken) >= self._most else 0.0

    def take(self, now: float) -> None:
        self._taken.append(now)


@dataclass(slots=True)
class _Penalty:
    until: float
    length: float


class Flood:
    """Asked before every call that counts; raises the 429 itself and keeps count of those."""

    def __init__(self, rules: Rules, now: Callable[[], float]) -> None:
        self._rules, self._now = rules, now
        self._limits: dict[_Key, Sequence[_Limit]] = {}
        self._penalties: dict[_Key, _Penalty] = {}
        self.refusals = 0

    def admit(self, kind: Kind, chat: int, count: int = 1) -> None:
        """A call of this kind in `chat`; groups have negative ids. Raises ApiError 429.

        An album is let through where one message is, and then counts as the `count` that it is.
        """
        if kind == "write":
            self._admit(("write", chat), _ALL, count=count)
        elif kind == "typing":
            self._admit(("typing", chat))

    def refuse(self, kind: Kind, chat: int, seconds: float) -> ApiError:
        """The refusal that begins a wait of `seconds` in `chat`, whatever was left to use there."""
        return self._punish((kind, chat), seconds)

    def _admit(self, *keys: _Key, count: int = 1) -> None:
        now = self._now()
        for key in keys:
            penalty = self._penalties.get(key)
            if penalty is not None and now < penalty.until:
                raise self._punish(key, min(penalty.length * 2, self._rules.penalty_max))
        for key in keys:
            wait = max(limit.wait(now) for limit in self._limits_of(key))
            if wait > 0:
                raise self._punish(key, wait)
        for key in keys:
            for limit in self._limits_of(key):
                for _ in range(count):
                    limit.take(now)

    def _punish(self, key: _Key, seconds: float) -> ApiError:
        self.refusals += 1
        now = self._now()
        earlier = self._penalties.get(key)
        until = max(now + seconds, earlier.until if earlier else 0.0)
        self._penalties[key] = _Penalty(until, seconds)
        retry_after = max(1, math.ceil(until - now))
        return ApiError(429, f"Too Many Requests: retry after {retry_after}", retry_after=retry_after)

    def _limits_of(self, key: _Key) -> Sequence[_Limit]:
        if key not in self._limits:
            self._limits[key] = self._new_limits(key)
        return self._limits[key]

    def _new_limits(self, key: _Key) -> Sequence[_Limit]:
        rules = self._rules
        match key:
            case ("all", _):
                return (_Window(rules.total_max, rules.total_window),)
            case ("typing", _):
                return tuple(_Window(most, seconds) for most, seconds in rules.typing)
            case (_, chat):
                bucket = _Bucket(rules.chat_burst, rules.chat_every)
                return (bucket, _Window(rules.group_max, rules.group_window)) if chat < 0 else (bucket,)
