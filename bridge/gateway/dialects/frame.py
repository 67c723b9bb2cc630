"""What one event of a stream says, whichever dialect it is in."""

from __future__ import annotations

from typing import NamedTuple

from bridge.events import Picture, Source, ToolCallDelta, Unsupported
from bridge.gateway.dialects.fields import FinishReason
from bridge.gateway.error_body import ErrorBody
from bridge.types import Thought

Extra = Picture | Source | ToolCallDelta | Unsupported
"""What comes beside text and reasoning."""


class ThoughtPart(NamedTuple):
    """More about the thought that is being told: its signature, or that it is over."""

    signature: str = ""
    over: bool = False


class Frame(NamedTuple):
    """One event, decoded with care. The plain ones, one for every token, never become a Frame: see `Plain`."""

    content: str = ""
    reasoning: str = ""
    finish: FinishReason | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    error: ErrorBody | None = None
    done_seen: bool = False
    """The event says that the stream is over."""
    model: str = ""
    extras: tuple[Extra, ...] = ()
    thoughts: tuple[Thought | ThoughtPart, ...] = ()


Plain = tuple[str, str]
"""An event that holds nothing but content and reasoning, in this order."""
