"""A command as it is asked, and what comes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from bridge.access import ChatSettings, Role
from bridge.types import Button, Chat, IncomingMessage
from bridge.words import Words


def _nowhere(_code: str) -> str:
    return ""


async def _no_thread(_chat: Chat, _title: str) -> Chat | None:
    return None


@dataclass(frozen=True, slots=True)
class CommandContext:
    """One command: what its sender may do here, what applies here, what the platform has to add."""

    name: str
    argument: str
    message: IncomingMessage
    role: Role
    words: Words
    settings: ChatSettings = field(default_factory=ChatSettings)
    hint: str = ""
    """What the platform wants said in /help."""
    link: Callable[[str], str] = _nowhere
    """The address that sends a code; see `Channel.link`."""
    branch: Callable[[Chat, str], Awaitable[Chat | None]] = _no_thread
    """Opens a thread; see `Channel.branch`."""

    @property
    def may_choose(self) -> bool:
        """Whether they may choose what applies to everybody here: the model, the system prompt, what waits."""
        return self.settings.choose == "everyone" or self.role >= Role.ADMIN


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What to say, if anything."""

    text: str = ""
    buttons: Sequence[Button] = ()
    resend_as: IncomingMessage | None = None
    """Talk to put into the chat's queue: the command was a way to say it."""
    in_place: bool = True
    """Whether the answer to a pressed button takes the place of the message that carried it."""
    admins_changed: bool = False

    @classmethod
    def refusal(cls, text: str) -> Self:
        """Whoever asked may not. A button that they pressed stays, for those who may."""
        return cls(text, in_place=False)
