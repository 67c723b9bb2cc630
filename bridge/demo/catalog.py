"""What the demo offers: providers and their models, and which script stands behind each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from bridge.demo.conversation import Conversation
from bridge.demo.performance import Performance, Refusal
from bridge.demo.scripts import (
    continuing,
    echo,
    guide,
    helper,
    longer,
    painter,
    poet,
    reader,
    showcase,
    thinker,
    trouble,
)
from bridge.types import ModelId

Voice = Callable[[Conversation], Performance]
ProviderType = Literal["openai", "anthropic"]


@dataclass(frozen=True, slots=True)
class Provider:
    id: str
    name: str
    type: ProviderType = "openai"


@dataclass(frozen=True, slots=True)
class Model:
    provider: Provider
    id: ModelId
    name: str
    voice: Voice

    def perform(self, conversation: Conversation) -> Performance:
        """What it answers; asked to go on, it goes on where it stopped."""
        return continuing.perform(self.voice, conversation)


def _blind(voice: Voice) -> Voice:
    """The same, for words alone: pictures are refused as DeepSeek does."""

    def speak(conversation: Conversation) -> Performance:
        if any(turn.pictures for turn in conversation.turns):
            said = "Failed to deserialize the JSON body into the target type: messages[0]: unknown variant `image_url`"
            return Performance(refusal=Refusal(400, "invalid_request_error", f"{said}, expected `text`"))
        return voice(conversation)

    return speak


def _models() -> Iterator[Model]:
    """The first of them is the one that a newcomer meets."""
    yield from _of(
        Provider("demo", "Demo"),
        ("guide", "Guide", reader.with_passages(helper.with_tools(guide.speak))),
        ("poet", "Poet", _blind(poet.speak)),
        ("painter", "Painter", painter.speak),
        ("showcase", "Showcase", showcase.speak),
        ("thinker", "Thinker", thinker.speak),
        ("think-tags", "Thinker, in tags", thinker.speak_in_tags),
        ("long", "Long", longer.speak),
        ("fast", "Fast", longer.speak_fast),
        ("slow", "Slow", guide.speak_slowly),
    )
    yield from _of(
        Provider("yanshi", "演示"),
        ("向导", "向导", reader.with_passages(guide.speak_chinese)),
        ("诗人", "诗人", poet.speak_chinese),
    )
    yield from _of(
        Provider("open-router", "OpenRouter (demo)"),
        ("tencent/demo-a13b:free", "Tencent: Demo A13B (free)", guide.speak),
        ("deepseek/demo-r1", "DeepSeek: Demo R1", thinker.speak),
    )
    yield from _of(
        Provider("echo", "Echo"), ("plain", "Your words", echo.speak), ("request", "Your request", echo.speak_request)
    )
    yield from _of(
        Provider("claude", "Anthropic (demo)", "anthropic"),
        ("demo-sonnet", "Demo Sonnet", reader.with_passages(helper.with_tools(guide.speak))),
    )
    yield from _of(
        Provider("demo", "Demo"),
        *((name, f"Trouble: {name.replace('-', ' ')}", partial(trouble.speak, name)) for name in trouble.NAMES),
    )


def _of(provider: Provider, *models: tuple[str, str, Voice]) -> Iterator[Model]:
    return (Model(provider, ModelId(provider.id, id), name, voice) for id, name, voice in models)


MODELS = tuple(_models())
PROVIDERS = tuple({model.provider.id: model.provider for model in MODELS}.values())
