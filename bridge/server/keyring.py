"""The keys of one provider: taken in turn, and rested once they are refused or limited."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

REFUSED_REST_SECONDS = 300.0
"""How long a key that the provider does not accept, or that has no balance, is passed over for others."""
LIMITED_REST_SECONDS = 20.0
"""How long a key rests after a 429 that names no time."""


@dataclass(slots=True, eq=False)
class ProviderKey:
    """`value` is empty for a provider that asks for none. `origin` is where it was read from, for people."""

    value: str = field(repr=False)
    origin: str
    free_at: float = 0.0
    refused: bool = False


class KeyRing:
    def __init__(self, keys: Sequence[ProviderKey], clock: Callable[[], float] = time.monotonic) -> None:
        self.keys = keys or (ProviderKey("", "no key"),)
        self._next = 0
        self._clock = clock

    def take(self, tried: Collection[ProviderKey] = ()) -> ProviderKey | None:
        """The next key in turn that neither rests nor was `tried`.

        Where all are refused, the one that has rested longest: its owner may have mended it. None where none is left.
        """
        now = self._clock()
        for step in range(len(self.keys)):
            place = (self._next + step) % len(self.keys)
            key = self.keys[place]
            if key.free_at <= now and key not in tried:
                self._next = place + 1
                return key
        if not self.all_refused:
            return None
        return min((key for key in self.keys if key not in tried), key=lambda key: key.free_at, default=None)

    @property
    def all_refused(self) -> bool:
        return all(key.refused for key in self.keys)

    def rest(self, key: ProviderKey, seconds: float, *, refused: bool) -> None:
        key.free_at, key.refused = self._clock() + seconds, refused

    def accepted(self, key: ProviderKey) -> None:
        key.refused = False

    def wait(self) -> float:
        """Seconds until a key is free that rests for its rate."""
        now = self._clock()
        return min((max(0.0, key.free_at - now) for key in self.keys if not key.refused), default=0.0)
