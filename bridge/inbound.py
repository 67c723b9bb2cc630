"""What a channel yields: something was said, edited, deleted or pressed, or a chat has a new id.

Nothing in these values is set by the bridge; what the bridge makes of them is a `bridge.inbox.Job`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from msgspec import Struct

from bridge.types import Attachment, Chat, User


class Said(Struct, frozen=True, tag="said", omit_defaults=True):
    """A person wrote a message, or picked a command from the platform's menu."""

    id: str
    """Unique within `chat`. The same message delivered twice carries the same id twice."""
    chat: Chat
    sender: User
    text: str
    addressed: bool = True
    """Whether it is meant for the bot: a direct chat, a mention, a reply to the bot, a command."""
    quoted: str = ""
    """The text that the person replied to, or the part of it they selected; of a forwarded message, its words."""
    replied_to: User | None = None
    """Who wrote the message that this one replies to."""
    attachments: tuple[Attachment, ...] = ()
    """Those of the message itself, then those of the message that it replies to, which are `Attachment.quoted`."""
    ack: str = ""
    """The ref of a message that the platform made the channel post at once; the answer takes its place."""
    language: str = ""
    """The person's language as the platform reports it, a BCP 47 tag such as ``zh-hans``."""
    groups: tuple[str, ...] = ()
    """What the platform says the sender belongs to here: a server, its roles, a department; each by an id that the
    platform never changes, and that an admin can let in."""
    sent_at: float = 0.0
    """When it was sent, in seconds since 1970; 0 where the platform does not say."""
    forwarded: bool = False
    """Whether the sender passes on another's words, which then stand in `quoted`."""
    reply_to: str = ""
    """The id of the message that this one replies to; where that is ours, its ref."""


class Edited(Struct, frozen=True, tag="edited"):
    """A person changed a message of theirs, which now reads as `message` says; its id is the original's."""

    message: Said


class Deleted(Struct, frozen=True, tag="deleted"):
    """The message `id` of a person is no longer in `chat`."""

    id: str
    chat: Chat


class Pressed(Struct, frozen=True, tag="pressed", omit_defaults=True):
    """A person pressed a button under a message of ours."""

    id: str
    """Unique within `chat`, and the same where the press is delivered twice."""
    chat: Chat
    sender: User
    command: str
    """What the button carried (`Button.command`). A changed app can send any text."""
    message: str = ""
    """The ref of the message that carries the button, so that the answer can take its place."""
    language: str = ""
    groups: tuple[str, ...] = ()
    """As in `Said`."""
    sent_at: float = 0.0


class Reacted(Struct, frozen=True, tag="reacted", omit_defaults=True):
    """A person put a thumb down on a message of ours; other reactions are not told."""

    id: str
    """As `Pressed.id`."""
    chat: Chat
    sender: User
    message: str
    """The platform's id of the message, which its `Posted.ref` holds."""
    language: str = ""
    groups: tuple[str, ...] = ()
    """As in `Said`."""
    sent_at: float = 0.0


class ChatMoved(Struct, frozen=True, tag="moved"):
    """The platform has given `chat` a new id: it is `to` now."""

    id: str
    """Unique within `chat`, and the same where the news is delivered twice."""
    chat: Chat
    to: Chat


Inbound = Said | Edited | Deleted | Pressed | Reacted | ChatMoved

THUMB_DOWN = "👎"


def is_thumb_down(emoji: str) -> bool:
    """Whether a reaction is a thumb down: plain, in a colour of skin, or with a variation selector."""
    return emoji.startswith(THUMB_DOWN)


# A path such as /usr/bin is talk: nothing but white space may follow the name.
_COMMAND = re.compile(r"/(?P<name>[A-Za-z][A-Za-z0-9_]{0,31})(?:@\S+)?(?:\s+(?P<argument>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ParsedCommand:
    name: str
    """In lower case, without the slash."""
    argument: str


def parse_command(text: str) -> ParsedCommand | None:
    """Read ``/name@bot argument``; None where `text` is no command."""
    found = _COMMAND.fullmatch(text.strip())
    return ParsedCommand(found["name"].lower(), (found["argument"] or "").strip()) if found else None
