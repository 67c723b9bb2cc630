"""Characters: which of them may reach a screen, and how wide they are there."""

from __future__ import annotations

import re

from wcwidth import wcswidth

_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # all of C0, DEL and C1 but tab and newline: they steer a terminal
    "\u2028\u2029"  # line ends to some programs only
    "\ud800-\udfff"  # halves of surrogate pairs, which no wire carries
    "\ufdd0-\ufdef]"  # no characters at all; a dialect may use them as marks of its own
)


def clean(text: str) -> str:
    """`text` without control characters.

    Character by character, so that the start of a growing text stays the start of its clean form.
    """
    return _UNWANTED.sub(_harmless, text)


def width(text: str) -> int:
    """Columns on a screen: two for an ideograph, none for a combining mark."""
    if text.isascii():
        return len(text)
    return max(wcswidth(text), 0) or len(text)


def _harmless(found: re.Match[str]) -> str:
    char = found[0]
    if char in "\u2028\u2029":
        return "\n"
    return "\N{REPLACEMENT CHARACTER}" if "\ud800" <= char <= "\udfff" else ""
