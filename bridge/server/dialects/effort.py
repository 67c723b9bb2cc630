"""How much a model may think: OpenAI's dialects say it in words, Anthropic's older models in tokens."""

from __future__ import annotations

from bridge.server.request import Reasoning

_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 8192, "high": 24_576, "xhigh": 32_768, "max": 65_536}
"""Tokens by effort. Gemini's compatible endpoint takes 1,024, 8,192 and 24,576 for low, medium and high."""

MIN_BUDGET = 1024
"""The least that Anthropic takes."""


def effort_of(reasoning: Reasoning | None) -> str:
    """The effort in words; empty where nothing was said, or where the model shall not think: to say that is an error
    for every model that cannot."""
    if reasoning is None or not reasoning.enabled:
        return ""
    if reasoning.effort or not reasoning.budget:
        return "high" if reasoning.effort == "max" else reasoning.effort
    return next((name for name in ("low", "medium", "high") if reasoning.budget <= _BUDGETS[name]), "high")


def budget_of(reasoning: Reasoning, max_tokens: int) -> int:
    """The budget in tokens, at least `MIN_BUDGET` and less than `max_tokens`; 0 where that leaves none."""
    budget = reasoning.budget or _BUDGETS.get(reasoning.effort, _BUDGETS["medium"])
    budget = max(MIN_BUDGET, min(budget, max_tokens - MIN_BUDGET))
    return budget if budget < max_tokens else 0
