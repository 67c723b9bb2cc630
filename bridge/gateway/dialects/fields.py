"""Reading fields of JSON that others wrote: what is missing, null or of the wrong kind counts as not said."""

from __future__ import annotations

from typing import Any, Literal

FinishReason = Literal["stop", "length", "filtered", "failed"]
"""Why a model stopped: at its end, at a limit of length, at a content filter, by a failure of the provider."""

_FINISH_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",  # Mistral
    "model_context_window_exceeded": "length",  # Anthropic
    "content_filter": "filtered",
    "refusal": "filtered",  # Anthropic
    "sensitive": "filtered",  # Zhipu
    "safety": "filtered",  # Gemini, this and the next three
    "prohibited_content": "filtered",
    "blocklist": "filtered",
    "recitation": "filtered",
    "error": "failed",  # OpenRouter
    "network_error": "failed",  # Zhipu
    "insufficient_system_resource": "failed",  # DeepSeek
}
"""By finish_reason or stop_reason, in lower case; every other one is a plain end."""


def as_finish_reason(value: Any) -> FinishReason | None:
    return _FINISH_REASONS.get(value.lower(), "stop") if isinstance(value, str) and value else None


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def as_count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


Parameters = dict[str, tuple[str, Any]]
"""Of a request, by the dialect's name: the name that `Sampling` has for each, and its value."""
