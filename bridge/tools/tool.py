"""What a tool is, what comes of a call, and what everything that has tools must be able to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Literal, Protocol

from msgspec import Struct, json

from bridge.events import Source
from bridge.types import Chat, FileKind, User

Permission = Literal["never", "ask", "always"]
"""Whether a tool may run: not at all, once somebody has agreed to this very call, or without a question."""
PERMISSIONS: tuple[Permission, ...] = ("never", "ask", "always")

BUILT_IN = "bridge"
"""The name of the server of the tools that are built in."""


class Tool(Struct, frozen=True):
    """A tool of a server, cleaned and bounded (`clean.py`)."""

    server: str
    name: str
    """As its server calls it."""
    title: str
    """For people: one short line."""
    description: str
    parameters: dict[str, Any]
    """What it takes: a JSON Schema of an object."""
    read_only: bool = False
    """Whether its server says that it changes nothing."""
    repeatable: bool = False
    """Whether its server says that running it twice does what running it once does."""
    permission: Permission = "ask"
    """What holds where nobody has said otherwise."""

    @property
    def key(self) -> str:
        return f"{self.server}/{self.name}"

    @property
    def fingerprint(self) -> str:
        """Changes with all that a person may have looked at before they allowed the tool for good."""
        said = json.encode([self.server, self.name, self.description, self.parameters, self.read_only], order="sorted")
        return blake2b(said, digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class ToolFile:
    """A picture or another file that a tool gave back."""

    kind: FileKind
    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What a tool gave back: `text` for the model, `files` for the person."""

    text: str
    failed: bool = False
    files: tuple[ToolFile, ...] = ()
    sources: tuple[Source, ...] = ()
    """What the text is from, where the answer may refer to that."""


def _unheard(said: str) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """For whom a tool runs."""

    chat: Chat
    asker: User
    account: str
    """The bot account that answers there."""
    language: str
    message: str
    """The id of the message that asked."""
    call: str
    """Names this call, the same in every attempt: up to 32 ASCII characters."""
    number: int = 0
    """Counts the calls of an answer, from 0; the same in every attempt."""
    report: Callable[[str], None] = _unheard
    """Told, while the tool runs, how far it has come: a few words for people, or nothing but that it goes on."""


class ToolError(Exception):
    """A tool could not be run, or its server not be asked; says why, in English, for the model and for an admin."""


class ToolServer(Protocol):
    """Something that has tools."""

    @property
    def name(self) -> str:
        """One short word for people; each server has another."""

    async def tools(self) -> Sequence[Tool]:
        """What it offers now. Raises ToolError."""

    async def call(self, tool: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolOutcome:
        """Run the tool of that name. Raises ToolError; cancelling the caller ends it as far as it can be ended."""
