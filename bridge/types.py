"""The things that flow: who spoke, where, what was said. Frozen values that go to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self

from msgspec import Struct

Role = Literal["system", "user", "assistant", "tool"]
AttachmentKind = Literal["image", "file", "audio", "video", "sticker", "other"]

COMMAND_BYTES = 64
"""The longest command a button can carry: Telegram's callback_data, in bytes of UTF-8, is the tightest."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A place where one conversation is held: a direct chat, a group, one topic or thread of a group.

    `title` and `direct` describe the place; they do not tell it apart from another.
    """

    channel: str
    id: str
    thread: str = ""
    direct: bool = field(default=False, compare=False)
    title: str = field(default="", compare=False)
    person: str = ""
    """Set by the bridge where everybody in a group has a conversation of their own: the id of whose this is.
    To a platform it is the same place (`place`)."""

    def __str__(self) -> str:
        return ":".join(filter(None, (self.channel, self.id, self.thread, self.person and f"~{self.person}")))

    @property
    def place(self) -> Chat:
        """Where the conversation is held, as the platform knows it."""
        return replace(self, person="") if self.person else self

    @property
    def whole(self) -> Chat:
        """The group that a topic or thread belongs to; the chat itself where there is none."""
        if not (self.thread or self.person):
            return self
        return Chat(self.channel, self.id, direct=self.direct, title=self.title)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class User:
    """A person, by the id their platform never changes; `name` is only for show."""

    channel: str
    id: str
    name: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.channel}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``telegram:123``. Raises ValueError with a sentence for the reader."""
        channel, colon, id = text.strip().partition(":")
        if not (channel and colon and id):
            raise ValueError(f"{text.strip()!r} is not a person; write for example telegram:123")
        return cls(channel.lower(), id)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True, slots=True)
class ModelId:
    """A gateway model, written ``provider:model``; the model part may itself hold colons."""

    provider: str
    model: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split at the first colon. Raises ValueError with a sentence for the reader."""
        provider, colon, model = text.strip().partition(":")
        if not (provider and colon and model):
            raise ValueError(f"{text.strip()!r} is not a model; write provider:model, such as openai:gpt-5")
        return cls(provider, model)

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}"


class Media(Struct, frozen=True, omit_defaults=True):
    """Bytes that are kept elsewhere: `digest` is the SHA-256 of the content in hexadecimal, `size` in bytes."""

    digest: str
    mime: str
    name: str = ""
    size: int = 0


class Text(Struct, frozen=True, tag="text"):
    """Words, in Markdown where a model wrote them."""

    text: str


class Image(Struct, frozen=True, tag="image", omit_defaults=True):
    media: Media
    alt: str = ""
    """What it shows, in words."""


class File(Struct, frozen=True, tag="file"):
    media: Media


class Audio(Struct, frozen=True, tag="audio", omit_defaults=True):
    media: Media
    seconds: float = 0.0
    """How long it lasts; 0 where that is not known."""


class ToolCall(Struct, frozen=True, tag="tool_call"):
    """A model asks for a tool to be run."""

    id: str
    name: str
    arguments: str
    """JSON, as the model wrote it."""


class ToolResult(Struct, frozen=True, tag="tool_result", omit_defaults=True):
    """What came of the `ToolCall` with the id `call_id`."""

    call_id: str
    text: str
    failed: bool = False


Part = Text | Image | File | Audio | ToolCall | ToolResult
"""One piece of a message. Media are named, never held: a part is small enough for a row in Redis."""


class ChatMessage(Struct, frozen=True):
    """One message of a conversation with a model: ``ChatMessage.user("Why is the sky blue?")``."""

    role: Role
    parts: tuple[Part, ...]

    @classmethod
    def system(cls, text: str) -> Self:
        return cls("system", (Text(text),))

    @classmethod
    def user(cls, text: str) -> Self:
        return cls("user", (Text(text),))

    @classmethod
    def assistant(cls, text: str) -> Self:
        return cls("assistant", (Text(text),))

    @property
    def text(self) -> str:
        """The words of the message, without its other parts."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something that came with a message and is not text."""

    kind: AttachmentKind
    name: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """A button: what it says, and the command that pressing it sends (at most `COMMAND_BYTES`)."""

    label: str
    command: str

    def __post_init__(self) -> None:
        if len(self.command.encode()) > COMMAND_BYTES:
            raise ValueError(f"a choice's command is longer than {COMMAND_BYTES} bytes: {self.command!r}")


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """What arrived from a platform, in the bridge's words.

    A pressed button is a message too: its `text` is the choice's command and `menu` names the message that
    carried the button, so that the answer can edit it.
    """

    id: str
    """Unique within `chat`. The same message delivered twice carries the same id twice."""
    chat: Chat
    sender: User
    text: str
    addressed: bool = True
    """Meant for the bot: a direct chat, a mention, a reply to it, a command, a button."""
    quoted: str = ""
    """The text that the person replied to, or the part of it they selected."""
    replied_to: User | None = None
    """Who wrote the message that this one replies to."""
    attachments: tuple[Attachment, ...] = ()
    menu: str = ""
    """The ref of the posted message whose button was pressed."""
    ack: str = ""
    """The ref of a message of ours that the platform made us post at once; the answer takes its place."""
    language: str = ""
    """The person's language as the platform reports it, a BCP 47 tag such as ``zh-hans``."""
    groups: tuple[str, ...] = ()
    """What the platform says the sender belongs to here: a server, its roles, a department; each by an id that
    the platform never changes, and that an admin can let in."""
    again: str = ""
    """Set by the bridge where it asks an earlier question again: that question's id."""
    asker: User | None = None
    """Set by the bridge with `again`: who asks for it now, whoever the sender was."""
    notice: str = ""
    """Set by the bridge where this is its own news for `chat`: the name of the sentence to say there."""
    sent_at: float = 0.0
    """When it was sent, in seconds since 1970; 0 where the platform does not say."""
    moved_to: Chat | None = None
    """Set where this is news and not talk: the platform has given `chat` a new id, and it is `moved_to` now."""

    @property
    def question(self) -> str:
        """The id of the question that this asks, for the first time or again."""
        return self.again or self.id

    @property
    def asked_by(self) -> User:
        """Who asks it now: they are judged, they pay, they are told."""
        return self.asker or self.sender

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote. Raises TypeError or KeyError on anything else."""
        fields = dict(data)
        fields["chat"] = Chat.from_json(fields["chat"])
        fields["sender"] = User.from_json(fields["sender"])
        fields["attachments"] = tuple(Attachment(**each) for each in fields.get("attachments", ()))
        fields["groups"] = tuple(fields.get("groups", ()))
        for name, kind in (("replied_to", User), ("asker", User), ("moved_to", Chat)):
            if fields.get(name) is not None:
                fields[name] = kind(**fields[name])
        return cls(**fields)
