"""The two ways of asking for a completion, and the frames they answer with, as one kind of `Frame`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

from bridge.gateway.dialects.chat import PATH as CHAT_PATH
from bridge.gateway.dialects.chat import chat_body, chat_frame, chat_parameters, chat_plain
from bridge.gateway.dialects.fields import FinishReason, as_count, as_dict, as_finish_reason, as_list, as_text
from bridge.gateway.dialects.frame import Extra, Frame, Plain, ThoughtPart
from bridge.gateway.dialects.messages import PATH as MESSAGES_PATH
from bridge.gateway.dialects.messages import messages_body, messages_frame, messages_parameters, messages_plain
from bridge.gateway.dialects.parts import decode_base64, read_content, read_picture
from bridge.gateway.dialects.sources import read_annotations, read_citation, read_sources
from bridge.gateway.dialects.thinking import (
    BUDGETS,
    MAX_ANSWER_TOKENS,
    MAX_UNSTREAMED_TOKENS,
    budget_within,
    known_max_tokens,
    thinking_fields,
    thinks_within_budget,
)
from bridge.gateway.dialects.tools import (
    chat_tools,
    holds_tools,
    lacks_thoughts,
    messages_tools,
    own_thoughts,
    read_tool_calls,
    without_tools,
)
from bridge.gateway.pictures import NO_PICTURES, LoadedPictures, holds_pictures, sendable
from bridge.gateway.quirks import NO_THOUGHTS, Quirks, adapted, within_max_tokens
from bridge.sampling import UNSET, Sampling
from bridge.types import ChatMessage, ModelId, ToolSpec

__all__ = [
    "BUDGETS",
    "FRAMES",
    "PLAIN",
    "Dialect",
    "Extra",
    "FinishReason",
    "Frame",
    "Plain",
    "ThoughtPart",
    "as_count",
    "as_dict",
    "as_finish_reason",
    "as_list",
    "as_text",
    "budget_within",
    "chat_plain",
    "decode_base64",
    "max_tokens_to_ask",
    "messages_plain",
    "read_annotations",
    "read_citation",
    "read_content",
    "read_picture",
    "read_sources",
    "read_tool_calls",
    "request",
    "thinks_adaptively",
    "thinks_within_budget",
]

Dialect = Literal["chat", "messages"]
"""``chat``: /v1/chat/completions, as OpenAI speaks. ``messages``: /v1/messages, as Anthropic does."""

FRAMES: dict[Dialect, Callable[[dict[str, Any]], Frame]] = {"chat": chat_frame, "messages": messages_frame}
"""Reads any event of a dialect, whatever shape it has."""

PLAIN: dict[Dialect, Callable[[bytes], Plain | None]] = {"chat": chat_plain, "messages": messages_plain}
"""Reads the events that hold nothing but content or reasoning; returns None for the others."""


def max_tokens_to_ask(
    dialect: Dialect, model: ModelId, quirks: Quirks = frozenset(), sampling: Sampling = UNSET, listed: int = 0
) -> int:
    """How long an answer may be, in tokens: as `sampling` has it; else, where the dialect wants a number, as the model
    takes it, which the gateway's list may say (`listed`). 0 where nothing has to be said."""
    most = sampling.max_tokens or 0
    if dialect == "messages":
        most = most or min(listed or known_max_tokens(model.model), MAX_ANSWER_TOKENS)
        most = min(most, MAX_UNSTREAMED_TOKENS) if "no_streaming" in quirks else most
    return within_max_tokens(quirks, most) if most else 0


def request(
    dialect: Dialect,
    model: ModelId,
    messages: Sequence[ChatMessage],
    quirks: Quirks = frozenset(),
    sampling: Sampling = UNSET,
    pictures: LoadedPictures = NO_PICTURES,
    tools: Sequence[ToolSpec] = (),
    listed_max_tokens: int = 0,
) -> tuple[str, bytes]:
    """The path to post to, and the body. Messages without content are left out: no dialect takes them.

    `quirks` says what to do without, of what `sampling` asks for as well. A picture that is not among `pictures`
    becomes a note. Calls and results are left out where no `tools` are offered: providers refuse them. What other
    models thought is left out. Raises ValueError where no message holds anything.
    """
    if "no_tools" in quirks:
        tools = ()
    told = sendable(
        messages if tools else without_tools(messages), NO_PICTURES if "no_pictures" in quirks else pictures
    )
    told = own_thoughts(told, "" if NO_THOUGHTS in quirks else str(model))
    talk = adapted([each for each in told if each.text.strip() or holds_pictures(each) or holds_tools(each)], quirks)
    most = max_tokens_to_ask(dialect, model, quirks, sampling, listed_max_tokens)
    if dialect == "messages":
        path, body = MESSAGES_PATH, messages_body(model, talk, pictures)
        thinking = _thinking(model, talk, quirks, sampling, most)
        body |= thinking
        parameters = messages_parameters(sampling, thinks=bool(thinking))
    else:
        path, body = CHAT_PATH, chat_body(model, talk, pictures, with_thoughts="sends_thoughts" in quirks)
        parameters = chat_parameters(sampling)
    if tools:
        body["tools"] = messages_tools(tools) if dialect == "messages" else chat_tools(tools)
    body |= {name: value for name, (field, value) in parameters.items() if f"no_{field}" not in quirks}
    if most:
        renamed = dialect == "chat" and "max_completion_tokens" in quirks
        body["max_completion_tokens" if renamed else "max_tokens"] = most
    if "no_streaming" in quirks:
        body["stream"] = False
    if quirks & {"no_streaming", "no_stream_options"}:
        body.pop("stream_options", None)
    if not body["messages"]:
        raise ValueError("no message holds text")
    # UTF-8 as it is: escapes would double the size of Chinese, and v1.6 takes 100 kB. A lone surrogate, which
    # UTF-8 cannot hold, becomes a question mark.
    return path, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _thinking(
    model: ModelId, talk: Sequence[ChatMessage], quirks: Quirks, sampling: Sampling, most: int
) -> dict[str, Any]:
    if sampling.reasoning_effort is None or quirks & {"no_reasoning_effort", NO_THOUGHTS}:
        return {}
    adaptive = thinks_adaptively(model, quirks)
    if not adaptive and lacks_thoughts(talk):
        return {}
    return thinking_fields(sampling.reasoning_effort, most, adaptive=adaptive)


def thinks_adaptively(model: ModelId, quirks: Quirks) -> bool:
    """Whether the effort of `model` is set in words and not in tokens."""
    if quirks & {"adaptive_thinking", "budgeted_thinking"}:
        return "adaptive_thinking" in quirks
    return not thinks_within_budget(model.model)
