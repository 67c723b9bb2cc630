"""Whom a rule can be about: a person, a chat with all its topics, a group that the platform counts people into."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.types import Chat, User


@dataclass(frozen=True, slots=True)
class Group:
    """A server, a role, a department: whatever `IncomingMessage.groups` names."""

    channel: str
    id: str

    def __str__(self) -> str:
        return f"{self.channel}:{self.id}"


Subject = Chat | User | Group

LONGEST_ID = 200
"""Characters; no platform's ids come near, so a longer one is nobody's."""


def subject_name(subject: Subject) -> str:
    """``person telegram:123``, ``chat telegram:-1001``, ``group discord:42``: also the rule's name in the store."""
    match subject:
        case User():
            return f"person {subject}"
        case Chat():
            return f"chat {subject.whole}"
        case Group():
            return f"group {subject}"


def as_subject(kind: str, channel: str, id: str) -> Subject | None:
    """The subject with this id; None where no platform has such an id."""
    if not id or len(id) > LONGEST_ID or not id.isprintable() or any(letter.isspace() for letter in id):
        return None
    match kind:
        case "chat":
            return Chat(channel, id)
        case "group":
            return Group(channel, id)
        case _:
            return User(channel, id)
