"""What a model thought, kept by a client and sent back: with its seal, where its provider demands it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.server.answers import Answer
from tests.server.harness import ServerRig, open_rig

HELLO: list[Any] = [{"role": "user", "content": "What is the weather?"}]
CALL = ("call_1", "get_weather", "{}")
FUNCTION = {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}
THOUGHTFUL = Answer("", reasoning="I need the weather.", signature="sig-from-anthropic", call=CALL)


async def last_assistant(gateway: ServerRig) -> list[dict[str, Any]]:
    messages = gateway.providers["messages"].last.body["messages"]
    content: list[dict[str, Any]] = messages[1]["content"]
    return content


@pytest.mark.parametrize("streamed", [False, True])
async def test_from_chat(gateway: ServerRig, streamed: bool) -> None:
    """`reasoning_details` come with the answer; a client that keeps them sends them back."""
    gateway.providers["messages"].answer = THOUGHTFUL
    asked: dict[str, Any] = {
        "model": "messages:claude-sonnet-4-5",
        "messages": HELLO,
        "tools": [{"type": "function", "function": FUNCTION}],
        "reasoning_effort": "medium",
        "max_tokens": 20_000,
    }
    if streamed:
        details: list[Any] = []
        async for chunk in await gateway.openai.chat.completions.create(**asked, stream=True):
            details += getattr(chunk.choices[0].delta, "reasoning_details", None) or []
    else:
        answer = await gateway.openai.chat.completions.create(**asked)
        details = answer.choices[0].message.reasoning_details
    assert gateway.providers["messages"].last.body["thinking"] == {"type": "enabled", "budget_tokens": 8192}
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    asked["messages"] = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_details": details},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
    ]
    await gateway.openai.chat.completions.create(**asked)
    thinking, use = await last_assistant(gateway)
    assert thinking == {"type": "thinking", "thinking": "I need the weather.", "signature": "sig-from-anthropic"}
    assert use["type"] == "tool_use"
    assert "thinking" in gateway.providers["messages"].last.body


async def test_a_client_that_forgets_gets_an_answer_without_thought(gateway: ServerRig) -> None:
    """The provider would refuse a tool's result without the thought before it."""
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    messages = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "I need the weather."},
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
    ]
    asked: dict[str, Any] = {"messages": messages, "reasoning_effort": "high", "max_tokens": 9000}
    await gateway.openai.chat.completions.create(model="messages:claude-sonnet-4-5", **asked)
    assert "thinking" not in gateway.providers["messages"].last.body
    assert [block["type"] for block in await last_assistant(gateway)] == ["tool_use"]
    await gateway.openai.chat.completions.create(model="messages:claude-opus-5", **asked)
    body = gateway.providers["messages"].last.body
    assert (body["thinking"], body["output_config"]) == ({"type": "adaptive"}, {"effort": "high"})


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("provider", ["messages", "responses"])
async def test_from_responses(gateway: ServerRig, provider: str, streamed: bool) -> None:
    """`encrypted_content` holds either provider's seal, and goes back to where it came from."""
    gateway.providers[provider].answer = THOUGHTFUL
    asked: dict[str, Any] = {"model": f"{provider}:m1", "input": "What is the weather?"}
    if streamed:
        async with gateway.openai.responses.stream(**asked) as stream:
            answer: Any = await stream.get_final_response()
    else:
        answer = await gateway.openai.responses.create(**asked)
    said: list[Any] = [{"role": "user", "content": "What is the weather?"}]
    said += [item.model_dump(exclude_none=True) for item in answer.output]
    said.append({"type": "function_call_output", "call_id": "call_1", "output": "sunny"})
    await gateway.openai.responses.create(model=f"{provider}:m1", input=said)
    body = gateway.providers[provider].last.body
    if provider == "messages":
        assert body["messages"][1]["content"][0]["signature"] == "sig-from-anthropic"
    else:
        assert body["input"][1]["encrypted_content"] == "sig-from-anthropic"


async def test_anothers_seal_is_not_sent(gateway: ServerRig) -> None:
    """A conversation that goes on with another model: what it cannot check is left out."""
    gateway.providers["responses"].answer = THOUGHTFUL
    answer = await gateway.anthropic.messages.create(model="responses:m1", max_tokens=999, messages=HELLO)
    blocks = [block.model_dump(exclude_none=True) for block in answer.content]
    assert blocks[0]["signature"] == "rs_1:sig-from-anthropic"
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "sunny"}
    talk: list[Any] = [*HELLO, {"role": "assistant", "content": blocks}, {"role": "user", "content": [result]}]
    await gateway.anthropic.messages.create(model="responses:m1", max_tokens=999, messages=talk)
    assert gateway.providers["responses"].last.body["input"][1]["encrypted_content"] == "sig-from-anthropic"
    details = [{"type": "reasoning.text", "text": "Hm.", "signature": "rs_1:sealed"}]
    said: Any = {"role": "assistant", "content": "Well", "reasoning_details": details}
    await gateway.openai.chat.completions.create(model="messages:m1", messages=[*HELLO, said, *HELLO])
    assert [block["type"] for block in await last_assistant(gateway)] == ["text"]


async def test_a_hidden_thought_goes_both_ways(gateway: ServerRig) -> None:
    redacted = {"type": "redacted_thinking", "data": "secret"}
    talk: list[Any] = [*HELLO, {"role": "assistant", "content": [redacted, {"type": "text", "text": "a"}]}, *HELLO]
    await gateway.anthropic.messages.create(model="messages:m1", max_tokens=9, messages=talk)
    assert (await last_assistant(gateway))[0] == redacted
    item = {"type": "reasoning", "id": "rs_x", "summary": [], "encrypted_content": "redacted:secret"}
    said = [
        {"role": "user", "content": "a"},
        item,
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    await gateway.openai.responses.create(model="messages:m1", input=said)  # type: ignore[arg-type] # as it was sent
    assert (await last_assistant(gateway))[0] == redacted


async def test_history_for_providers_that_want_it(tmp_path: Path) -> None:
    async with open_rig(tmp_path, each="reasoning_history = true") as gateway:
        said: Any = {"role": "assistant", "content": "Well", "reasoning_content": "Hm."}
        talk: list[Any] = [
            {"role": "user", "content": "a"},
            {
                "role": "assistant",
                "content": [{"type": "thinking", "thinking": "Hm.", "signature": ""}, {"type": "text", "text": "Well"}],
            },
            *HELLO,
        ]
        await gateway.anthropic.messages.create(model="chat:m1", max_tokens=9, messages=talk)
        assert gateway.providers["chat"].last.body["messages"][1] == said
