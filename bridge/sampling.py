"""How a model is to answer: the parameters of a request that every generation of the gateway passes on.

v2 rebuilds each request and keeps `temperature`, `top_p`, `max_tokens`, `stop` and `reasoning_effort` alone; v1.x
and other servers pass these on as well. No other parameter is offered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal, get_args

import msgspec
from msgspec import Struct

Effort = Literal["low", "medium", "high"]
EFFORTS: tuple[Effort, ...] = get_args(Effort)
MAX_TEMPERATURE = 2.0
"""OpenAI's; v1.6 refuses more by itself. Anthropic takes 1, and is sent no more."""
MAX_MAX_TOKENS = 1_000_000
MAX_STOPS = 4
"""OpenAI takes no more."""
MAX_STOP_CHARACTERS = 40


class Sampling(Struct, frozen=True, omit_defaults=True):
    """What is not set is left to the provider."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    """Of an answer, thoughts included."""
    stop: tuple[str, ...] = ()
    """Texts before which an answer ends."""
    reasoning_effort: Effort | None = None

    def with_value(self, name: str, text: str) -> Sampling:
        """With one parameter as a person writes it; without it where `text` is empty. Raises ValueError."""
        value = READERS[name](text) if text else None
        return msgspec.structs.replace(self, **{name: () if name == "stop" and value is None else value})

    def shown(self) -> dict[str, str]:
        """What is set, as people write it."""
        shown = {name: getattr(self, name) for name in READERS}
        texts = {name: " ".join(value) if isinstance(value, tuple) else value for name, value in shown.items()}
        return {
            name: f"{text:g}" if isinstance(text, float) else str(text)
            for name, text in texts.items()
            if text or text == 0
        }


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(value).replace("\n", "\\n")
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        number = float(text.strip().replace(",", "."))
        if not (math.isfinite(number) and 0 <= number <= most):
            raise ValueError(text)
        return number

    return read


def _max_tokens(text: str) -> int:
    number = int(text.strip())
    if not 1 <= number <= MAX_MAX_TOKENS:
        raise ValueError(text)
    return number


def _stop(text: str) -> tuple[str, ...]:
    """Words with blanks between them; ``\\n`` stands for a new line."""
    words = tuple(dict.fromkeys(word.replace("\\n", "\n") for word in text.split()))
    if not 1 <= len(words) <= MAX_STOPS or any(len(word) > MAX_STOP_CHARACTERS for word in words):
        raise ValueError(text)
    return words


def _effort(text: str) -> Effort:
    for effort in EFFORTS:
        if text.strip().lower() == effort:
            return effort
    raise ValueError(text)


READERS: Mapping[str, Callable[[str], object]] = {
    "temperature": _number(MAX_TEMPERATURE),
    "top_p": _number(1.0),
    "max_tokens": _max_tokens,
    "stop": _stop,
    "reasoning_effort": _effort,
}
"""Every parameter, and how its text is read."""
UNSET = Sampling()
