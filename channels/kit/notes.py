"""What all of a text tells about a part of it: the numbers of its footnotes, and its language."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from channels.kit import latex

_SCRIPTS = [re.compile(script) for script in ("[\u3041-\u30ff]", "[\uac00-\ud7a3]", "[\u4e00-\u9fff]")]
"""Kana, Hangul, Chinese characters."""
_ENDS_OF_WORDS = ".,;:!?)\"'*`”’」』。，！？；：）"
_REFERENCE = re.compile(r"\[\^(\w[\w-]{0,29})\](?![*+?{])(:?)")


@dataclass(slots=True)
class Notes:
    """What all of a text tells about a part of it: the numbers of its footnotes, and its language.

    Footnotes that are numbers keep theirs, others get the next that is free.
    """

    numbers: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    """In which the words of alerts are, where their own text does not tell."""

    @classmethod
    def of(cls, text: str) -> Notes:
        """The notes of `text`. What is no number is one where it is defined or stands right behind a word: in regular
        expressions such brackets mean something else."""
        notes = cls()
        if (alert := text.find("[!")) >= 0:
            # By what stands before the first: what follows is not known where it is shown while it comes.
            notes.language = language(text[:alert]) or "en"
        if "[^" not in text:
            return notes
        found = list(_REFERENCE.finditer(text))
        known = {each[1] for each in found if each[1].isdecimal() or each[2] or _follows_words(text, each.start())}
        taken: set[str] = set()
        free = 1
        for label in dict.fromkeys(each[1] for each in found if each[1] in known):
            while str(free) in taken:
                free += 1
            notes.numbers[label] = label if label.isdecimal() else str(free)
            taken.add(notes.numbers[label])
        return notes

    def mark(self, label: str) -> str:
        """What refers to the note; empty where there is none of this label."""
        return latex.raised(self.numbers[label]) if label in self.numbers else ""


def language(text: str) -> str:
    """`ja`, `ko` or `zh` by the script of a text; empty where it is of none of them."""
    if text.isascii():
        return ""
    kana, hangul, han = (len(script.findall(text)) for script in _SCRIPTS)
    if kana * 8 > han:
        return "ja"
    return "ko" if hangul > han else "zh" if han else ""


def _follows_words(text: str, place: int) -> bool:
    return place > 0 and (text[place - 1].isalnum() or text[place - 1] in _ENDS_OF_WORDS)
