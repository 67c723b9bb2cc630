"""What a person would see of a stream of events once it is over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bridge.errors import GatewayError
from bridge.events import (
    Event,
    Finished,
    Picture,
    ReasoningDelta,
    Source,
    TextDelta,
    TextReclassified,
    ToolCallDelta,
    Unsupported,
)
from bridge.gateway import Completion
from bridge.gateway.parser import CompletionParser


@dataclass
class Seen:
    text: str = ""
    reasoning: str = ""
    pictures: list[Picture] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)
    calls: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Name and arguments of each tool call."""
    unsupported: list[str] = field(default_factory=list)
    finished: Finished | None = None

    def add(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case TextDelta(text):
                    self.text += text
                case ReasoningDelta(text):
                    self.reasoning += text
                case TextReclassified():
                    self.reasoning, self.text = self.reasoning + self.text, ""
                case Picture():
                    self.pictures.append(event)
                case Source():
                    self.sources[event.url] = event
                case ToolCallDelta():
                    name, arguments = self.calls.get(event.index, ("", ""))
                    self.calls[event.index] = (name + event.name, arguments + event.arguments)
                case Unsupported(kind):
                    self.unsupported.append(kind)
                case Finished():
                    self.finished = event


def parsed(parser: CompletionParser, reads: Iterable[bytes]) -> Seen:
    """What comes of `reads`, each one read from the network."""
    seen = Seen()
    for data in reads:
        seen.add(parser.feed(data))
    seen.add(parser.end())
    return seen


async def watched(completion: Completion) -> tuple[Seen, GatewayError | None]:
    """Everything that came, and the error after it."""
    seen = Seen()
    try:
        async for event in completion.events():
            seen.add([event])
    except GatewayError as error:
        return seen, error
    return seen, None
