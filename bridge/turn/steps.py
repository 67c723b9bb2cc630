"""What a turn's journal keeps of its tools, so that the next process goes on where it was.

There is a step for each answer of the model that calls tools, kept once it is whole, and one for each call, begun
before it runs and finished after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct

from bridge.events import Source
from bridge.inbox import MAX_RESULT_BYTES, Turn
from bridge.store import Row
from bridge.types import FileKind, Media, Text, Thought, ToolCall

MAX_KEPT_TEXT_BYTES = 8000
"""Of what a model says before it calls tools; the rest is seen, and not repeated after a crash."""


class Round(Struct, frozen=True):
    """An answer of the model that calls tools."""

    text: str
    calls: tuple[ToolCall, ...]
    usage: tuple[int, int] = (0, 0)
    """The tokens that it took: of the question, and of the answer."""
    thoughts: tuple[tuple[int, Thought], ...] = ()
    """What it thought, for the model itself, and after how many characters of `text`."""

    def said(self) -> list[Text | Thought]:
        """Return words and thoughts in their order, without words that nobody can see."""
        parts: list[Text | Thought] = []
        begin = 0
        for at, thought in self.thoughts:
            parts += [Text(self.text[begin:at]), thought]
            begin = max(begin, at)
        parts.append(Text(self.text[begin:]))
        return [part for part in parts if not isinstance(part, Text) or part.text.strip()]


class KeptFile(Struct, frozen=True):
    """A file that a tool gave, as the turn's journal names it."""

    kind: FileKind
    media: Media


class CallResult(Struct, frozen=True):
    """What came of a call, for the model, and as much of it as people see."""

    text: str
    failed: bool = False
    refused: bool = False
    unknown: bool = False
    """Whether it is not known what became of it."""
    silent: bool = False
    """Whether it did not answer in time."""
    seconds: float = 0.0
    files: tuple[KeptFile, ...] = ()
    sources: tuple[Source, ...] = ()


ROUND = Row(Round)
RESULT = Row(CallResult)


@dataclass(frozen=True, slots=True)
class Begun:
    """A call that was begun; `result` is None where nobody knows whether it had its effect."""

    result: CallResult | None


class ToolSteps:
    """The steps of one turn that are about tools. Raises StoreError."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._kept: Mapping[str, str | None] = {step.id: step.result for step in turn.steps}
        """As earlier attempts left them."""

    def round(self, number: int) -> Round | None:
        """Return the answer of that number, as an earlier attempt got it; None where none did."""
        kept = self._kept.get(f"r{number}")
        try:
            return ROUND.decode(kept) if kept else None
        except ValueError:
            return None

    async def keep_round(self, number: int, round: Round) -> Round:
        """Keep an answer, without its thoughts where they are too long; return it. Raises ValueError where the rest is
        too much."""
        text = round.text.encode(errors="replace")[:MAX_KEPT_TEXT_BYTES].decode(errors="ignore")
        row = ROUND.encode(Round(text, round.calls, round.usage, round.thoughts))
        if len(row.encode()) > MAX_RESULT_BYTES:
            row = ROUND.encode(Round(text, round.calls, round.usage))
        if len(row.encode()) > MAX_RESULT_BYTES:
            raise ValueError("the calls are too long")
        await self._turn.note_step(f"r{number}", row)
        return round

    def call(self, id: str) -> Begun | None:
        """Return how far an earlier attempt came with the call; None where it was not begun."""
        if id not in self._kept:
            return None
        kept = self._kept[id]
        try:
            return Begun(RESULT.decode(kept) if kept else None)
        except ValueError:
            return Begun(None)

    async def begin(self, id: str) -> None:
        """Write down that the call is about to be run."""
        await self._turn.begin_step(id)

    async def finish(self, id: str, result: CallResult) -> None:
        """Write down what came of the call."""
        await self._turn.finish_step(id, RESULT.encode(result))
