"""A command as it is asked, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.access import Role
from bridge.types import Choice, IncomingMessage
from bridge.words import Words


@dataclass(frozen=True, slots=True)
class Ask:
    """One command: `role` is what its sender may do here, `hint` what the platform wants said in /help."""

    name: str
    argument: str
    message: IncomingMessage
    role: Role
    words: Words
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say, if anything."""

    text: str = ""
    choices: Sequence[Choice] = ()
    talk: IncomingMessage | None = None
    """Talk to put into the chat's queue: the command was a way to say it."""
    in_place: bool = True
    """Whether the answer to a pressed button takes the place of the message that carried it."""
    admins_changed: bool = False
