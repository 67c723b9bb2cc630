"""What one read from the network brought, put together: at most one piece of text and one of reasoning."""

from __future__ import annotations

from bridge.events import (
    Event,
    Picture,
    ReasoningDelta,
    Source,
    TextDelta,
    TextReclassified,
    ToolCallDelta,
    Unsupported,
)


class Batch:
    """Filled by the parser, emptied by `take`. In lists: one read may hold an answer in thousands of pieces."""

    __slots__ = ("extras", "reasoning", "reclassified", "text")

    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.reclassified = False
        self.extras: list[Picture | Source | ToolCallDelta | Unsupported] = []

    def reclassify(self) -> None:
        """All text so far, of this batch and of those before it, was reasoning."""
        self.reasoning += self.text
        self.text = []
        self.reclassified = True

    def take(self) -> list[Event]:
        events: list[Event] = []
        if self.reclassified:
            events.append(TextReclassified())
            self.reclassified = False
        if self.reasoning:
            if reasoning := "".join(self.reasoning):
                events.append(ReasoningDelta(reasoning))
            self.reasoning = []
        if self.text:
            if text := "".join(self.text):
                events.append(TextDelta(text))
            self.text = []
        if self.extras:
            events += self.extras
            self.extras = []
        return events
