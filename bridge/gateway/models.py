"""The gateway's list of models, as every generation sends it, and the names most like a given one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from heapq import nlargest
from typing import Any

from bridge.gateway.dialects import Dialect
from bridge.gateway.dialects.fields import as_count, as_dict
from bridge.types import ModelId, Price

MAX_ID_CHARACTERS = 300
MAX_NAME_CHARACTERS = 120
MIN_GROUPED_MODELS = 25
"""Fewer models of a server without providers are one list."""

_DIALECTS: dict[str, Dialect] = {"openai": "chat", "anthropic": "messages"}
"""By `provider_type`. v1.7 to v1.9 list other types too, but refuse requests to them."""

_NOT_FOR_CHAT = re.compile(r"embed|rerank|whisper|dall-e|moderation|(?<![a-z])tts(?![a-z])")
"""v1.x lists such models without saying what they are for; v2 leaves them out."""

_SEEING = re.compile(
    r"gpt-(?:4o|4\.1|4\.5|5)|chatgpt-4o|(?<![a-z])o[134](?!-mini-2024)(?![a-z0-9])|claude|gemini|gemma-?3|pixtral|llava"
    r"|vision|(?<![a-z])vl(?![a-z])|-v-|omni|glm-\d(?:\.\d)?v|grok-[2-9]|kimi-(?:vl|k2\.5)|llama-4|mistral-(?:medium|small)"
    r"|minicpm-v|internvl|step-1[ov]|doubao.*(?:1[.-][56]|seed)|qvq|phi-4-multimodal|moondream"
)
"""Names of families that take pictures. They are offered to people whose model does not; nothing else hangs on it."""


_OTHER_MODES = {
    "embedding",
    "image_generation",
    "audio_transcription",
    "audio_speech",
    "rerank",
    "moderation",
    "video_generation",
}


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be chatted with."""

    id: ModelId
    name: str
    """How to show it."""
    provider_name: str
    """How to show its provider, whose id may be a meaningless UUID; `labels.labelled` tells them apart."""
    dialect: Dialect
    owner: str = ""
    """Who provides it or, from v2, mostly who made it, as the gateway says; empty where it does not."""
    group: str = field(default="", compare=False)
    """With which others it is shown: its provider's id; of a server without providers, what stands before the first
    slash, or nothing."""
    sees: bool | None = None
    """Whether it takes pictures, as the list says; None where it does not say. Cherry Studio's does not."""
    price: Price | None = None
    """What it costs, as the list says; None where it does not say. Cherry Studio's does not."""
    context_tokens: int = field(default=0, compare=False)
    """How many tokens it reads at once, as the list says; 0 where it does not say."""
    max_tokens: int = field(default=0, compare=False)
    """How many tokens an answer of it may have, as the list says; 0 where it does not say."""
    gateway: str = ""
    """Which of several gateways has it, as the settings name it; empty where there is one."""
    gateway_label: str = ""
    """What the operator calls that gateway."""

    @property
    def section(self) -> str:
        """What names its provider among all gateways: ``openai``, or of several ``openai@work``."""
        return f"{self.group}@{self.gateway}" if self.gateway else self.group

    @property
    def id_there(self) -> ModelId:
        """Its id as its gateway has it, without the gateway's name."""
        return self.id.split_gateway()[0] if self.gateway else self.id

    @property
    def may_see(self) -> bool:
        """Whether it takes pictures, by what the list says, or else by its name."""
        return self.sees if self.sees is not None else _SEEING.search(self.id.model.lower()) is not None


def parse_model(entry: Any, *, direct: bool = False) -> Model | None:
    """Read one entry of the gateway's list; None where it is not a model, or not one that can chat.

    `direct`: of a server that is not Cherry Studio, so that a colon in an id is a part of the name.
    """
    if not isinstance(entry, dict) or not isinstance(text := entry.get("id"), str) or len(text) > MAX_ID_CHARACTERS:
        return None
    try:
        id = ModelId.parse(text)
    except ValueError:
        return None
    kind = entry.get("provider_type")
    dialect = _DIALECTS.get(kind) if isinstance(kind, str) else "chat"
    if dialect is None or _NOT_FOR_CHAT.search(id.model.lower()) or _is_for_something_else(entry):
        return None
    owner = _one_line(entry.get("provider_name")) or _one_line(entry.get("owned_by"))
    name, maker = _one_line(entry.get("name")), text.partition("/")[0] if "/" in text else ""
    return Model(
        id,
        name or (text.strip() if direct else id.model),
        owner or (maker if direct else id.provider),
        dialect,
        owner,
        maker if direct else id.provider,
        _sees(entry),
        _price(entry),
        _context_tokens(entry),
        listed_max_tokens(entry),
    )


def _is_for_something_else(entry: dict[str, Any]) -> bool:
    """Whether the list says that a model does not chat: LiteLLM by its mode, new-api by the routes that it has."""
    routes = entry.get("supported_endpoint_types")
    return entry.get("mode") in _OTHER_MODES or (
        isinstance(routes, list) and bool(routes) and not {"openai", "anthropic"} & set(map(str, routes))
    )


def _sees(entry: dict[str, Any]) -> bool | None:
    """What an entry says of pictures: OpenRouter, LiteLLM and Mistral each have a field for it."""
    architecture, capabilities = as_dict(entry.get("architecture")), entry.get("capabilities")
    for modalities in (architecture.get("input_modalities"), entry.get("input_modalities")):
        if isinstance(modalities, list) and modalities:
            return "image" in modalities
    for said in (entry.get("supports_vision"), as_dict(capabilities).get("vision")):
        if isinstance(said, bool):
            return said
    return True if isinstance(capabilities, list) and "vision" in capabilities else None


def _price(entry: dict[str, Any]) -> Price | None:
    """What an entry says of its price. OpenRouter's list has dollars a token, as texts:
    https://openrouter.ai/docs/api-reference/list-available-models"""
    pricing = as_dict(entry.get("pricing"))
    try:
        prompt, completion = float(pricing["prompt"]), float(pricing["completion"])
    except (KeyError, TypeError, ValueError):
        return None
    if not (0 <= prompt < 1 and 0 <= completion < 1):  # a router's price is -1: it depends
        return None
    return Price(prompt * 1e6, completion * 1e6)


def _context_tokens(entry: dict[str, Any]) -> int:
    """What an entry says of its context window: OpenRouter, LiteLLM, vLLM and Mistral each have a field for it."""
    names = ("context_length", "max_input_tokens", "max_model_len", "max_context_length")
    return next((count for name in names if (count := as_count(entry.get(name)))), 0)


def listed_max_tokens(entry: dict[str, Any]) -> int:
    """What an entry says of the longest answer: LiteLLM, OpenRouter and Anthropic each have a field for it; else 0."""
    most = as_count(entry.get("max_output_tokens")) or as_count(
        as_dict(entry.get("top_provider")).get("max_completion_tokens")
    )
    return most or as_count(entry.get("max_tokens"))


def nearest(query: str, models: Sequence[Model], count: int) -> list[ModelId]:
    """The `count` models whose id, or name, is most like `query`, best first."""
    wanted = query.strip().casefold()
    bare = wanted.partition(":")[2] or wanted
    # An exact ratio takes quadratic time; an upper bound picks those that are worth one.
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


def usable_models(entries: Iterable[Any], *, direct: bool = False) -> list[Model]:
    """The usable models among `entries`, each once, in the gateway's order; `direct` as `parse_model` has it."""
    models: dict[ModelId, Model] = {}
    for entry in entries:
        if (model := parse_model(entry, direct=direct)) is not None:
            models.setdefault(model.id, model)
    if direct and len(models) < MIN_GROUPED_MODELS:
        return [replace(model, group="") for model in models.values()]
    return list(models.values())


def _one_line(text: Any) -> str:
    """`text` as one short line; empty where it is no text."""
    return " ".join(text.split())[:MAX_NAME_CHARACTERS] if isinstance(text, str) else ""


def section_name(model: Model) -> str:
    """What people call the gateway, where there are several, and the provider of `model`."""
    names = [model.gateway_label, model.provider_name]
    if not model.gateway or not model.group:
        del names[1 if model.gateway else 0]  # the gateway is the only one, or the provider itself
    return " · ".join(map(plain_name, names))


def plain_name(text: str) -> str:
    """Return a provider's or a model's name as one line without Markdown's marks."""
    return " ".join("".join(letter for letter in text if letter.isprintable() and letter not in "*`|").split())
