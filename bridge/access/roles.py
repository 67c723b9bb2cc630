"""What somebody is to us, in one place, at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from bridge.access.settings import ChatSettings


class Role(IntEnum):
    """Each may do what those below may."""

    DENIED = -1
    """Shut out by a rule: hears nothing from us."""
    STRANGER = 0
    MEMBER = 1
    ADMIN = 2
    """Lets people in and out, and sets what applies in a chat."""
    OWNER = 3
    """Makes admins, is asked about strangers, and sets what applies in all chats."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What one message's sender may do where they wrote it, and what applies there."""

    role: Role
    settings: ChatSettings = field(default_factory=ChatSettings)
