"""The words that access is spoken of in: whom a rule is about, what role they have, who changed something."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from bridge.access.settings import ChatSettings
from bridge.types import Chat, User

RULE_KINDS = ("person", "chat", "group", "role")
"""How the names of rows begin that are rules, and not settings."""

MAX_ID_LENGTH = 200
"""Characters; no platform's ids come near, so a longer one is nobody's."""


class Role(IntEnum):
    """What a person is to the bridge in one chat. Each may do what those below may."""

    DENIED = -1
    """A rule shuts them out; the bridge says nothing to them."""
    STRANGER = 0
    MEMBER = 1
    ADMIN = 2
    """Lets people in and out, and sets what applies in a chat."""
    OWNER = 3
    """Makes admins, is asked about strangers, and sets what applies in all chats."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the sender of one message may do where they wrote it, and the settings that apply there."""

    role: Role
    settings: ChatSettings = field(default_factory=ChatSettings)

    @property
    def may_pick_knowledge(self) -> bool:
        """Whether the gateway's knowledge bases may be searched for them here: they are the owner's documents."""
        return self.role >= Role.ADMIN or self.settings.knowledge == "everyone"


@dataclass(frozen=True, slots=True)
class Group:
    """A server, a role, a department: whatever `Said.groups` names."""

    channel: str
    id: str

    def __str__(self) -> str:
        return f"{self.channel}:{self.id}"


Subject = Chat | User | Group
"""Whom a rule can be about: a person, a chat with all its topics, a group that the platform counts people into."""


def subject_name(subject: Subject) -> str:
    """Return ``person telegram:123``, ``chat telegram:-1001``, ``group discord:42``: the rule's name in the store."""
    match subject:
        case User():
            return f"person {subject}"
        case Chat():
            return f"chat {subject.whole}"
        case Group():
            return f"group {subject}"


def as_subject(kind: str, channel: str, id: str) -> Subject | None:
    """Return the subject with this id; None where no platform has such an id."""
    if not id or len(id) > MAX_ID_LENGTH or not id.isprintable() or any(letter.isspace() for letter in id):
        return None
    match kind:
        case "chat":
            return Chat(channel, id)
        case "group":
            return Group(channel, id)
        case _:
            return User(channel, id)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who changed something, and in which chat they said so: what the audit log keeps beside the change."""

    who: str
    """``telegram:123``, or ``shell``."""
    where: str = ""
    """The chat: ``telegram:-1001``."""

    @classmethod
    def in_chat(cls, person: User, chat: Chat) -> Actor:
        return cls(str(person), str(chat.place))


SHELL = Actor("shell")
"""The person who sits at the machine itself."""
