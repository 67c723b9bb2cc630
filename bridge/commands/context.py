"""A call of a command, and its result."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from bridge.access import Actor, ChatSettings, Role
from bridge.events import Event
from bridge.inbox import CommandCall, Question
from bridge.types import Attachment, BodyFile, Button, Chat, User
from bridge.words import Words


def _no_link(_code: str) -> str:
    return ""


async def _no_thread(_chat: Chat, _title: str) -> Chat | None:
    return None


async def _no_text(_attachment: Attachment, _tokens: int) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class CommandContext:
    """One call of a command: what its sender may do here, what applies here, what the platform has to add."""

    call: CommandCall
    role: Role
    words: Words
    settings: ChatSettings = field(default_factory=ChatSettings)
    max_command_bytes: int = 64
    """The longest command that a button of this platform carries; see `Limits.max_command_bytes`."""
    max_file_bytes: int = 0
    """The largest file that can be posted here; 0 where none can."""
    page_length: int = 4000
    """About how many characters one message shows."""
    hint: str = ""
    """What the platform wants said in /help."""
    link: Callable[[str], str] = _no_link
    """Gives the address that sends a code; see `Channel.link`."""
    branch: Callable[[Chat, str], Awaitable[Chat | None]] = _no_thread
    """Opens a thread; see `Channel.branch`."""
    read: Callable[[Attachment, int], Awaitable[str]] = _no_text
    """Gives so many tokens of a document's text. Raises Unreadable, StoreError."""

    @property
    def argument(self) -> str:
        return self.call.argument

    @property
    def chat(self) -> Chat:
        return self.call.chat

    @property
    def sender(self) -> User:
        return self.call.sender

    @property
    def actor(self) -> Actor:
        """The sender, for the audit log."""
        return Actor.in_chat(self.call.sender, self.call.chat)

    @property
    def may_choose(self) -> bool:
        """Whether the sender may choose what applies to everybody here: the model, the system prompt, what waits."""
        return self.settings.choose == "everyone" or self.role >= Role.ADMIN


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What to say, if anything."""

    text: str = ""
    buttons: Sequence[Button] = ()
    resend_as: Question | None = None
    """A question to put into the chat's queue: the command was a way to ask it."""
    files: Sequence[BodyFile] = ()
    """What goes out under `text`."""
    in_place: bool = True
    """Whether the result of a pressed button takes the place of the message that carried it."""
    admins_changed: bool = False
    chosen: bool = False
    """Whether the chat has chosen a model by it."""
    stream: AsyncIterator[Event] | None = None
    """In place of `text`: it grows like an answer, and a stop ends it."""

    @classmethod
    def refusal(cls, text: str) -> Self:
        """The sender may not. A button that they pressed stays, for those who may."""
        return cls(text, in_place=False)
