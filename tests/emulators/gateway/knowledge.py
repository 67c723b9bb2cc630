"""What a search in a knowledge base of the gateway gives, in the shapes of v1.8.4 and v2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Passage:
    """What a search finds."""

    text: str
    source: str = ""
    """A path or an address."""
    page: int = 0


def shown(generation: str, id: str, name: str, passages: Sequence[Passage]) -> Iterator[dict[str, Any]]:
    """The results of one base, the best first."""
    text = "content" if generation == "C" else "pageContent"
    for nth, passage in enumerate(passages):
        yield {
            text: passage.text,
            "score": 0.9 - 0.1 * nth,
            "metadata": {"source": passage.source} | ({"page": passage.page} if passage.page else {}),
            "knowledge_base_id": id,
            "knowledge_base_name": name,
            **({"chunkId": f"{name}-{nth}"} if generation == "C" else {}),
        }
