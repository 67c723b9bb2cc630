"""Names of providers and models to show: no two of them read the same, whatever the gateway calls things.

v1.x names the provider of each model. v2 gives only `owned_by`, and that is mostly the model's maker: four providers
of GPT are all ``openai`` there, so that a person could not tell whose bill it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bridge.gateway.models import Model

_OPAQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{13,}|[0-9a-f]{16,}|[\w-]{20,}", re.IGNORECASE)
"""What Cherry Studio makes up for a provider that a person added."""
_SHORT_ID_CHARACTERS = 4


def labelled(models: Sequence[Model], names: Mapping[str, str] | None = None, *, server: str = "") -> list[Model]:
    """The models with a `provider_name` that tells their groups apart, and a `name` that tells them apart.

    `models` are those of one gateway. `names` are those that an admin has set, by id of a provider or of a model.
    `server` is the name of the server where that is the provider of all.
    """
    names = {id: label for id, name in (names or {}).items() if (label := " ".join(name.split()))}
    labels = provider_labels(models, names, server=server)
    told = [
        replace(model, provider_name=labels[model.group], name=names.get(str(model.id), model.name)) for model in models
    ]
    count = Counter((model.provider_name, model.name.casefold()) for model in told)
    return [
        replace(model, name=model.id_there.model if model.group == model.id.provider else str(model.id_there))
        if count[model.provider_name, model.name.casefold()] > 1
        else model
        for model in told
    ]


def provider_labels(models: Iterable[Model], names: Mapping[str, str], *, server: str = "") -> dict[str, str]:
    """A label for each group of models, all of them different."""
    owners: dict[str, set[str]] = {}
    sections: dict[str, str] = {}
    for model in models:
        owners.setdefault(model.group, set()).add(model.owner)
        sections[model.group] = model.section
    shared = Counter(owner.casefold() for each in owners.values() for owner in each)
    labels = {
        group: names.get(sections[group], "") or (server if not group else "") or _label(group, each, shared)
        for group, each in owners.items()
    }
    return _all_different(labels)


def _label(provider: str, owners: set[str], shared: Mapping[str, int]) -> str:
    """`shared` says of how many providers an owner is the owner, by its name in lower case."""
    owner = next(iter(owners)) if len(owners) == 1 else ""
    if not provider:
        return owner or "gateway"
    opaque = _OPAQUE.fullmatch(provider) is not None
    if owner and shared[owner.casefold()] == 1 and (opaque or not _is_maker(owner, provider)):
        return owner
    return f"{owner} {provider[:_SHORT_ID_CHARACTERS]}".strip() if opaque else provider


def _is_maker(owner: str, provider: str) -> bool:
    """Whether `owner` says who made the models, not who sells them: v2 writes makers in lower case, as ids."""
    return owner == owner.lower() and owner.isascii() and owner != provider


def _all_different(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels that read the same get as much of their provider's id as tells them apart."""
    told = dict(labels)
    count = Counter(label.casefold() for label in told.values())
    for provider, label in labels.items():
        if count[label.casefold()] > 1:
            others = [other for other in labels if other != provider and labels[other].casefold() == label.casefold()]
            size = _SHORT_ID_CHARACTERS
            while size < len(provider) and any(other.startswith(provider[:size]) for other in others):
                size += 1
            told[provider] = f"{label} ({provider[:size]})"
    return told
