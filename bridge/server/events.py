"""What a provider's answer yields, in any dialect: the bridge's events, and what a gateway needs beside them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from bridge.events import Picture, ReasoningDelta, Source, TextDelta, ToolCallDelta

StopReason = Literal["stop", "length", "tools", "filtered"]


class TokenCounts(Struct, frozen=True, gc=False):
    """Tokens as the provider counts them. `prompt` includes what was read from or written to its cache."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    cache_written: int = 0
    reasoning: int = 0
    """Part of `completion`."""


class Started(Struct, frozen=True, gc=False):
    """The answer begins. `id` and `model` are the provider's own; empty where it names none."""

    id: str = ""
    model: str = ""


class ThoughtSigned(Struct, frozen=True, gc=False):
    """The signature under the thought that has just been written."""

    signature: str


class ThoughtRedacted(Struct, frozen=True, gc=False):
    """A thought that only its provider can read."""

    data: str


class Counted(Struct, frozen=True, gc=False):
    """The usage so far; a later one replaces it."""

    usage: TokenCounts


class Stopped(Struct, frozen=True, gc=False):
    """The model has stopped; an answer without it was cut off."""

    reason: StopReason
    sequence: str = ""
    """The stop sequence that was met, where the provider says which."""


Event = (
    Started
    | TextDelta
    | ReasoningDelta
    | ThoughtSigned
    | ThoughtRedacted
    | ToolCallDelta
    | Picture
    | Source
    | Counted
    | Stopped
)
