"""One completion as it comes in: bytes go in, events come out. Nothing here waits."""

from __future__ import annotations

import json

import structlog

from bridge.events import Event, ReasoningDelta, Source, TextDelta, TextReclassified, ToolCallDelta, Usage
from bridge.gateway.batch import Batch
from bridge.gateway.dialects import FRAMES, PLAIN, Dialect, Extra, FinishReason
from bridge.gateway.error_body import ErrorBody
from bridge.gateway.reasoning import ReasoningSplitter
from bridge.gateway.sse import BYTE_ORDER_MARK, SseDecoder
from bridge.gateway.surrogates import SurrogateJoiner

log = structlog.get_logger(__name__)


class CompletionParser:
    """Made for one response: `feed` it each read, then call `end`; or `feed_body` once. Raises nothing."""

    def __init__(self, dialect: Dialect) -> None:
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
        events = self._take([body.removeprefix(BYTE_ORDER_MARK)])
        self.done_seen = True
        return events + self.end()

    def end(self) -> list[Event]:
        """What was still held back, now that no more will come."""
        events = [] if self.over else self._take(self._decoder.end())
        batch = self._batch
        batch.reasoning.append(self._reasoning.end())
        self._splitter.feed(self._content.end(), batch)
        self._splitter.end(batch)
        return events + self._note(batch.take())

    def _take(self, payloads: list[bytes]) -> list[Event]:
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
                more = self._take_frame(payload)
                content += more[0]
                reasoning += more[1]
        batch = self._batch
        if escaped:  # only `json` lets lone surrogates through
            content = self._content.feed(content)
            reasoning = self._reasoning.feed(reasoning)
        else:
            content = self._content.end() + content
            reasoning = self._reasoning.end() + reasoning
        if reasoning:
            batch.reasoning.append(reasoning)
            self._splitter.has_reasoning = True
        if content:
            self._splitter.feed(content, batch)
        if self.finish is not None:
            self._splitter.end(batch)
        self.started = self.progress > 0
        return self._note(batch.take())

    def _take_frame(self, payload: bytes) -> tuple[str, str]:
        """Note what an event says that is not a plain one; return its content and reasoning."""
        if payload.strip() == b"[DONE]":
            self.done_seen = True
            return "", ""
        try:
            data = json.loads(payload.decode(errors="replace"))
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            log.debug("gateway frame set aside", size=len(payload))
            return "", ""
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
        return frame.content, frame.reasoning

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
