"""Whether a place in Markdown lies in code, told while the text is still coming."""

from __future__ import annotations

import re

_BLOCK_PREFIX = re.compile(r"[\s>]*(?:(?:[-*+]|\d{1,9}[.)])\s+)*[\s>]*")
"""What may stand before a fence: quotations and list items."""
_AFTER_FENCE = frozenset(" \t\r\n<[◁")
"""What may follow a closing fence on its line: by the rules blanks, from models the marks at their end too."""


class CodeTracker:
    """Fed the text in order: runs of backticks or tildes, line breaks, and everything between them."""

    def __init__(self) -> None:
        self.fence = ""
        """The run that opened the block of code; empty outside of one."""
        self.span = 0
        """How many backticks opened the code in this line; 0 outside of such."""
        self.line_start = True
        """Only blanks so far in this line."""
        self._prefix = ""
        """The line so far, while it may still be what stands before a fence."""

    def text(self, text: str) -> None:
        if text and not text.isspace():
            self.line_start = False
        if len(self._prefix) < 40:
            self._prefix += text

    def line_break(self) -> None:
        if self.line_start:
            self.span = 0  # code in a line ends with its paragraph at the latest
        self.line_start, self._prefix = True, ""

    def run(self, marks: str, following: str) -> None:
        """`marks` is a whole run; `following` the character after it, empty at the end of the text."""
        at_block_start = _BLOCK_PREFIX.fullmatch(self._prefix) is not None
        if self.fence:
            if at_block_start and marks.startswith(self.fence) and (not following or following in _AFTER_FENCE):
                self.fence = ""
        elif at_block_start and len(marks) >= 3 and not self.span:
            self.fence = marks
        elif marks[0] == "`":
            self.span = 0 if self.span == len(marks) else self.span or len(marks)
        self.text(marks)
