"""Which models and gateways have failed lately, so that not every question waits for one that is dead."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, get_args

from bridge.errors import GatewayError
from bridge.types import ModelId

FailureReason = Literal["away", "failed", "limited", "silent", "refused", "too_long"]
"""Why another model was asked: the gateway is away; or the provider failed, is over its limit, said nothing, refused;
or the messages are too long."""
FAILURE_REASONS: tuple[FailureReason, ...] = get_args(FailureReason)

PROBE_SECONDS = 90.0
"""How long the one question that tries a failed model again keeps the others from it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A model that did not answer, so that another was asked."""

    model: ModelId
    reason: FailureReason
    error: GatewayError | None = None
    """None where it was not asked, because it had failed shortly before."""


class Rest(NamedTuple):
    """What is known of something that failed."""

    reason: FailureReason
    is_over: bool
    """Whether it is to be tried again, by this caller alone."""


class Health(Protocol):
    """By name of a model, or of a gateway with an ``@`` before it. Nothing here raises: what is not known is well."""

    async def resting(self, names: Sequence[str]) -> Mapping[str, Rest]:
        """What of `names` has failed. Where a rest is over, the next callers hear that it goes on, for a while."""

    async def rest(self, name: str, reason: FailureReason, seconds: float) -> None:
        """Ask something else for this many seconds."""

    async def recovered(self, names: Sequence[str]) -> None:
        """They work again."""


class MemoryHealth:
    """A `Health` that lasts as long as the process."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, FailureReason]] = {}

    async def resting(self, names: Sequence[str]) -> Mapping[str, Rest]:
        now, found = self._clock(), {}
        for name in names:
            if name not in self._kept:
                continue
            until, reason = self._kept[name]
            if until <= now:
                self._kept[name] = (now + PROBE_SECONDS, reason)
            found[name] = Rest(reason, until <= now)
        return found

    async def rest(self, name: str, reason: FailureReason, seconds: float) -> None:
        self._kept[name] = (self._clock() + seconds, reason)

    async def recovered(self, names: Sequence[str]) -> None:
        for name in names:
            self._kept.pop(name, None)
