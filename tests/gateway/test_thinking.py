"""What a model thinks in the messages dialect: told how hard, read with its signature, and given back with results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from bridge.events import Event, TextDelta
from bridge.gateway import Gateway
from bridge.gateway.dialects import Dialect, request
from bridge.gateway.parser import CompletionParser
from bridge.sampling import Sampling
from bridge.types import ChatMessage, ModelId, Text, Thought, ToolCall, ToolResult, ToolSpec
from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.emulators.gateway.messages import signature_of
from tests.gateway.seen import watched

OPUS = ModelId("anthropic", "claude-opus-4-1-20250805")
HARD = Sampling(reasoning_effort="high")
TOOLS = [ToolSpec("book", "Book a table.", {"type": "object", "properties": {}})]


def frames(*events: dict[str, Any]) -> bytes:
    """As Anthropic sends them: https://platform.claude.com/docs/en/build-with-claude/streaming."""
    return b"".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in events)


def delta(index: int, kind: str, **more: str) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **more}}


def start(index: int, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def stop(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


STREAM = (
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "content": [],
            "model": "claude-opus-4-1-20250805",
            "usage": {"input_tokens": 472, "output_tokens": 2},
        },
    },
    start(0, type="thinking", thinking="", signature=""),
    {"type": "ping"},
    delta(0, "thinking_delta", thinking="They want "),
    delta(0, "thinking_delta", thinking="a table. \ud83c"),
    delta(0, "thinking_delta", thinking="\udf7d"),
    delta(0, "signature_delta", signature="EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk"),
    stop(0),
    start(1, type="redacted_thinking", data="EmwKAhgBEgy3va3pzix"),
    stop(1),
    start(2, type="text", text=""),
    delta(2, "text_delta", text="One moment."),
    stop(2),
    start(3, type="thinking", thinking="", signature=""),
    delta(3, "signature_delta", signature="ZbbjBdjrk"),  # nothing of it is shown
    stop(3),
    start(4, type="tool_use", id="toolu_01T1x1fJ34", name="book", input={}),
    delta(4, "input_json_delta", partial_json=""),
    delta(4, "input_json_delta", partial_json='{"n": 2}'),
    stop(4),
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 89},
    },
    {"type": "message_stop"},
)
THOUGHTS = [
    Thought("They want a table. 🍽", "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk", model=str(OPUS)),
    Thought(redacted="EmwKAhgBEgy3va3pzix", model=str(OPUS)),
    Thought("", "ZbbjBdjrk", model=str(OPUS)),
]


def in_order(events: Sequence[Event]) -> list[Thought | TextDelta]:
    return [event for event in events if isinstance(event, Thought | TextDelta)]


@pytest.mark.parametrize("size", [1, 70, 1_000_000])
def test_thoughts_are_whole_and_in_their_place(size: int) -> None:
    parser, events, data = CompletionParser("messages", str(OPUS)), [], frames(*STREAM)
    for at in range(0, len(data), size):
        events += parser.feed(data[at : at + size])
    events += parser.end()
    said = in_order(events)
    assert [each for each in said if isinstance(each, Thought)] == THOUGHTS
    text = "".join("T" if isinstance(each, Thought) else each.text for each in said)
    assert text == "TTOne moment.T"


def test_an_answer_in_one_piece_keeps_them_too() -> None:
    content = [
        {"type": "thinking", "thinking": "Hm.", "signature": "s1"},
        {"type": "redacted_thinking", "data": "d1"},
        {"type": "tool_use", "id": "t1", "name": "book", "input": {}},
    ]
    body = {"type": "message", "role": "assistant", "content": content, "stop_reason": "tool_use"}
    events = CompletionParser("messages", "m").feed_body(json.dumps(body).encode())
    assert in_order(events) == [Thought("Hm.", "s1", model="m"), Thought(redacted="d1", model="m")]


def test_an_answer_of_thoughts_alone_is_empty() -> None:
    parser = CompletionParser("messages", "m")
    parser.feed(frames(STREAM[0], start(0, type="redacted_thinking", data="d"), stop(0)))
    assert not parser.has_extras and not parser.has_visible_text


CALLED = [
    ChatMessage.user("Book."),
    ChatMessage("assistant", (*THOUGHTS[:2], Text("One moment."), THOUGHTS[2], ToolCall("t1", "book", "{}"))),
    ChatMessage("tool", (ToolResult("t1", "Booked."),)),
]


def sent(
    model: ModelId,
    messages: Sequence[ChatMessage],
    sampling: Sampling = HARD,
    *,
    dialect: Dialect = "messages",
    quirks: frozenset[str] = frozenset(),
    listed: int = 0,
) -> dict[str, Any]:
    _, body = request(dialect, model, messages, quirks, sampling, tools=TOOLS, listed_max_tokens=listed)
    found: dict[str, Any] = json.loads(body)
    return found


def test_they_go_back_as_they_came() -> None:
    body = sent(OPUS, CALLED)
    assert body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": THOUGHTS[0].text, "signature": THOUGHTS[0].signature},
        {"type": "redacted_thinking", "data": THOUGHTS[1].redacted},
        {"type": "text", "text": "One moment."},
        {"type": "thinking", "thinking": "", "signature": "ZbbjBdjrk"},
        {"type": "tool_use", "id": "t1", "name": "book", "input": {}},
    ]
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 24_576}


def test_no_other_model_is_given_them() -> None:
    """It cannot check them; and one that thinks within a budget would be refused without its own, so it does not."""
    body = sent(ModelId("anthropic", "claude-sonnet-4-5"), CALLED)
    assert [block["type"] for block in body["messages"][1]["content"]] == ["text", "tool_use"]
    assert "thinking" not in body
    assert sent(ModelId("anthropic", "claude-opus-5"), CALLED)["thinking"]["type"] == "adaptive", "nothing is demanded"


def test_an_earlier_question_does_not_matter() -> None:
    earlier = [CALLED[0], ChatMessage("assistant", CALLED[1].parts[-1:]), CALLED[2], ChatMessage.assistant("Done.")]
    assert "thinking" in sent(OPUS, [*earlier, ChatMessage.user("Thanks.")])


@pytest.mark.parametrize(
    ("model", "effort", "thinking"),
    [
        ("claude-3-7-sonnet-20250219", "low", 2048),
        ("claude-sonnet-4-20250514", "medium", 8192),
        ("anthropic/claude-haiku-4.5", "high", 24_576),
        ("claude-opus-4@20250514", "high", 24_576),
        ("qwen3.5-plus", "low", 2048),
        ("claude-opus-4-6", "low", "low"),
        ("claude-sonnet-4.6", "medium", "medium"),
        ("claude-opus-4-8-20260401", "high", "high"),
        ("claude-opus-5", "high", "high"),
        ("claude-fable-5-1", "high", "high"),
    ],
)
def test_how_hard_to_think_is_said_as_it_is_taken(model: str, effort: Any, thinking: int | str) -> None:
    asked = Sampling(reasoning_effort=effort, temperature=0.5, top_p=0.5)
    body = sent(ModelId("a", model), [ChatMessage.user("hi")], asked)
    if isinstance(thinking, int):
        assert body["thinking"] == {"type": "enabled", "budget_tokens": thinking} and "output_config" not in body
    else:
        assert body["thinking"]["type"] == "adaptive" and body["output_config"] == {"effort": thinking}
    assert "temperature" not in body and "top_p" not in body, "they are refused while it thinks"


def test_a_short_answer_leaves_no_room_to_think() -> None:
    short = Sampling(reasoning_effort="high", max_tokens=900, temperature=0.5)
    body = sent(OPUS, [ChatMessage.user("hi")], short)
    assert "thinking" not in body and body["temperature"] == 0.5
    some = Sampling(reasoning_effort="high", max_tokens=4000)
    assert sent(OPUS, [ChatMessage.user("hi")], some)["thinking"]["budget_tokens"] == 2976


@pytest.mark.parametrize(
    ("model", "listed", "limit"),
    [
        ("claude-3-opus-20240229", 0, 4096),
        ("claude-3-5-sonnet-latest", 0, 8192),
        ("claude-3.5-haiku", 0, 8192),
        ("claude-opus-4-20250514", 0, 32_000),
        ("claude-opus-4.1", 0, 32_000),
        ("claude-opus-4-5-20251101", 0, 64_000),
        ("claude-sonnet-5", 0, 64_000),
        ("claude-sonnet-5", 5000, 5000),
        ("claude-opus-5", 128_000, 64_000),
        ("glm-5", 0, 16_000),
    ],
)
def test_an_answer_may_be_as_long_as_the_model_takes(model: str, listed: int, limit: int) -> None:
    body = sent(ModelId("a", model), [ChatMessage.user("hi")], Sampling(), listed=listed)
    assert body["max_tokens"] == limit
    whole = sent(
        ModelId("a", model), [ChatMessage.user("hi")], Sampling(), listed=listed, quirks=frozenset({"no_streaming"})
    )
    assert whole["max_tokens"] == min(limit, 21_333)


async def answered(gateway: Gateway, model: ModelId, sampling: Sampling, talk: Sequence[ChatMessage]) -> str:
    seen, error = await watched(gateway.stream(model, talk, sampling=sampling, tools=TOOLS))
    assert error is None
    return seen.text


@pytest.mark.parametrize(
    ("model", "takes", "quirks"),
    [
        ("claude-next", "budget", {"budgeted_thinking"}),
        ("glm-5", "adaptive", {"adaptive_thinking"}),
        ("claude-opus-5", "adaptive", set()),
    ],
)
async def test_the_other_way_of_saying_it_is_learned(model: str, takes: Any, quirks: set[str]) -> None:
    async with GatewayEmulator("B") as emulator, Gateway(emulator.url, emulator.key, retry_delay=0.01) as gateway:
        next(each for each in emulator.providers if each.kind == "anthropic").models[model] = model
        emulator.behave(model, Behaviour(text="Yes.", reasoning=("Hm.",), thinking=takes))
        await gateway.models()
        id = ModelId("fake-anthropic", model)
        for _ in range(2):
            assert await answered(gateway, id, HARD, [ChatMessage.user("hi")]) == "Yes."
        assert (await gateway.quirks.all()).get(id, frozenset()) == quirks
        assert [bool(each.body.get("thinking")) for each in emulator.requests[-1:]] == [True]


async def test_a_model_that_cannot_think_is_asked_without() -> None:
    refusal = (400, "thinking: this model does not support extended thinking")
    async with GatewayEmulator("B") as emulator, Gateway(emulator.url, emulator.key, retry_delay=0.01) as gateway:
        emulator.behave("claude-ok", Behaviour(text="Yes.", refusal=refusal, refusals=4))  # each reason costs two
        await gateway.models()
        id = ModelId("fake-anthropic", "claude-ok")
        assert await answered(gateway, id, HARD, [ChatMessage.user("hi")]) == "Yes."
        assert "no_reasoning_effort" in (await gateway.quirks.all())[id]
        assert "thinking" not in emulator.requests[-1].body


@pytest.mark.parametrize("generation", ["B", "C"])
async def test_a_thought_that_was_changed_is_let_go(generation: Any) -> None:
    """Whatever the reason, the answer goes on: without thoughts, this once."""
    async with (
        GatewayEmulator(generation) as emulator,
        Gateway(emulator.url, emulator.key, retry_delay=0.01) as gateway,
    ):
        emulator.behave("claude-ok", Behaviour(text="Done.", thinking="budget"))
        await gateway.models()
        gateway._dialects["fake-anthropic"] = "messages"  # v2 takes both
        id = ModelId("fake-anthropic", "claude-ok")
        forged = Thought("Hm, hm.", signature_of("Hm."), model=str(id))
        talk = [CALLED[0], ChatMessage("assistant", (forged, ToolCall("t1", "book", "{}"))), CALLED[2]]
        assert await answered(gateway, id, Sampling(reasoning_effort="low"), talk) == "Done."
        assert not (await gateway.quirks.all()).get(id, frozenset()) & {"no_thoughts", "no_reasoning_effort"}
        assert "thinking" in str(emulator.requests[0].messages) and "thinking" not in str(emulator.requests[-1].body)


@pytest.mark.parametrize(
    "message",
    [
        "input length and `max_tokens` exceed context limit: 190000 + 64000 > 200000, decrease input length",
        "'max_tokens' is too large: 64000. This model's maximum context length is 40000 tokens and your request has "
        "30000 input tokens (64000 > 40000 - 30000).",
        "This endpoint's maximum context length is 40000 tokens. However, you requested about 94000 tokens "
        "(30000 of text input, 64000 in the output).",
    ],
)
async def test_a_long_question_leaves_less_for_the_answer(message: str) -> None:
    """For this question; the next may be short."""
    async with GatewayEmulator("C") as emulator, Gateway(emulator.url, emulator.key, retry_delay=0.01) as gateway:
        emulator.providers[1].models["claude-opus-5"] = "Opus"
        emulator.behave("claude-opus-5", Behaviour(text="Yes.", refusal=(400, message), refusals=1))
        await gateway.models()
        gateway._dialects["fake-anthropic"] = "messages"
        for _ in range(2):
            assert await answered(gateway, ModelId("fake-anthropic", "claude-opus-5"), Sampling(), CALLED[:1]) == "Yes."
        assert [each.body["max_tokens"] for each in emulator.requests] == [64_000, 9800, 64_000]
        assert await gateway.quirks.all() == {}


async def test_what_is_not_paid_for_is_not_asked_for() -> None:
    refusal = (
        402,
        "This request requires more credits, or fewer max_tokens. You requested up to 64000 tokens, but can "
        "only afford 3210.",
    )
    async with GatewayEmulator("C") as emulator, Gateway(emulator.url, emulator.key, retry_delay=0.01) as gateway:
        emulator.providers[1].models["claude-opus-5"] = "Opus"
        emulator.behave("claude-opus-5", Behaviour(text="Yes.", refusal=refusal, refusals=1))
        await gateway.models()
        gateway._dialects["fake-anthropic"] = "messages"
        assert await answered(gateway, ModelId("fake-anthropic", "claude-opus-5"), Sampling(), CALLED[:1]) == "Yes."
        assert emulator.requests[-1].body["max_tokens"] == 3210


def test_the_chat_dialect_sends_them_where_they_are_wanted() -> None:
    """DeepSeek and Moonshot demand them beside a call; most others would refuse the field."""
    plain = sent(OPUS, CALLED, dialect="chat")
    assert "reasoning_content" not in plain["messages"][1]
    wanted = sent(OPUS, CALLED, dialect="chat", quirks=frozenset({"sends_thoughts"}))
    assert wanted["messages"][1]["reasoning_content"] == THOUGHTS[0].text


@pytest.mark.parametrize(
    "message",
    [
        "Missing `reasoning_content` field in the assistant message at message index 1.",
        "thinking is enabled but reasoning_content is missing in assistant tool call message at index 1",
        "The reasoning_content in the thinking mode must be passed back to the API.",
    ],
)
async def test_that_they_are_wanted_is_learned(message: str) -> None:
    async with GatewayEmulator("B") as emulator, Gateway(emulator.url, emulator.key, retry_delay=0.01) as gateway:
        emulator.behave("ok", Behaviour(text="Done.", refusal=(400, message), refusals=1))
        id = ModelId("fake-openai", "ok")
        talk = [CALLED[0], ChatMessage("assistant", (Thought("Hm.", model=str(id)), *CALLED[1].parts[-1:])), CALLED[2]]
        for _ in range(2):
            assert await answered(gateway, id, Sampling(), talk) == "Done."
        assert await gateway.quirks.all() == {id: {"sends_thoughts"}}
        first, *later = [each.messages[1].get("reasoning_content") for each in emulator.requests]
        assert (first, later) == (None, ["Hm.", "Hm."])
