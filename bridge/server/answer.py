"""An answer gathered from its events, for a client that wants it in one piece."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bridge.events import Picture, ReasoningDelta, Source, TextDelta, ToolCallDelta
from bridge.server.events import (
    Counted,
    Event,
    Started,
    Stopped,
    StopReason,
    ThoughtRedacted,
    ThoughtSigned,
    TokenCounts,
)


@dataclass(slots=True)
class WrittenText:
    text: str = ""
    sources: list[Source] = field(default_factory=list)


@dataclass(slots=True)
class Thought:
    text: str = ""
    signature: str = ""
    redacted: str = ""


@dataclass(slots=True)
class Call:
    id: str = ""
    name: str = ""
    arguments: str = ""


Block = WrittenText | Thought | Call | Picture


class Answer:
    """`blocks` in the order in which they came. Text that nothing interrupts is one block."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.id = ""
        self.blocks: list[Block] = []
        self.reason: StopReason = "stop"
        self.sequence = ""
        self.usage: TokenCounts | None = None
        calls: dict[int, Call] = {}
        for event in events:
            match event:
                case TextDelta(text):
                    self._written().text += text
                case ReasoningDelta(text):
                    self._thought().text += text
                case ThoughtSigned(signature):
                    self._thought().signature = signature
                case ThoughtRedacted(data):
                    self.blocks.append(Thought(redacted=data))
                case ToolCallDelta(index, id, name, arguments):
                    if (call := calls.get(index)) is None:
                        call = calls[index] = Call()
                        self.blocks.append(call)
                    call.id, call.name = call.id or id, call.name or name
                    call.arguments += arguments
                case Picture():
                    self.blocks.append(event)
                case Source():
                    self._written().sources.append(event)
                case Started(id):
                    self.id = id
                case Counted(usage):
                    self.usage = usage
                case Stopped(reason, sequence):
                    self.reason, self.sequence = reason, sequence

    @property
    def text(self) -> str:
        return "".join(block.text for block in self.blocks if isinstance(block, WrittenText))

    @property
    def reasoning(self) -> str:
        return "".join(thought.text for thought in self.thoughts)

    @property
    def thoughts(self) -> list[Thought]:
        return [block for block in self.blocks if isinstance(block, Thought)]

    @property
    def calls(self) -> list[Call]:
        return [block for block in self.blocks if isinstance(block, Call)]

    @property
    def pictures(self) -> list[Picture]:
        return [block for block in self.blocks if isinstance(block, Picture)]

    @property
    def sources(self) -> list[Source]:
        return [source for block in self.blocks if isinstance(block, WrittenText) for source in block.sources]

    def _written(self) -> WrittenText:
        last = self.blocks[-1] if self.blocks else None
        if not isinstance(last, WrittenText):
            last = WrittenText()
            self.blocks.append(last)
        return last

    def _thought(self) -> Thought:
        last = self.blocks[-1] if self.blocks else None
        if not isinstance(last, Thought) or last.signature or last.redacted:
            last = Thought()
            self.blocks.append(last)
        return last
