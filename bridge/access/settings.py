"""The settings of chats: each is one short text in the store, read here and nowhere else.

A chat that has not set something follows what was set for all chats, and where that is silent too, the defaults below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, Self

from bridge.access.quota import Limit
from bridge.store import HISTORY_SECONDS
from bridge.types import Fallbacks, ModelId

OFF = "off"
"""Says that there is none, where all chats have one."""
MAX_SYSTEM_LENGTH = 4000
MAX_PATTERNS = 50
MAX_PATTERN_LENGTH = 120
MAX_DAYS = 365
MAX_STARS = 6
"""In one pattern: more make matching slow."""
EVERYWHERE = "*"
"""In place of a chat's name: all chats that have not set their own."""

Answering = Literal["mention", "all"]
Remembering = Literal["shared", "per-person"]
Choosing = Literal["everyone", "admins"]
Switch = Literal["off", "on"]
Overhearing = Literal["off", "members", "everyone"]
Remainder = Literal["drop", "summarise"]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Which models may be used: `allow` nothing means all; what `deny` matches may not, whatever `allow` says.

    A pattern means a model at every gateway, unless it names one itself: ``*@work``.
    """

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` gives, such as ``+openai:* -*:free``. Raises ValueError."""
        words = text.split()
        for word in words:
            if word[:1] not in ("+", "-") or not _is_pattern(word[1:]):
                raise ValueError(word)
        if len(words) > MAX_PATTERNS:
            raise ValueError(words[-1])
        kept = list(dict.fromkeys(words))
        return cls(
            tuple(word[1:] for word in kept if word[0] == "+"), tuple(word[1:] for word in kept if word[0] == "-")
        )

    def __str__(self) -> str:
        return " ".join([*(f"+{each}" for each in self.allow), *(f"-{each}" for each in self.deny)])

    def permit(self, model: ModelId) -> bool:
        names = {str(model).casefold(), str(model.split_gateway()[0]).casefold()}
        if any(_matches(name, pattern) for pattern in self.deny for name in names):
            return False
        return not self.allow or any(_matches(name, pattern) for pattern in self.allow for name in names)


@dataclass(frozen=True, slots=True)
class Days:
    """A number of days, from 1 to `MAX_DAYS`."""

    count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``30``, ``30d`` or ``30 days``. Raises ValueError."""
        found = re.fullmatch(r"(\d{1,4})\s*(?:d|days?|天)?", text.strip().lower())
        if found is None or not 1 <= int(found[1]) <= MAX_DAYS:
            raise ValueError(text)
        return cls(int(found[1]))

    def __str__(self) -> str:
        return "1 day" if self.count == 1 else f"{self.count} days"

    @property
    def seconds(self) -> int:
        return self.count * 86400


@dataclass(frozen=True, slots=True)
class ChatSettings:
    answer: Answering = "mention"
    """Whether a group's messages are answered when they are meant for us, or all of them."""
    history: Remembering = "shared"
    """Whether a group has one conversation, or everybody in it their own."""
    choose: Choosing = "everyone"
    """Who may change the model and the system prompt."""
    later: Switch = "off"
    """Whether what is sent while the gateway is away waits, where nobody has chosen."""
    tools: Switch = "off"
    """Whether models are offered tools, where nobody has chosen."""
    knowledge: Choosing = "admins"
    """Who may pick knowledge bases of the gateway."""
    limit: Limit | None = None
    model: ModelId | None = None
    """The model of people who have not chosen one."""
    fallback: Fallbacks | None = None
    """The models that answer in place of that one, where it does not."""
    system: str = ""
    """The system prompt where none has been set."""
    models: Patterns = Patterns()
    memory: Remainder = "drop"
    """What becomes of the beginning of a conversation that no longer fits."""
    titles: Switch = "on"
    """Whether the model gives conversations their titles."""
    overhear: Overhearing = "off"
    """Whose words in a group are kept for a few hours, so that `/sum` can answer them."""
    keep: Days | None = None
    """How long a conversation is kept after its last use, where an owner has set that."""

    @property
    def keep_seconds(self) -> int:
        """How long a conversation is kept after its last use."""
        return self.keep.seconds if self.keep else HISTORY_SECONDS

    def should_wait(self, chosen: str) -> bool:
        """Whether a question waits for a gateway that is away, where people have `chosen` so, or nothing."""
        return (chosen or self.later) == "on"

    @classmethod
    def read(cls, texts: Mapping[str, str]) -> ChatSettings:
        """From the settings' texts by name; one that cannot be read counts as not set, but for `models`."""
        return cls(**{name: value for name, text in texts.items() if (value := _read(name, text)) is not None})  # type: ignore[arg-type]


def canonical(name: str, text: str) -> str:
    """The text to keep for a setting that somebody wrote. Raises ValueError where it means nothing."""
    value = SETTINGS[name](text)
    return OFF if value is None else str(value)


def _one_of(*values: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        word = text.strip().lower()
        if word not in values:
            raise ValueError(word)
        return word

    return read


def _or_off(read: Callable[[str], object]) -> Callable[[str], object]:
    return lambda text: None if text.strip().lower() == OFF else read(text)


def _prompt(text: str) -> str:
    if not text.strip() or len(text) > MAX_SYSTEM_LENGTH:
        raise ValueError("system")
    return text.strip()


SETTINGS: Mapping[str, Callable[[str], object]] = {
    "answer": _one_of("mention", "all"),
    "history": _one_of("shared", "per-person"),
    "choose": _one_of("everyone", "admins"),
    "later": _one_of("off", "on"),
    "tools": _one_of("off", "on"),
    "knowledge": _one_of("admins", "everyone"),
    "limit": _or_off(Limit.parse),
    "model": _or_off(ModelId.parse),
    "fallback": Fallbacks.parse,
    "system": _or_off(_prompt),
    "models": _or_off(Patterns.parse),
    "memory": _one_of("drop", "summarise"),
    "titles": _one_of("off", "on"),
    "overhear": _one_of("off", "members", "everyone"),
    "keep": Days.parse,
}
"""Every setting, by name, and how its text is read."""
FOR_OWNERS = ("keep",)
"""Settings that only owners may change."""

_NOTHING = Patterns(deny=("*",))


def _read(name: str, text: str) -> object:
    try:
        value = SETTINGS[name](text)
    except ValueError:
        return _NOTHING if name == "models" else None  # closed, where it cannot be told what is open
    return value


def _is_pattern(text: str) -> bool:
    short = 0 < len(text) <= MAX_PATTERN_LENGTH and text.count("*") <= MAX_STARS
    # A bare word is mostly a slip, unless it looks like the id of a model without a provider: gpt-4o.
    return short and text.isprintable() and re.search(r"[:*/.\d-]", text) is not None


def _matches(name: str, pattern: str) -> bool:
    # Only the star is special: brackets and question marks occur in models' names.
    return fnmatchcase(name, re.sub(r"[\[?]", r"[\g<0>]", pattern.casefold()))
