"""What a chat's queue holds: a question for a model, a command, a notice of ours, a chat that moved.

A channel's `Inbound` becomes one of these in `bridge.intake`; commands put further ones.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from bridge.inbound import ChatMoved, Said
from bridge.store import Lane
from bridge.types import Attachment, Chat, User

Action = Literal["", "retry", "continue", "shorter", "version", "edited", "deleted"]
"""What is to be done about the last answer: another one, more of it, less of it, an earlier version of it, one to what
its question says now, nothing of it left."""


class Question(Struct, frozen=True, tag="question", omit_defaults=True):
    """`message` is to be answered by a model, for the first time or again."""

    id: str
    """The job's own id, unique within its chat: the message's, or that of the command that asks again."""
    message: Said
    asker: User | None = None
    """Who asks it again; None where that is the sender of the message."""
    pages: str = ""
    """Which pages of its documents are to be read, such as ``41-80``; empty for those at the front."""
    again: bool = False
    """Whether it was asked before: its answer then takes the place of the last one in the history."""
    rewinds: bool = False
    """Whether the conversation goes on from there, also where that is not its end."""
    action: Action = ""
    """What is done about an answer that stands there already, in the messages in which it stands."""
    about: str = ""
    """The turn key of the answer that `action` or a comparison is about: where it is no longer the last one, nothing is
    done."""
    version: int = 0
    """Which version of the answer is to be shown, counted from 1."""
    overheard: int = 0
    """How many of the messages that were overheard here are what is asked about."""
    until: float = 0.0
    """When the last of them was sent, in seconds since 1970."""
    models: tuple[str, ...] = ()
    """The models that are to answer side by side, where there are several."""

    @property
    def page_range(self) -> range | None:
        first, _, last = self.pages.partition("-")
        return range(int(first), int(last or first) + 1) if first else None

    @property
    def chat(self) -> Chat:
        return self.message.chat

    @property
    def language(self) -> str:
        return self.message.language

    @property
    def asked_by(self) -> User:
        """The person whose rights and quota count, and who gets the sentences about it."""
        return self.asker or self.message.sender


class CommandCall(Struct, frozen=True, tag="command", omit_defaults=True):
    """A person called the command `name`, by text, from a menu or with a button."""

    id: str
    chat: Chat
    sender: User
    name: str
    """In lower case, without the slash."""
    argument: str = ""
    pressed: str = ""
    """The ref of our message whose button was pressed, so that the result can take its place."""
    ack: str = ""
    """As in `Said`."""
    language: str = ""
    groups: tuple[str, ...] = ()
    replied_to: User | None = None
    """Who wrote the message that the command replies to."""
    sent_at: float = 0.0
    reply_to: str = ""
    """The id of the message that the command replies to."""
    quoted: str = ""
    """What that says."""
    attachments: tuple[Attachment, ...] = ()
    """Those that came with the command, then those of the message that it replies to, as in `Said`."""

    def said(self, text: str) -> Said:
        """What its sender would have said in place of the command; the answer goes where the command's result would."""
        return Said(
            self.id,
            self.chat,
            self.sender,
            text,
            ack=self.ack,
            language=self.language,
            groups=self.groups,
            sent_at=self.sent_at,
        )


class Notice(Struct, frozen=True, tag="notice", omit_defaults=True):
    """The bridge has something to say in `chat` by itself."""

    id: str
    chat: Chat
    kind: str
    """The name of the sentence, such as ``let_in``. An unknown one is not said."""
    values: dict[str, str] = {}
    """What the sentence is filled with."""
    language: str = ""
    reply_to: str = ""
    """The id of the message that it is about."""
    sent_at: float = 0.0


Job = Question | CommandCall | Notice | ChatMoved

LONG_COMMANDS = frozenset({"bench"})
"""Commands that take as long as an answer. They wait like questions, so that other commands do not wait for them."""


def lane_of(job: Job) -> Lane:
    """Return where `job` waits: commands and what the bridge has to say do not wait behind a long answer."""
    if isinstance(job, CommandCall) and job.name in LONG_COMMANDS:
        return "talk"
    return "commands" if isinstance(job, CommandCall | Notice) else "talk"
