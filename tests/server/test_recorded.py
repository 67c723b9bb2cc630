"""What providers stream, in front of clients of each dialect: the same text, reasoning, tools, ending, usage, error."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.server.harness import DIALECTS, ServerRig
from tests.server.provider import stream
from tests.server.shapes import SHAPES, Shape

PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}
FINISHES = {
    "end_turn": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "completed": "stop",
    "max_output_tokens": "length",
}
"""What the other dialects call the endings of chat."""


@dataclass
class Heard:
    text: str = ""
    reasoning: str = ""
    calls: dict[int, list[str]] = field(default_factory=dict)
    finish: str = ""
    total: int | None = None
    error: str = ""


async def played(gateway: ServerRig, client: str, shape: Shape) -> tuple[bytes, Heard]:
    """What `client` is told where its provider plays `shape`."""
    gateway.providers[shape.dialect].replies = [stream(*shape.frames)]
    said = [{"role": "user", "content": "hello"}]
    body = {"model": f"{shape.dialect}:m1", "messages": said, "input": said, "stream": True, "max_tokens": 99}
    options = {"stream_options": {"include_usage": True}} if client == "chat" else {}
    async with gateway.http.post(PATHS[client], json={**body, **options}) as response:
        assert response.status == 200
        told = await response.read()
    return told, {"chat": of_chat, "messages": of_messages, "responses": of_responses}[client](told)


def events(told: bytes) -> Iterator[dict[str, Any]]:
    """Every event in the bytes of a stream."""
    for block in told.decode().split("\n\n"):
        data = "\n".join(line[5:].strip() for line in block.splitlines() if line.startswith("data:"))
        if data and data != "[DONE]":
            yield json.loads(data)


def of_chat(told: bytes) -> Heard:
    heard = Heard()
    for event in events(told):
        if error := event.get("error"):
            heard.error = error["message"]
        if usage := event.get("usage"):
            heard.total = usage["total_tokens"]
        for choice in event.get("choices", ()):
            delta = choice["delta"]
            heard.text += delta.get("content") or ""
            heard.reasoning += delta.get("reasoning_content") or delta.get("reasoning") or ""
            heard.finish = choice.get("finish_reason") or heard.finish
            for call in delta.get("tool_calls") or ():
                known = heard.calls.setdefault(call["index"], ["", ""])
                known[0] += call["function"].get("name") or ""
                known[1] += call["function"].get("arguments") or ""
    return heard


def of_messages(told: bytes) -> Heard:
    heard = Heard()
    usage: dict[str, int] = {}
    for event in events(told):
        match event:
            case {"type": "message_start", "message": {"usage": counts}} | {"type": "message_delta", "usage": counts}:
                usage |= counts
                heard.finish = event.get("delta", {}).get("stop_reason") or ""
            case {"type": "content_block_start", "content_block": {"type": "tool_use", "name": name}, "index": index}:
                heard.calls[index] = [name, ""]
            case {"delta": {"type": "text_delta", "text": text}}:
                heard.text += text
            case {"delta": {"type": "thinking_delta", "thinking": text}}:
                heard.reasoning += text
            case {"delta": {"type": "input_json_delta", "partial_json": part}, "index": index}:
                heard.calls[index][1] += part
            case {"type": "error", "error": {"message": said}}:
                heard.error = said
    heard.total = sum(
        usage.get(f"{name}_tokens") or 0 for name in ("input", "output", "cache_read_input", "cache_creation_input")
    )
    return heard


def of_responses(told: bytes) -> Heard:
    heard = Heard()
    for event in events(told):
        match event:
            case {"type": "response.output_text.delta", "delta": text}:
                heard.text += text
            case {"type": "response.reasoning_summary_text.delta" | "response.reasoning_text.delta", "delta": text}:
                heard.reasoning += text
            case {"type": "response.output_item.done", "item": {"type": "function_call"} as call}:
                heard.calls[event["output_index"]] = [call["name"], call["arguments"]]
            case {"type": "response.completed" | "response.incomplete", "response": done}:
                heard.finish = (done["incomplete_details"] or {}).get("reason") or done["status"]
                heard.total = done["usage"]["total_tokens"] if done["usage"] else None
            case {"type": "response.failed", "response": {"error": {"message": said}}}:
                heard.error = said
    return heard


def check(heard: Heard, shape: Shape, client: str) -> None:
    assert heard.text == shape.text
    assert heard.reasoning == shape.reasoning
    calls = tuple((name, json.loads(arguments or "{}")) for name, arguments in heard.calls.values())
    assert calls == shape.calls
    assert shape.error in heard.error
    assert bool(heard.error) == bool(shape.error)
    if not shape.error:
        finish = FINISHES.get(heard.finish, heard.finish)
        assert finish == ("stop" if client == "responses" and shape.finish == "tool_calls" else shape.finish)
        assert (heard.total or None) == shape.total


@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("name", SHAPES)
async def test_each_providers_stream(gateway: ServerRig, name: str, client: str) -> None:
    shape = SHAPES[name]
    told, heard = await played(gateway, client, shape)
    check(heard, shape, client)
    if client == shape.dialect:
        assert told == b"".join(shape.frames), "a stream of the client's own dialect is not touched"
        assert all(mark in told for mark in shape.marks)


RECORDED = Path(os.environ.get("RECORDED_STREAMS", "/nonexistent"))
RECORDINGS: list[dict[str, Any]] = (
    json.loads((RECORDED / "manifest.json").read_text()) if (RECORDED / "manifest.json").is_file() else []
)


@pytest.mark.skipif(not RECORDINGS, reason="RECORDED_STREAMS names no folder with recordings")
@pytest.mark.parametrize("client", DIALECTS)
@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda each: str(each["file"]))
async def test_each_recording(gateway: ServerRig, recording: dict[str, Any], client: str) -> None:
    """The recordings themselves, each with what its manifest says that it holds."""
    dialect = "messages" if recording["api"] == "messages" else "chat"
    frames = (RECORDED / recording["file"]).read_bytes()
    expected = recording["expected"]
    _, heard = await played(gateway, client, Shape((frames,), dialect))
    assert (heard.text, heard.reasoning) == (expected["text"], expected["reasoning"])
    assert bool(heard.calls) == bool(expected["tool_call_deltas"])
    assert bool(heard.error) == bool(expected["error"])
    if expected["error"]:
        assert heard.error in expected["error"]
    else:
        finish, wanted = (FINISHES.get(each, each) for each in (heard.finish, expected["finish_reason"]))
        assert finish == ("stop" if client == "responses" and wanted == "tool_calls" else wanted)
    if dialect == "chat" and expected["usage_total"]:
        assert heard.total == expected["usage_total"]
