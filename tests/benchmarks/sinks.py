"""What the rig asks of a platform: let people ask, and keep what they see."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol, Self

FIRST_PERSON = 1001
"""People are numbered from here; each has a direct chat with the bot."""


@dataclass
class Screen:
    """What one person sees of the bot; times in seconds of CLOCK_MONOTONIC."""

    messages: dict[int, str] = field(default_factory=dict)
    first: float = 0.0
    """When there was a text for the first time; 0 before."""
    last: float = 0.0
    """When it changed for the last time."""

    @property
    def text(self) -> str:
        return "\n".join(self.messages[id] for id in sorted(self.messages))


class Sink(Protocol):
    """Used with ``async with``."""

    screens: dict[int, Screen]
    """By person. Up to date after `look`."""
    calls: Counter[str]
    """The bot's calls by method, where they are counted."""
    writes: list[float]
    """When each text was posted or edited."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc: object) -> None: ...

    @property
    def pid(self) -> int:
        """The process that pays for it."""

    def environment(self) -> dict[str, str]:
        """The variables that point a bridge at it."""

    def subject(self, person: int) -> str:
        """The person as `cherry-bridge access` names them."""

    async def connected(self) -> None:
        """Wait until the bridge listens."""

    def ask(self, person: int, text: str) -> None: ...

    async def look(self) -> None:
        """Bring `screens` and `writes` up to date."""

    def forget(self) -> None:
        """Begin with empty screens and counts."""
