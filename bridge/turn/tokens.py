"""How many tokens a text has, without any model's vocabulary; and how much of a history fits with that.

The leading byte of each UTF-8 sequence tells the script of its character, and for each script it is known about how
many characters make a token. So counting bytes is enough: half a megabyte takes some 6 ms.

The weights follow the vendors' rules of thumb (OpenAI: 4 English characters or 0.75 words a token; DeepSeek: 0.3
tokens an English character, 0.6 a Chinese one) and lean towards vocabularies that know a script less well. English
prose comes out within about 20%, Chinese and Japanese up to 70% too high for models made for them, code within
about 30%. `Preferences.learn` corrects the rest, for each model, by what its answers report.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil

from bridge.store import Exchange
from bridge.types import ChatMessage, Image, Part, Text, Thought, ToolCall, ToolResult

PER_MESSAGE = 4
"""Tokens that a message costs beside its text: its role and its borders, in OpenAI's chat format."""
PER_NOTE = 10
"""Tokens of the note in place of a picture. The few pictures that go with a question have a bound of their own."""

_WEIGHTS: tuple[tuple[Iterable[int], float], ...] = (
    (range(0x21), 0.05),  # a space belongs to the word after it
    (b"\t\n\r", 0.5),
    (range(0x21, 0x7F), 0.7),  # punctuation; letters and digits follow
    (b"0123456789", 0.4),
    (b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 0.25),
    (range(0xC2, 0xCE), 0.9),  # Latin with accents: each splits its word
    (range(0xCE, 0xD0), 0.6),  # Greek
    (range(0xD0, 0xD4), 0.45),  # Cyrillic
    (range(0xD4, 0xE0), 0.6),  # Armenian, Hebrew, Arabic, Syriac, Thaana
    (range(0xE0, 0xE2), 0.8),  # the scripts of India and South-East Asia, Georgian; Vietnamese vowels
    (range(0xE2, 0xE3), 1.0),  # typographic punctuation, arrows, box drawing, mathematics
    (range(0xE3, 0xF0), 1.0),  # Chinese, Japanese, Korean, full-width forms
    (range(0xF0, 0xF5), 2.5),  # emoji, rare ideographs
)


def _classes() -> tuple[bytes, tuple[float, ...]]:
    """Return for each byte the number of its class, and the classes' weights; later lines go before earlier ones."""
    table = bytearray(256)
    for number, (members, _) in enumerate(_WEIGHTS, 1):
        for byte in members:
            table[byte] = number
    return bytes(table), (0.0, *(weight for _, weight in _WEIGHTS))  # class 0: what continues a character


_TABLE, _BY_CLASS = _classes()


def estimate(text: str) -> int:
    """Return about how many tokens `text` has. Never falls when text is added."""
    classes = text.encode("utf-8", "surrogatepass").translate(_TABLE)
    return ceil(sum(weight * classes.count(number) for number, weight in enumerate(_BY_CLASS) if weight))


def fit(history: Sequence[Exchange], budget: int, ratio: float = 1.0) -> list[Exchange]:
    """Return the newest turns, whole and without gaps, that fit in `budget` tokens; oldest first.

    `ratio` corrects the estimate for a model (`Preferences.ratio`).
    """
    left, first = float(budget), len(history)
    while first and (left := left - ratio * _cost(history[first - 1])) >= 0:
        first -= 1
    return list(history[first:])


def _cost(exchange: Exchange) -> int:
    return sum(map(estimate_message, (*exchange.question, *exchange.answer)))


def estimate_message(message: ChatMessage) -> int:
    """Return about how many tokens `message` costs in a request, with what tools were asked and what they gave back."""
    return PER_MESSAGE + sum(map(_estimate_part, message.parts))


def _estimate_part(part: Part) -> int:
    match part:
        case Text(text):
            return estimate(text)
        case ToolCall(name=name, arguments=arguments):
            return estimate(name + arguments)
        case ToolResult(text=text) | Thought(text=text):
            return estimate(text)
        case Image():
            return PER_NOTE
        case _:
            return 0
