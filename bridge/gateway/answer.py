"""One answer as it comes in: bytes go in, text comes out, what else was said is kept. Nothing here waits."""

from __future__ import annotations

import json
import re

import structlog

from bridge.gateway.dialects import FRAMES, Finish, Usage
from bridge.gateway.faults import Fault
from bridge.gateway.models import Dialect
from bridge.gateway.sse import Events
from bridge.gateway.thinking import Thinking

log = structlog.get_logger(__name__)

_SURROGATE = re.compile("[\ud800-\udfff]")


class Answer:
    """Made for one response; `feed` it every read, then `end` it."""

    def __init__(self, dialect: Dialect) -> None:
        self.begun = False
        """Whether a first token has come, of reasoning or of the answer."""
        self.worded = False
        """Whether any of the text can be seen."""
        self.finish: Finish | None = None
        self.fault: Fault | None = None
        self.last = False
        """Whether the stream has said that it is over."""
        self.tokens = 0
        """Frames with content or reasoning so far: it grows as long as the model is at work."""
        self._reasoned = False
        self._prompt_tokens = 0
        self._completion_tokens = 0
        self._frame = FRAMES[dialect]
        self._events = Events()
        self._thinking = Thinking()
        self._half = ""

    @property
    def reasoning(self) -> bool:
        return self._reasoned or self._thinking.thought

    @property
    def usage(self) -> Usage | None:
        """None until reported. v2 reports zeros where it does not know."""
        spent = Usage(self._prompt_tokens, self._completion_tokens)
        return spent if spent.prompt_tokens or spent.completion_tokens else None

    @property
    def over(self) -> bool:
        return self.last or self.fault is not None

    def feed(self, data: bytes) -> str:
        """All text that came with this read."""
        try:
            events = self._events.feed(data)
        except ValueError as error:
            self.fault = Fault(message=str(error))
            return ""
        return self._text(events)

    def whole(self, body: bytes) -> str:
        """The text of an answer that came at once, as JSON, though a stream was asked for."""
        text = self._text([body])
        self.last = True
        return text + self.end()

    def end(self) -> str:
        """The text still held back, now that no more will come."""
        text = "" if self.over else self._text(self._events.end())
        lone = "\ufffd" if self._half else ""
        return self._seen(text + self._thinking.feed(lone) + self._thinking.end())

    def _text(self, events: list[bytes]) -> str:
        content = self._mended("".join([self._take(event) for event in events if not self.over]))
        text = self._thinking.feed(content)
        return self._seen(text + self._thinking.end() if self.finish else text)

    def _take(self, event: bytes) -> str:
        """Note what one event says; return its content."""
        if event.strip() == b"[DONE]":
            self.last = True
            return ""
        try:
            data = json.loads(event.decode(errors="replace"))
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            log.debug("gateway frame set aside", size=len(event))
            return ""
        frame = self._frame(data)
        self.fault = frame.fault
        self.last = frame.last
        self.finish = self.finish or frame.finish
        self._prompt_tokens = max(self._prompt_tokens, frame.prompt_tokens)
        self._completion_tokens = max(self._completion_tokens, frame.completion_tokens)
        if frame.content or frame.reasoning:
            self.begun = True
            self.tokens += 1
            self._reasoned |= frame.reasoning
        return frame.content

    def _mended(self, text: str) -> str:
        """Join a character whose two surrogates came in two frames; put U+FFFD for one that stays alone."""
        text, self._half = self._half + text, ""
        if text.isascii() or not _SURROGATE.search(text):
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _seen(self, text: str) -> str:
        self.worded = self.worded or bool(text and not text.isspace())
        return text
