"""Which of some texts say most about a question: BM25, by counting words, without an index.

Chinese, Japanese and Korean are taken by pairs of letters; other words by their beginning, so that a plural is found
as well. A megabyte takes some 60 ms for ten words.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence

MAX_TERMS = 40
"""Of one question; further words are left out."""
K1, B = 1.2, 0.75
"""How soon a word that is repeated counts no more, and how much a long text is marked down: Robertson's values."""

_RUNS = re.compile(r"(?P<pairs>[⺀-鿿가-힯豈-﫿]+)|[^\W_⺀-鿿가-힯豈-﫿]+")
_COMMON_WORDS = (
    "a about all an and any are as at be but by can could did do does for from had has have how i if in into is it its "
    "me my no not of on or our please say says so tell than that the their them then there these they this to up us "
    "was we were what when where which who why will with would you your "
    "什么 么是 怎么 怎样 为什 如何 哪些 哪个 可以 我们 你们 他们 这个 那个 一个 是否 有没 没有 请问 告诉 诉我 "
    "什麼 麼是 怎麼 怎樣 為什 我們 你們 這個 那個 一個 沒有 請問 告訴 訴我"
)
_COMMON = frozenset(_COMMON_WORDS.split())
"""Words that say nothing about what a text is about."""


def rank(question: str, texts: Sequence[str], most: int) -> list[int]:
    """The places of the `most` texts that fit `question` best, the best first; none that has no word of it."""
    terms = words_of(question)
    if not terms or not texts:
        return []
    folded = [_folded(text) for text in texts]
    mean = sum(map(len, folded)) / len(folded) or 1.0
    scores = [0.0] * len(folded)
    for term in terms:
        counts = _counts(term, folded)
        having = sum(1 for count in counts if count)
        if not having:
            continue
        rarity = math.log(1 + (len(folded) - having + 0.5) / (having + 0.5))
        for place, count in enumerate(counts):
            if count:
                spread = K1 * (1 - B + B * len(folded[place]) / mean)
                scores[place] += rarity * count * (K1 + 1) / (count + spread)
    found = [place for place, score in enumerate(scores) if score > 0]
    return sorted(found, key=lambda place: (-scores[place], place))[:most]


def words_of(question: str) -> list[str]:
    """What is looked for, each once."""
    terms: list[str] = []
    for run in _RUNS.finditer(_folded(question)):
        word = run[0]
        if run["pairs"] and len(word) > 1:
            terms += [word[at : at + 2] for at in range(len(word) - 1)]
        else:
            terms.append(word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word)
    return [term for term in dict.fromkeys(terms) if term not in _COMMON][:MAX_TERMS]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _counts(term: str, texts: Sequence[str]) -> list[int]:
    if (found := _RUNS.match(term)) is not None and found["pairs"]:
        return [text.count(term) for text in texts]
    begins = re.compile(rf"\b{re.escape(term)}" + ("" if len(term) > 3 else r"s?\b"))
    return [len(begins.findall(text)) if term in text else 0 for text in texts]
