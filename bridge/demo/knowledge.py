"""A knowledge base as Cherry Studio has one on its desk: the guide's texts, in both of its languages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from bridge.demo import texts
from bridge.server import FoundPassage, KnowledgeBase

FILES = ("guide.en", "guide.zh")


def bases() -> dict[str, KnowledgeBase]:
    return {"guide": KnowledgeBase("guide", "Guide", _search)}


def _search(question: str, count: int) -> Sequence[FoundPassage]:
    from bridge.knowledge import rank  # read when somebody searches

    passages = _passages()
    places = rank(question, [text for _, text in passages], count)
    return [FoundPassage(f"{passages[at][0]}.md", passages[at][1], 1 / (1 + nth)) for nth, at in enumerate(places)]


@cache
def _passages() -> Sequence[tuple[str, str]]:
    return [(name, f"{head}: {text}") for name in FILES for head, text in texts.sections(name).items() if text]
