"""A text cut to a length, with an ellipsis where something is left out."""

from __future__ import annotations

import unicodedata

MAX_WORD = 24
"""Characters of a word that are given up so that none is cut in two; a longer one, such as an address, is cut."""
_JOINING = "\u200d\ufe0e\ufe0f"
"""Characters that belong to the one before them, beside those that combine by their category."""
_BEFORE_ELLIPSIS = " \n\t,;:.，、；：。"
"""What is left out before an ellipsis."""


def shorten(text: str, most: int) -> str:
    """`text` in at most `most` characters: cut between two words, or two letters where a script has no spaces."""
    if len(text) <= most:
        return text
    end = max(most - 1, 0)
    while end and _belongs_together(text[end - 1], text[end]):
        end -= 1
    word = end
    while word and _is_of_word(text[word - 1]) and _is_of_word(text[end]) and end - word < MAX_WORD:
        word -= 1
    if word and end - word < MAX_WORD:
        end = word
    return f"{text[:end].rstrip(_BEFORE_ELLIPSIS)}…" if most > 0 else ""


def _belongs_together(one: str, next: str) -> bool:
    return next in _JOINING or one == "\u200d" or bool(unicodedata.combining(next))


def _is_of_word(letter: str) -> bool:
    """Whether words of its script have spaces between them: not of Han, kana and Thai."""
    return letter.isalnum() and not (
        "\u0e00" <= letter <= "\u0eff"
        or "\u2e80" <= letter <= "\u9fff"
        or "\uac00" <= letter <= "\ud7af"
        or "\uf900" <= letter <= "\ufaff"
        or "\uff66" <= letter <= "\uff9f"
        or "\U00020000" <= letter <= "\U0003ffff"
    )
