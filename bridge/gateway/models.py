"""What the gateway offers, read from its list in every generation, and names most like a given one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from heapq import nlargest
from typing import Any, Literal

from bridge.types import ModelId

Dialect = Literal["chat", "messages"]
"""``chat``: /v1/chat/completions, as OpenAI speaks. ``messages``: /v1/messages, as Anthropic does."""

MAX_ID = 300
MAX_NAME = 120

_DIALECTS: dict[str, Dialect] = {"openai": "chat", "anthropic": "messages"}
"""By `provider_type`. v1.7 to v1.9 list other types too, but refuse to chat with them."""

_NOT_FOR_CHAT = re.compile(r"embed|rerank|whisper|dall-e|moderation|(?<![a-z])tts(?![a-z])")
"""v1.x lists such models and says nothing of what they are for; v2 leaves them out itself."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be chatted with."""

    id: ModelId
    name: str
    """What to show."""
    provider_name: str
    """Whose it is, to show; a provider's id may be a meaningless uuid."""
    dialect: Dialect


def read(entry: Any) -> Model | None:
    """One entry of the gateway's list; None where it is no model, or none that can chat."""
    if not isinstance(entry, dict) or not isinstance(text := entry.get("id"), str) or len(text) > MAX_ID:
        return None
    try:
        id = ModelId.parse(text)
    except ValueError:
        return None
    kind = entry.get("provider_type")
    dialect = _DIALECTS.get(kind) if isinstance(kind, str) else "chat"
    if dialect is None or _NOT_FOR_CHAT.search(id.model.lower()):
        return None
    provider = _shown(entry.get("provider_name")) or _shown(entry.get("owned_by")) or id.provider
    return Model(id, _shown(entry.get("name")) or id.model, provider, dialect)


def nearest(query: str, models: Sequence[Model], count: int) -> list[ModelId]:
    """The models whose id, or bare name, is most like `query`, best first."""
    wanted = query.strip().casefold()
    bare = wanted.partition(":")[2] or wanted
    # Exact ratios are dear (quadratic); an upper bound picks those worth one.
    likely = nlargest(max(count * 4, 40), models, key=lambda model: _likeness(model, wanted, bare, rough=True))
    best = nlargest(count, likely, key=lambda model: _likeness(model, wanted, bare))
    return [model.id for model in best]


def _likeness(model: Model, wanted: str, bare: str, *, rough: bool = False) -> float:
    pairs = {(str(model.id).casefold(), wanted), (model.id.model.casefold(), bare), (model.name.casefold(), bare)}
    return max(_contained(*pair) + _ratio(*pair, rough=rough) for pair in pairs)


def _contained(name: str, wanted: str) -> bool:
    return bool(wanted) and wanted in name


def _ratio(name: str, wanted: str, *, rough: bool) -> float:
    matcher = SequenceMatcher(None, wanted, name, autojunk=False)
    return matcher.quick_ratio() if rough else matcher.ratio()


def offered(entries: Iterable[Any]) -> list[Model]:
    """The usable models among `entries`, each once, in the gateway's order."""
    models: dict[ModelId, Model] = {}
    for entry in entries:
        if (model := read(entry)) is not None:
            models.setdefault(model.id, model)
    return list(models.values())


def _shown(text: Any) -> str:
    """`text` as one short line; empty where it is no text."""
    return " ".join(text.split())[:MAX_NAME] if isinstance(text, str) else ""
