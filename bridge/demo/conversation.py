"""What a request says, as the scripts see it: who said what, oldest first."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge.server import Image, Message, Request, Role, ToolResult
from bridge.types import Text


@dataclass(frozen=True, slots=True)
class Turn:
    role: Role
    text: str
    others: int = 0
    """How many parts came with it that are not text: pictures, files."""
    pictures: tuple[bytes, ...] = ()
    """The contents of the pictures among them, as far as they came along."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """`turns` as they were sent, system prompt included; the last one from the person is the question."""

    turns: Sequence[Turn] = ()
    tools: Sequence[str] = ()
    """The names of the tools that are offered."""
    results: Sequence[str] = ()
    """What tools gave back since the question was asked."""

    @property
    def question(self) -> str:
        asked = self.by("user")
        return asked[-1].text if asked else ""

    @property
    def earlier(self) -> list[str]:
        """The questions before this one, oldest first."""
        return [turn.text for turn in self.by("user")[:-1]]

    @property
    def system(self) -> str:
        return "\n\n".join(turn.text for turn in self.by("system"))

    def by(self, role: Role) -> list[Turn]:
        return [turn for turn in self.turns if turn.role == role]

    def before_question(self) -> Conversation:
        """As it was before the question was asked: an answer ends it, if there was one."""
        return replace(self, turns=self.turns[: max(self._question_at, 0)])

    def until_question(self) -> Conversation:
        """As it was when the question was asked."""
        return replace(self, turns=self.turns[: self._question_at + 1])

    @property
    def _question_at(self) -> int:
        return max((at for at, turn in enumerate(self.turns) if turn.role == "user"), default=-1)


def conversation_of(request: Request) -> Conversation:
    turns: list[Turn] = []
    results: list[str] = []
    for message in request.messages:
        given = [part for part in message.parts if isinstance(part, ToolResult)]
        if given:
            results += ["".join(part.text for part in each.parts if isinstance(part, Text)) for each in given]
            continue
        turn = _turn(message)
        if turn.role == "user":
            results = []
        if turn.text or turn.role != "assistant":  # one that only calls tools says nothing
            turns.append(turn)
    return Conversation(tuple(turns), tuple(tool.name for tool in request.tools), tuple(results))


def _turn(message: Message) -> Turn:
    texts = [part.text for part in message.parts if isinstance(part, Text)]
    pictures = tuple(found for part in message.parts if isinstance(part, Image) and (found := _content(part.url)))
    return Turn(message.role, "\n".join(texts), len(message.parts) - len(texts), pictures)


def _content(url: str) -> bytes:
    """The content of a picture that a data URL holds; empty where it holds none."""
    try:
        return b64decode(url.partition(";base64,")[2])
    except ValueError:
        return b""
