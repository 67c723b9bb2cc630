"""Who changed something, and where they said so: what the trail keeps beside the change itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from bridge.types import IncomingMessage


@dataclass(frozen=True, slots=True)
class Actor:
    who: str
    """``telegram:123``, or ``shell``."""
    where: str = ""
    """The chat: ``telegram:-1001``."""

    @classmethod
    def of(cls, message: IncomingMessage) -> Self:
        return cls(str(message.sender), str(message.chat.place))


SHELL = Actor("shell")
"""Whoever sits at the machine itself."""
