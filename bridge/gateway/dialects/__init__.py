"""The two ways of asking for a completion, and the frames they answer with, as one kind of `Frame`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

from bridge.gateway.dialects.chat import PATH as CHAT_PATH
from bridge.gateway.dialects.chat import chat_body, chat_frame, chat_parameters, chat_plain
from bridge.gateway.dialects.fields import FinishReason, as_count, as_dict, as_finish_reason, as_list, as_text
from bridge.gateway.dialects.frame import Extra, Frame, Plain
from bridge.gateway.dialects.messages import (
    MAX_OUTPUT_TOKENS,
    messages_body,
    messages_frame,
    messages_parameters,
    messages_plain,
)
from bridge.gateway.dialects.messages import PATH as MESSAGES_PATH
from bridge.gateway.dialects.parts import decode_base64, read_content, read_picture
from bridge.gateway.dialects.sources import read_annotations, read_citation, read_sources
from bridge.gateway.dialects.tools import chat_tools, holds_tools, messages_tools, read_tool_calls, without_tools
from bridge.gateway.pictures import NO_PICTURES, LoadedPictures, holds_pictures, sendable
from bridge.gateway.quirks import Quirks, adapted, within_max_tokens
from bridge.sampling import UNSET, Sampling
from bridge.types import ChatMessage, ModelId, ToolSpec

__all__ = [
    "FRAMES",
    "MAX_OUTPUT_TOKENS",
    "PLAIN",
    "Dialect",
    "Extra",
    "FinishReason",
    "Frame",
    "Plain",
    "as_count",
    "as_dict",
    "as_finish_reason",
    "as_list",
    "as_text",
    "chat_plain",
    "decode_base64",
    "messages_plain",
    "read_annotations",
    "read_citation",
    "read_content",
    "read_picture",
    "read_sources",
    "read_tool_calls",
    "request",
]

Dialect = Literal["chat", "messages"]
"""``chat``: /v1/chat/completions, as OpenAI speaks. ``messages``: /v1/messages, as Anthropic does."""

FRAMES: dict[Dialect, Callable[[dict[str, Any]], Frame]] = {"chat": chat_frame, "messages": messages_frame}
"""Reads any event of a dialect, whatever shape it has."""

PLAIN: dict[Dialect, Callable[[bytes], Plain | None]] = {"chat": chat_plain, "messages": messages_plain}
"""Reads the events that hold nothing but content or reasoning; returns None for the others."""


def request(
    dialect: Dialect,
    model: ModelId,
    messages: Sequence[ChatMessage],
    quirks: Quirks = frozenset(),
    sampling: Sampling = UNSET,
    pictures: LoadedPictures = NO_PICTURES,
    tools: Sequence[ToolSpec] = (),
) -> tuple[str, bytes]:
    """The path to post to, and the body. Messages without content are left out: no dialect takes them.

    `quirks` says what to do without, of what `sampling` asks for as well. A picture that is not among `pictures`
    becomes a note. Calls and results are left out where no `tools` are offered: providers refuse them. Raises
    ValueError where no message holds anything.
    """
    if "no_tools" in quirks:
        tools = ()
    told = sendable(
        messages if tools else without_tools(messages), NO_PICTURES if "no_pictures" in quirks else pictures
    )
    talk = adapted([each for each in told if each.text.strip() or holds_pictures(each) or holds_tools(each)], quirks)
    if dialect == "messages":
        path, body = MESSAGES_PATH, messages_body(model, talk, pictures)
        most, parameters = sampling.max_tokens or MAX_OUTPUT_TOKENS, messages_parameters(sampling)
    else:
        path, body = CHAT_PATH, chat_body(model, talk, pictures)
        most, parameters = sampling.max_tokens or 0, chat_parameters(sampling)
    if tools:
        body["tools"] = messages_tools(tools) if dialect == "messages" else chat_tools(tools)
    body |= {name: value for name, (field, value) in parameters.items() if f"no_{field}" not in quirks}
    if most:
        renamed = dialect == "chat" and "max_completion_tokens" in quirks
        body["max_completion_tokens" if renamed else "max_tokens"] = within_max_tokens(quirks, most)
    if "no_streaming" in quirks:
        body["stream"] = False
    if quirks & {"no_streaming", "no_stream_options"}:
        body.pop("stream_options", None)
    if not body["messages"]:
        raise ValueError("no message holds text")
    # UTF-8 as it is: escapes would double the size of Chinese, and v1.6 takes 100 kB. A lone surrogate, which
    # UTF-8 cannot hold, becomes a question mark.
    return path, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
