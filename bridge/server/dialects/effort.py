"""How much a model may think: OpenAI's dialects say it in words, Anthropic's older models in tokens."""

from __future__ import annotations

from bridge.gateway.dialects import BUDGETS, budget_within
from bridge.server.request import Reasoning


def effort_of(reasoning: Reasoning | None) -> str:
    """The effort in words; empty where nothing was said, or where the model shall not think: to say that is an error
    for every model that cannot."""
    if reasoning is None or not reasoning.enabled:
        return ""
    if reasoning.effort or not reasoning.budget:
        return "high" if reasoning.effort == "max" else reasoning.effort
    return next((name for name in ("low", "medium", "high") if reasoning.budget <= BUDGETS[name]), "high")


def budget_of(reasoning: Reasoning, max_tokens: int) -> int:
    """The budget in tokens, as `budget_within` has it."""
    return budget_within(reasoning.budget or BUDGETS.get(reasoning.effort, BUDGETS["medium"]), max_tokens)
