"""How long a model may answer and how much it may think, where the messages dialect wants that said.

Known by the model's name until its gateway's list, or the model itself, says otherwise.
"""

from __future__ import annotations

import re
from typing import Any

MAX_ANSWER_TOKENS = 64_000
"""What is asked for at most: no answer in a chat is as long, and some providers reserve what it would cost."""
UNKNOWN_MODEL_TOKENS = 16_000
"""For a model of whose limit nothing is known: one that takes less says so, and it is learned."""
MAX_UNSTREAMED_TOKENS = 21_333
"""Anthropic's own clients, which v1.7 to v1.9 ask with, refuse to wait for more in one piece: it could take more than
ten minutes (https://github.com/anthropics/anthropic-sdk-typescript#long-requests)."""
_LIMITS = (
    (re.compile(r"claude-(?:3-(?:opus|sonnet|haiku)|(?:opus|sonnet|haiku)-3(?![.-]?\d))"), 4096),
    (re.compile(r"claude-3[.-]5"), 8192),
    (re.compile(r"claude-opus-4(?:[.-][01](?!\d)|[@.-]\d{8}|$|[^\d.-])"), 32_000),
    (re.compile(r"claude"), 64_000),  # and more, from Opus 4.6 on
)
"""https://platform.claude.com/docs/en/about-claude/models/overview"""

_BUDGETED = re.compile(r"claude-(?:3|(?:opus|sonnet|haiku)-(?:3|4(?:[.-][015](?!\d)|[@.-]\d{8}|$|[^\d.-])))")
"""Models that think within a budget of tokens; those after them choose it by themselves, from an effort in words
(https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking)."""
BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 24_576, "xhigh": 32_768, "max": 65_536}
"""Tokens by effort. Gemini's compatible endpoint takes 1,024, 8,192 and 24,576 for low, medium and high."""
MIN_BUDGET = 1024
"""The least that Anthropic takes."""


def known_max_tokens(model: str) -> int:
    """The most tokens to ask `model` for."""
    name = model.lower()
    return next((limit for pattern, limit in _LIMITS if pattern.search(name)), UNKNOWN_MODEL_TOKENS)


def thinks_within_budget(model: str) -> bool:
    """Whether the amount of thinking is set in tokens. It is for every model that is not Anthropic's: the servers that
    speak its dialect take its older form ("Only 'enabled' and 'disabled' are supported", says Qwen's)."""
    name = model.lower()
    return "claude" not in name or bool(_BUDGETED.search(name))


def budget_within(budget: int, max_tokens: int) -> int:
    """The budget, at least `MIN_BUDGET` and less than `max_tokens`; 0 where that leaves none."""
    budget = max(MIN_BUDGET, min(budget, max_tokens - MIN_BUDGET))
    return budget if budget < max_tokens else 0


def thinking_fields(effort: str, max_tokens: int, *, adaptive: bool) -> dict[str, Any]:
    """The fields that make a model think so hard; none where its answer is too short for that."""
    if adaptive:
        # Newer models leave out what they thought, unless they are asked for a summary.
        return {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": effort}}
    budget = budget_within(BUDGETS[effort], max_tokens)
    return {"thinking": {"type": "enabled", "budget_tokens": budget}} if budget else {}
