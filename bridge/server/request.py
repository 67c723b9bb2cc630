"""A request for a completion as values that belong to no dialect, with what each of the three can express.

Media are held here, as they came: nothing of a request is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from bridge.types import Text, ToolCall

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Image:
    """`url` is a data URL or an address that the provider fetches."""

    url: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A document. Either `data` holds it in base64, or `url` says where it is."""

    data: str = ""
    mime: str = ""
    name: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Audio:
    """`data` is base64, `format` the file's ending, such as ``wav``."""

    data: str
    format: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """What the model thought before. `signature` proves to its provider that the text is unchanged."""

    text: str
    signature: str = ""
    redacted: str = ""
    """An encrypted thought, which only its provider can read; `text` is then empty."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    call_id: str
    parts: tuple[Text | Image, ...]
    failed: bool = False


Part = Text | Image | File | Audio | Thinking | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, Text))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the client runs. `schema` is the JSON Schema of its arguments."""

    name: str
    description: str = ""
    schema: dict[str, Any] = field(default_factory=dict)
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    mode: Literal["auto", "none", "required", "tool"]
    name: str = ""
    """The tool that has to be called, for ``tool``."""


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """The answer is JSON; with a `schema`, JSON of that shape."""

    schema: dict[str, Any] | None = None
    name: str = ""
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class Reasoning:
    """How much the model may think: an `effort` in words, or a `budget` in tokens; `enabled` False: not at all."""

    enabled: bool = True
    effort: str = ""
    budget: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """`model` is the name that the provider knows. What is None was not said."""

    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    include_usage: bool = True
    """Whether a streamed answer ends with its usage, in the dialect where that is a choice."""
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    reasoning: Reasoning | None = None
    output: OutputFormat | None = None
    seed: int | None = None
    user: str = ""

    @property
    def system(self) -> str:
        return "\n\n".join(message.text for message in self.messages if message.role == "system")

    @property
    def talk(self) -> tuple[Message, ...]:
        """The messages without those of the system."""
        return tuple(message for message in self.messages if message.role != "system")
