"""What a model does with one request: a value that any dialect can play, whole or as a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Literal

from bridge.demo.conversation import Conversation

Ending = Literal[
    "stop",  # well
    "length",  # the model may write no more
    "filtered",  # the provider's filter stepped in
    "cut",  # the provider breaks off: an error in the stream
    "unfinished",  # the provider stops without a reason: the stream ends as if all were well
    "lost",  # the connection breaks: the gateway is gone
    "stalled",  # nothing more comes, until the gateway's patience ends
    "silent",  # nothing comes at all, not even a status
    "unreachable",  # the gateway cannot connect to the provider
]
Kind = Literal["reasoning", "text"]
MOST_TOKENS = 8192
"""The longest answer of any model here, in tokens."""

_TOKEN = re.compile(r"\s?[A-Za-z]{1,7}|\s?\d{1,3}|[\u3400-\u9fff]{1,2}|\s+|.", re.DOTALL)
_SAMPLE = 100_000
"""Characters. Longer texts are not counted but estimated."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The provider's own status and words."""

    status: int
    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Performance:
    """`pause` is the time before the first token, in seconds; `rate` is in tokens a second."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    """The tools that it calls, each with its arguments in JSON."""
    ending: Ending = "stop"
    refusal: Refusal | None = None
    pause: float = 0.6
    rate: float = 45
    most: int = MOST_TOKENS
    """How many tokens it writes at once; then it ends for length."""

    def within(self, limit: int) -> Performance:
        """The same, but ending for length after `limit` tokens."""
        return replace(self, most=min(limit, self.most))

    def deltas(self) -> tuple[list[tuple[Kind, str]], Ending]:
        """What is written, token by token, and how it ends."""
        tokens: Iterator[tuple[Kind, str]] = chain(_tokens("reasoning", self.reasoning), _tokens("text", self.text))
        written = list(islice(tokens, self.most + 1))
        return (written[: self.most], "length") if len(written) > self.most else (written, self.ending)


def _tokens(kind: Kind, text: str) -> Iterator[tuple[Kind, str]]:
    """Pieces as a model writes them; together they are the text."""
    return ((kind, found[0]) for found in _TOKEN.finditer(text))


def count(conversation: Conversation) -> int:
    """The tokens of a request: those of the words, and a few for each message, as providers count."""
    return sum(4 + _count(turn.text) for turn in conversation.turns)


def _count(text: str) -> int:
    return len(_TOKEN.findall(text)) if len(text) <= _SAMPLE else len(text) // 4
