"""Characters whose two surrogates come in two frames, as servers send them that cut JSON's escapes apart."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")


class SurrogateJoiner:
    """Takes a text piece by piece and returns it without lone surrogates, which no encoding can hold."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, text: str) -> str:
        """`text` with its pairs joined; U+FFFD stands for a surrogate that stays alone. A last half is held back."""
        text, self._half = self._half + text, ""
        if text.isascii() or not _SURROGATE.search(text):
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def end(self) -> str:
        half, self._half = self._half, ""
        return "\ufffd" if half else ""
