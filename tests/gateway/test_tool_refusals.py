"""Which errors mean that a model calls no tools, and how calls and results are sent in either dialect."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.gateway.dialects import Dialect, request
from bridge.gateway.error_body import ErrorBody
from bridge.gateway.quirks import refuses_tools
from bridge.types import ChatMessage, ModelId, Text, ToolCall, ToolResult, ToolSpec

REFUSALS = [
    (400, "registry.ollama.ai/library/gemma:2b does not support tools"),
    (404, "No endpoints found that support tool use. To learn more about provider routing, visit: ..."),
    (400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
    (500, "tools param requires --jinja flag"),
    (400, "Function calling is not enabled for models/gemma-3-27b-it"),
    (400, "`tools` is not supported with this model"),
    (400, "Unrecognized request argument supplied: tools"),
    (422, "body.tools: Extra inputs are not permitted"),
    (400, "该模型不支持工具调用"),
]
OTHERS = [
    (401, "Incorrect API key provided"),
    (429, "Rate limit reached; tools are not available until 18:00"),
    (400, "This model's maximum context length is 8192 tokens, including tools"),
    (400, "Invalid schema for function 'book': in context=(), object schema missing properties"),
    (500, "The server had an error while processing your request"),
]


@pytest.mark.parametrize(("status", "message"), REFUSALS)
def test_a_refusal_of_tools_is_known(status: int, message: str) -> None:
    assert refuses_tools(ErrorBody(status, message=message))


@pytest.mark.parametrize(("status", "message"), OTHERS)
def test_other_errors_are_none(status: int, message: str) -> None:
    assert not refuses_tools(ErrorBody(status, message=message))


TOOLS = [ToolSpec("book", "Book a table.", {"type": "object", "properties": {}})]
MESSAGES = [
    ChatMessage.user("Book."),
    ChatMessage("assistant", (Text("One moment."), ToolCall("c1", "book", '{"n": 2}'), ToolCall("c2", "book", "oops"))),
    ChatMessage("tool", (ToolResult("c1", "Booked."), ToolResult("c2", "Failed.", failed=True))),
]


def sent(dialect: Dialect, *, tools: bool = True, quirks: frozenset[str] = frozenset()) -> dict[str, Any]:
    _, body = request(dialect, ModelId("a", "b"), MESSAGES, quirks, tools=TOOLS if tools else ())
    found: dict[str, Any] = json.loads(body)
    return found


def test_the_chat_dialect_has_a_message_for_each_result() -> None:
    body = sent("chat")
    assert body["tools"][0]["function"]["name"] == "book"
    asked, *given = body["messages"][1:]
    assert asked["content"] == "One moment." and [call["id"] for call in asked["tool_calls"]] == ["c1", "c2"]
    assert [(each["role"], each["tool_call_id"], each["content"]) for each in given] == [
        ("tool", "c1", "Booked."),
        ("tool", "c2", "Failed."),
    ]


def test_the_messages_dialect_has_blocks_of_one_person() -> None:
    body = sent("messages")
    assert body["tools"][0]["input_schema"]["type"] == "object"
    asked, given = body["messages"][1:]
    assert [block["type"] for block in asked["content"]] == ["text", "tool_use", "tool_use"]
    assert [block["input"] for block in asked["content"][1:]] == [{"n": 2}, {}], "what is no JSON is no object"
    assert given["role"] == "user" and given["content"][1]["is_error"] is True


@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_without_tools_nothing_of_them_is_sent(dialect: Dialect) -> None:
    for body in (sent(dialect, tools=False), sent(dialect, quirks=frozenset({"no_tools"}))):
        assert "tools" not in body and "book" not in json.dumps(body)
        assert [message["role"] for message in body["messages"]] == ["user", "assistant"]
