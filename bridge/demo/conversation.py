"""What a request says, read leniently from either dialect: who said what, oldest first."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

Role = Literal["system", "user", "assistant"]
_ROLES: dict[str, Role] = {**{role: role for role in get_args(Role)}, "developer": "system"}


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


def read(messages: Sequence[Any], system: Any = None) -> Conversation:
    """Read the `messages` of a request, and Anthropic's `system`. What is no message is passed over."""
    first = [] if system is None else [{"role": "system", "content": system}]
    return Conversation(tuple(turn for message in (*first, *messages) for turn in _turns(message)))


def _turns(message: Any) -> Iterator[Turn]:
    if not isinstance(message, dict) or not isinstance(name := message.get("role"), str) or name not in _ROLES:
        return
    content = message.get("content")
    if isinstance(content, str):
        yield Turn(_ROLES[name], content)
    elif isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict)]
        texts = [text for part in parts if isinstance(text := part.get("text"), str)]
        pictures = tuple(found for part in parts if (found := _picture(part)))
        yield Turn(_ROLES[name], "\n".join(texts), len(parts) - len(texts), pictures)


def _picture(part: dict[str, Any]) -> bytes:
    """The content of the picture that a part holds in Base64, in either dialect; empty where it holds none."""
    inner = part.get("image_url") or part.get("source")
    if isinstance(inner, dict):
        inner = inner.get("url") or inner.get("data")
    data = inner.rpartition(";base64,")[2] if isinstance(inner, str) else ""
    try:
        return b64decode(data)
    except ValueError:
        return b""
