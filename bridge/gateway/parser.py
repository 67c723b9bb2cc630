"""One completion as it comes in: bytes go in, events come out. Nothing here waits."""

from __future__ import annotations

import json
from collections.abc import Sequence

import structlog
from msgspec.structs import replace

from bridge.events import Event, ReasoningDelta, Source, TextDelta, TextReclassified, ToolCallDelta, Usage
from bridge.gateway.batch import Batch
from bridge.gateway.dialects import FRAMES, PLAIN, Dialect, Extra, FinishReason, Frame, ThoughtPart
from bridge.gateway.error_body import ErrorBody
from bridge.gateway.reasoning import ReasoningSplitter
from bridge.gateway.sse import SseDecoder
from bridge.gateway.surrogates import SurrogateJoiner
from bridge.types import Thought

log = structlog.get_logger(__name__)


class CompletionParser:
    """Made for one response: `feed` it each read, then call `end`; or `feed_body` once. Raises nothing."""

    def __init__(self, dialect: Dialect, asked: str = "") -> None:
        """`asked`: the model that is asked, as its gateway calls it; its thoughts bear that name."""
        self.dialect = dialect
        self.started = False
        """Whether a first token has come, of reasoning or of the answer."""
        self.has_visible_text = False
        """Whether any of the text can be seen."""
        self.has_reasoning = False
        self.has_extras = False
        """Whether anything but text, reasoning and sources has come: pictures, tool calls."""
        self.finish: FinishReason | None = None
        self.error: ErrorBody | None = None
        self.done_seen = False
        """Whether the stream has said that it is over."""
        self.model = ""
        self.progress = 0
        """Frames with anything of the model's in them: it grows as long as the model is at work."""
        self._prompt_tokens = 0
        self._completion_tokens = 0
        self._asked = asked
        self._thought: list[str] = []
        """What has come of the thought that is being told."""
        self._signature = ""
        self._calls = False
        """Whether a tool was called."""
        self._plain = PLAIN[dialect]
        self._frame = FRAMES[dialect]
        self._decoder = SseDecoder()
        self._splitter = ReasoningSplitter()
        self._content = SurrogateJoiner()
        self._reasoning = SurrogateJoiner()
        self._batch = Batch()
        self._seen: set[object] = set()

    @property
    def usage(self) -> Usage | None:
        """None until reported. v2 reports zeros where it does not know."""
        usage = Usage(self._prompt_tokens, self._completion_tokens)
        return usage if usage.prompt_tokens or usage.completion_tokens else None

    @property
    def over(self) -> bool:
        return self.done_seen or self.error is not None

    def feed(self, data: bytes) -> list[Event]:
        """All that came with this read."""
        try:
            payloads = self._decoder.feed(data)
        except ValueError as error:
            self.error = ErrorBody(message=str(error))
            return []
        return self._take(payloads) if payloads else []

    def feed_body(self, body: bytes) -> list[Event]:
        """An answer that came at once, as JSON, whether or not a stream was asked for."""
        events = self._take([body])
        self.done_seen = True
        return events + self.end()

    def end(self) -> list[Event]:
        """What was still held back, now that no more will come."""
        events = [] if self.over else self._take(self._decoder.end())
        batch = self._batch
        batch.reasoning.append(self._reasoning.end())
        self._splitter.feed(self._content.end(), batch)
        self._splitter.end(batch)
        events += self._note(batch.take())
        if self.dialect == "chat" and self._thought and self._calls:  # it has no blocks, and no signatures
            events.append(self._end_thought())
        return events

    def _take(self, payloads: list[bytes]) -> list[Event]:
        events: list[Event] = []
        content = reasoning = ""
        escaped = False
        for payload in payloads:
            if self.over:
                break
            if (plain := self._plain(payload)) is not None:
                if plain[0] or plain[1]:
                    self.progress += 1
                    content += plain[0]
                    reasoning += plain[1]
            else:
                escaped = True
                frame = self._take_frame(payload)
                if frame.thoughts:  # they have their place between what comes before and after
                    events += self._put(content, reasoning, escaped=escaped)
                    content = reasoning = ""
                    events += self._take_thoughts(frame.thoughts)
                content += frame.content
                reasoning += frame.reasoning
        events += self._put(content, reasoning, escaped=escaped)
        self.started = self.progress > 0
        return events

    def _put(self, content: str, reasoning: str, *, escaped: bool) -> list[Event]:
        """Take text; return the events that it makes. `escaped`: lone surrogates may be in it."""
        batch = self._batch
        if escaped:  # only `json` lets lone surrogates through
            content = self._content.feed(content)
            reasoning = self._reasoning.feed(reasoning)
        else:
            content = self._content.end() + content
            reasoning = self._reasoning.end() + reasoning
        if reasoning:
            batch.reasoning.append(reasoning)
            self._thought.append(reasoning)
            self._splitter.has_reasoning = True
        if content:
            self._splitter.feed(content, batch)
        if self.finish is not None:
            self._splitter.end(batch)
        return self._note(batch.take())

    def _take_thoughts(self, thoughts: Sequence[Thought | ThoughtPart]) -> list[Event]:
        """The thoughts that are whole now."""
        whole: list[Event] = []
        for thought in thoughts:
            if isinstance(thought, Thought):
                self._thought = []
                whole.append(replace(thought, model=self._asked))
                continue
            self._signature += thought.signature
            if thought.over and (self._thought or self._signature):
                whole.append(self._end_thought())
        return whole

    def _end_thought(self) -> Thought:
        thought = Thought("".join(self._thought), self._signature, model=self._asked)
        self._thought, self._signature = [], ""
        return thought

    def _take_frame(self, payload: bytes) -> Frame:
        """Note what an event says that is not a plain one; return it."""
        if payload.strip() == b"[DONE]":
            self.done_seen = True
            return Frame()
        try:
            data = json.loads(payload.decode("utf-8-sig", errors="replace"))
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            log.debug("gateway frame set aside", size=len(payload))
            return Frame()
        frame = self._frame(data)
        self.error = frame.error
        self.done_seen = frame.done_seen
        self.finish = self.finish or frame.finish
        self.model = frame.model or self.model
        self._prompt_tokens = max(self._prompt_tokens, frame.prompt_tokens)
        self._completion_tokens = max(self._completion_tokens, frame.completion_tokens)
        self._add(frame.extras)
        if frame.content or frame.reasoning or frame.extras:
            self.progress += 1
        return frame

    def _add(self, extras: tuple[Extra, ...]) -> None:
        """Take what is new: sources come with every chunk (Perplexity), pictures again in the last (OpenRouter)."""
        for extra in extras:
            if isinstance(extra, Source):
                new = {(extra.url, True), (extra.url, bool(extra.title))}.isdisjoint(self._seen)
                self._seen.add((extra.url, bool(extra.title)))
            else:
                new = isinstance(extra, ToolCallDelta) or extra not in self._seen
                self._seen.add(extra)
            if new:
                self._batch.extras.append(extra)
                self._calls = self._calls or isinstance(extra, ToolCallDelta)

    def _note(self, events: list[Event]) -> list[Event]:
        """Remember what of the answer has come."""
        for event in events:
            if isinstance(event, TextDelta):
                self.has_visible_text = self.has_visible_text or not event.text.isspace()
            elif isinstance(event, ReasoningDelta):
                self.has_reasoning = True
            elif isinstance(event, TextReclassified):
                self.has_visible_text, self.has_reasoning = False, True
            elif not isinstance(event, Source):
                self.has_extras = True
        return events
