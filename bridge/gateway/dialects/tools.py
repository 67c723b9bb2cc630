"""Tools, their calls and their results: in a request of either dialect, and in a chunk of the chat dialect."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from bridge.events import ToolCallDelta
from bridge.gateway.dialects.fields import as_dict, as_list, as_text
from bridge.types import ChatMessage, Text, Thought, ToolCall, ToolResult, ToolSpec


def holds_tools(message: ChatMessage) -> bool:
    return any(isinstance(part, ToolCall | ToolResult) for part in message.parts)


def without_tools(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The messages, without what was asked of tools and what they gave back."""
    kept = [part for each in messages for part in [_without_tools(each)] if part.parts]
    return [message for message in kept if message.role != "tool"]


def _without_tools(message: ChatMessage) -> ChatMessage:
    if not holds_tools(message):
        return message
    return ChatMessage(message.role, tuple(p for p in message.parts if not isinstance(p, ToolCall | ToolResult)))


def chat_tools(tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    return [
        {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.parameters}}
        for t in tools
    ]


def messages_tools(tools: Sequence[ToolSpec]) -> list[dict[str, Any]]:
    return [{"name": t.name, "description": t.description, "input_schema": t.parameters} for t in tools]


def own_thoughts(messages: Sequence[ChatMessage], model: str) -> list[ChatMessage]:
    """The messages, without what other models than `model` thought."""
    return [
        ChatMessage(each.role, tuple(p for p in each.parts if not isinstance(p, Thought) or p.model == model))
        if any(isinstance(part, Thought) for part in each.parts)
        else each
        for each in messages
    ]


def lacks_thoughts(messages: Sequence[ChatMessage]) -> bool:
    """Whether a tool's result comes last and the answer that called for it holds no thought: a model that thinks within
    a budget is refused then."""
    if not messages or messages[-1].role != "tool":
        return False
    called = next((each for each in reversed(messages) if each.role == "assistant"), None)
    return called is None or not any(isinstance(part, Thought) for part in called.parts)


def chat_tool_messages(message: ChatMessage, *, with_thoughts: bool = False) -> Iterator[dict[str, Any]]:
    """A message that holds calls or results, as the chat dialect has it: each result is a message of its own.

    v1.7 refuses null as the content of a message that only calls tools, so it is an empty string. `with_thoughts`: with
    what the model thought, which some demand and others refuse.
    """
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    if calls:
        made = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
            for call in calls
        ]
        thoughts = "".join(part.text for part in message.parts if isinstance(part, Thought))
        more = {"reasoning_content": thoughts} if with_thoughts else {}
        yield {"role": "assistant", "content": message.text, "tool_calls": made, **more}
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield {"role": "tool", "tool_call_id": part.call_id, "content": part.text}


def messages_tool_message(message: ChatMessage) -> dict[str, Any]:
    """The same as the messages dialect has it, where results are said by the person."""
    blocks: list[dict[str, Any]] = []
    for part in message.parts:
        match part:
            case Text(text) if text.strip():
                blocks.append({"type": "text", "text": text})
            case Thought(redacted=redacted) if redacted:
                blocks.append({"type": "redacted_thinking", "data": redacted})
            case Thought(text, signature):
                blocks.append({"type": "thinking", "thinking": text, "signature": signature})
            case ToolCall():
                taken = read_arguments(part.arguments)
                blocks.append({"type": "tool_use", "id": part.id, "name": part.name, "input": taken or {}})
            case ToolResult():
                failed = {"is_error": True} if part.failed else {}
                blocks.append({"type": "tool_result", "tool_use_id": part.call_id, "content": part.text, **failed})
    return {"role": "user" if message.role == "tool" else "assistant", "content": blocks}


def read_arguments(text: str) -> dict[str, Any] | None:
    """The arguments that a model wrote as JSON; None where they are no object. No arguments are an empty one."""
    try:
        taken = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        return None
    return taken if isinstance(taken, dict) else None


def read_tool_calls(delta: dict[str, Any]) -> Iterator[ToolCallDelta]:
    """The parts of calls in `delta`, of the older ``function_call`` too. Where no index is given, the place counts."""
    for place, call in enumerate(map(as_dict, as_list(delta.get("tool_calls")))):
        function, index = as_dict(call.get("function")), call.get("index")
        yield _call(index if isinstance(index, int) else place, as_text(call.get("id")), function)
    if function := as_dict(delta.get("function_call")):
        yield _call(0, "", function)


def _call(index: int, id: str, function: dict[str, Any]) -> ToolCallDelta:
    return ToolCallDelta(index, id, as_text(function.get("name")), as_text(function.get("arguments")))
