"""The values that flow through the bridge: who spoke, where, what was said, how a message should look.

All are frozen. msgspec writes those that are kept to JSON and reads them back; it passes over fields that it does not
know, so that a newer process and an older one can share a store.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Literal, Self

from msgspec import Struct

Role = Literal["system", "user", "assistant", "tool"]
AttachmentKind = Literal["image", "file", "audio", "video", "sticker", "other"]
FileKind = Literal["image", "audio", "file"]


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

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` gives. Raises ValueError."""
        place, _, person = text.partition(":~")
        channel, id, thread, *more = [*place.split(":"), "", "", ""]
        if not channel or not id or any(more) or not text.isprintable() or " " in text:
            raise ValueError(text)
        return cls(channel, id, thread, person=person)

    @property
    def place(self) -> Chat:
        """Where the conversation is held, as the platform knows it."""
        return replace(self, person="") if self.person else self

    @property
    def whole(self) -> Chat:
        """The group that a topic or thread belongs to; the chat itself where it is no part of one."""
        if not (self.thread or self.person):
            return self
        return Chat(self.channel, self.id, direct=self.direct, title=self.title)


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


@dataclass(frozen=True, slots=True)
class ModelId:
    """A gateway model, written ``provider:model``; the model part may itself hold colons.

    Servers other than Cherry Studio have ids without a colon, such as ``gpt-4o``: their `provider` is empty.
    """

    provider: str
    model: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split at the first colon. Raises ValueError with a sentence for the reader."""
        provider, colon, model = text.strip().partition(":")
        if provider and not colon and not any(map(str.isspace, provider)):
            return cls("", provider)
        if not (provider and colon and model):
            raise ValueError(f"{text.strip()!r} is not a model; write provider:model, such as openai:gpt-5")
        return cls(provider, model)

    def at(self, gateway: str) -> ModelId:
        """The same model at the gateway of this name: ``openai:gpt-5@work``. Where the name is empty, itself."""
        return ModelId(self.provider, f"{self.model}@{gateway}") if gateway else self

    def split_gateway(self) -> tuple[ModelId, str]:
        """Without what stands after the last ``@``, and that; it need not be a gateway's name."""
        model, at, gateway = self.model.rpartition("@")
        return (ModelId(self.provider, model), gateway) if model and at and gateway else (self, "")

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}" if self.provider else self.model


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens of a model cost, in the currency with that sign."""

    prompt: float
    completion: float
    currency: str = "$"


MAX_FALLBACKS = 4


@dataclass(frozen=True, slots=True)
class Fallbacks:
    """The models that answer, in this order, where another one does not; none of them where it is empty."""

    models: tuple[ModelId, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``b:y, c:z``, or ``off``. Raises ValueError with a sentence for the reader."""
        parts = [part.strip() for part in re.split(r"[,，、\n]", text) if part.strip()]
        if [part.lower() for part in parts] == ["off"]:
            return cls()
        models = tuple(dict.fromkeys(map(ModelId.parse, parts)))
        if not 1 <= len(models) <= MAX_FALLBACKS:
            raise ValueError(f"name 1 to {MAX_FALLBACKS} models with commas between them, or off")
        return cls(models)

    def __str__(self) -> str:
        return ", ".join(map(str, self.models)) or "off"


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
    optional: bool = False
    """Whether a question is asked without it where the model takes no pictures: a still, a sticker."""


class Excerpt(Struct, frozen=True, omit_defaults=True):
    """Which part of a document was read: of `total` pages, sheets or whatever `unit` says, `first` to `last`."""

    unit: str = ""
    first: int = 0
    last: int = 0
    total: int = 0
    cut: bool = False
    """Whether something was left out."""
    macros: bool = False
    """Whether the document has macros; they were not run."""


class File(Struct, frozen=True, tag="file", omit_defaults=True):
    """A document; `media` is its text."""

    media: Media
    excerpt: Excerpt | None = None


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


class ToolSpec(Struct, frozen=True):
    """A tool as it is offered to a model."""

    name: str
    """Up to 64 ASCII letters, digits, hyphens and underscores."""
    description: str
    parameters: dict[str, Any]
    """What it takes: a JSON Schema of an object."""


class Thought(Struct, frozen=True, gc=False, tag="thought", omit_defaults=True):
    """What a model thought before it called a tool, as its provider wants it back with the tool's result."""

    text: str = ""
    """Empty where the provider does not show it."""
    signature: str = ""
    """With which the provider knows its own again."""
    redacted: str = ""
    """The whole of it, encrypted, in place of the two others."""
    model: str = ""
    """Whose it is, as its gateway calls it: no other is given it."""


Part = Text | Image | File | Audio | ToolCall | ToolResult | Thought
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


class Attachment(Struct, frozen=True, omit_defaults=True):
    """Something that came with a message and that the platform holds for us until `Channel.fetch` asks for it."""

    kind: AttachmentKind
    name: str = ""
    ref: str = ""
    """What `Channel.fetch` needs to find it; empty where it cannot be fetched (a location, a poll)."""
    mime: str = ""
    size: int = 0
    """Bytes, as the platform tells; 0 where it does not."""
    seconds: float = 0.0
    """How long a recording lasts; 0 where that is not known."""
    still: str = ""
    """What `Channel.fetch` needs to find a picture of something that moves; empty where the platform has none."""
    quoted: bool = False
    """Whether it came with the message that the person replied to, and not with their own."""


class Button(Struct, frozen=True):
    """A button under a message: what it says, and the command that pressing it sends."""

    label: str
    command: str
    """At most `Limits.max_command_bytes` of UTF-8."""


class BodyFile(Struct, frozen=True, eq=False):
    """A file that goes out with a message. Two are equal where their content is, whatever they are called."""

    kind: FileKind
    name: str
    mime: str
    content: bytes
    alt: str = ""
    """What it shows, in words, for a caption or a screen reader."""
    digest: str = ""
    """SHA-256 of the content, in hexadecimal."""

    @classmethod
    def of(cls, kind: FileKind, name: str, mime: str, content: bytes, alt: str = "") -> Self:
        # A model may have chosen the name: no path, and nothing that could end a header.
        last = name.replace("\\", "/").rpartition("/")[2]
        plain = "".join(letter for letter in last if letter.isprintable() and letter != '"')
        return cls(kind, plain, mime, content, alt, sha256(content).hexdigest())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BodyFile) and (self.digest, self.kind) == (other.digest, other.kind)

    def __hash__(self) -> int:
        return hash((self.digest, self.kind))

    def __repr__(self) -> str:
        return f"BodyFile({self.kind!r}, {self.name!r}, {len(self.content)} bytes)"


NO_TEXT_YET = "…"
"""The text of a `Body` of which there is nothing but an aside so far."""


class Body(Struct, frozen=True):
    """What one message should look like: always the whole of it, never a change."""

    text: str = ""
    """Markdown, as models write it."""
    buttons: tuple[Button, ...] = ()
    aside: str = ""
    """Reasoning or tool steps, in Markdown: shown above the text, folded where the platform folds. One that is a single
    line needs no fold."""
    aside_unfinished: int = 0
    """How many lines at the end of `aside` tell of something that goes on, and will soon read otherwise: for a platform
    that cannot change what it has shown."""
    files: tuple[BodyFile, ...] = ()
    """Shown as one album or one file. A body with files has no text: each file's `alt` is its caption."""
