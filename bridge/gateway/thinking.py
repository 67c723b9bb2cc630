"""Some models think aloud at the start of their answer, in ``<think>…</think>``; that is not the answer.

Only the very start counts: a literal ``<think>`` later on, in prose or in code, is text like any other.
"""

from __future__ import annotations

from typing import Literal

OPEN, CLOSE = "<think>", "</think>"


class Thinking:
    """Takes an answer's text piece by piece and lets pass what is not thought."""

    def __init__(self) -> None:
        self.thought = False
        """Whether any thinking has come."""
        self._state: Literal["start", "inside", "after", "answer"] = "start"
        self._held = ""

    def feed(self, text: str) -> str:
        if self._state == "answer" or not text:
            return text
        text, self._held = self._held + text, ""
        if self._state == "start":
            begun = text.lstrip()
            if not begun.startswith(OPEN):
                if OPEN.startswith(begun):
                    self._held = text
                    return ""
                self._state = "answer"
                return text
            self._state, self.thought, text = "inside", True, begun.removeprefix(OPEN)
        if self._state == "inside":
            _, closed, after = text.partition(CLOSE)
            if not closed:
                self._held = text[-(len(CLOSE) - 1) :]
                return ""
            self._state, text = "after", after
        text = text.lstrip("\r\n")  # the blank lines between thought and answer belong to neither
        if text:
            self._state = "answer"
        return text

    def end(self) -> str:
        """What was held back because it might yet have become a tag, and did not."""
        if self._state != "start":
            return ""
        self._state = "answer"
        held, self._held = self._held, ""
        return held
