"""One answer in each of the three dialects, whole and as a stream, as the providers that made them write it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    text: str = "Hello, world"
    reasoning: str = ""
    signature: str = ""
    call: tuple[str, str, str] | None = None
    """Id, name and arguments."""
    ending: str = "stop"
    """``stop``, ``length`` or ``filtered``."""
    prompt: int = 11
    completion: int = 7

    @property
    def pieces(self) -> list[str]:
        half = len(self.text) // 2
        return [piece for piece in (self.text[:half], self.text[half:]) if piece]

    @property
    def arguments(self) -> list[str]:
        assert self.call is not None
        return [self.call[2][:5], self.call[2][5:]]


def frame(data: Any, event: str = "") -> bytes:
    return (f"event: {event}\n" if event else "").encode() + b"data: " + json.dumps(data).encode() + b"\n\n"


def sse(dialect: str, answer: Answer) -> list[bytes]:
    return {"chat": _chat_stream, "messages": _messages_stream, "responses": _responses_stream}[dialect](answer)


def whole(dialect: str, answer: Answer) -> dict[str, Any]:
    return {"chat": _chat_whole, "messages": _messages_whole, "responses": _responses_whole}[dialect](answer)


# chat

CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m1-real"}
DONE = b"data: [DONE]\n\n"


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    return frame({**CHUNK, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})


def _finish(answer: Answer) -> str:
    ending = {"length": "length", "filtered": "content_filter"}.get(answer.ending, "stop")
    return "tool_calls" if answer.call and ending == "stop" else ending


def _chat_usage(answer: Answer) -> dict[str, Any]:
    total = answer.prompt + answer.completion
    return {"prompt_tokens": answer.prompt, "completion_tokens": answer.completion, "total_tokens": total}


def _chat_stream(answer: Answer) -> list[bytes]:
    frames = [chunk({"role": "assistant", "content": ""})]
    if answer.reasoning:
        frames.append(chunk({"reasoning_content": answer.reasoning}))
    frames += [chunk({"content": piece}) for piece in answer.pieces]
    if answer.call:
        id, name, _ = answer.call
        function = {"name": name, "arguments": ""}
        frames.append(chunk({"tool_calls": [{"index": 0, "id": id, "type": "function", "function": function}]}))
        frames += [chunk({"tool_calls": [{"index": 0, "function": {"arguments": part}}]}) for part in answer.arguments]
    frames.append(chunk({}, _finish(answer)))
    return [*frames, frame({**CHUNK, "choices": [], "usage": _chat_usage(answer)}), DONE]


def _chat_whole(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.call:
        id, name, arguments = answer.call
        function = {"name": name, "arguments": arguments}
        message["tool_calls"] = [{"id": id, "type": "function", "function": function}]
    choice = {"index": 0, "message": message, "finish_reason": _finish(answer)}
    return {**CHUNK, "object": "chat.completion", "choices": [choice], "usage": _chat_usage(answer)}


# messages


def _stop(answer: Answer) -> str:
    ending = {"length": "max_tokens", "filtered": "refusal"}.get(answer.ending, "end_turn")
    return "tool_use" if answer.call and ending == "end_turn" else ending


def _blocks(answer: Answer) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if answer.reasoning:
        blocks.append({"type": "thinking", "thinking": answer.reasoning, "signature": answer.signature})
    if answer.text:
        blocks.append({"type": "text", "text": answer.text})
    if answer.call:
        id, name, arguments = answer.call
        blocks.append({"type": "tool_use", "id": id, "name": name, "input": json.loads(arguments)})
    return blocks


def _messages_whole(answer: Answer) -> dict[str, Any]:
    usage = {"input_tokens": answer.prompt, "output_tokens": answer.completion}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m1-real"}
    return {
        **head,
        "content": _blocks(answer),
        "stop_reason": _stop(answer),
        "stop_sequence": None,
        "usage": usage,
    }


def _messages_stream(answer: Answer) -> list[bytes]:
    head = {**_messages_whole(answer), "content": [], "stop_reason": None}
    head["usage"] = {"input_tokens": answer.prompt, "output_tokens": 1}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": head}, {"type": "ping"}]
    for index, block in enumerate(_blocks(answer)):
        deltas: list[dict[str, Any]]
        match block["type"]:
            case "thinking":
                empty: dict[str, Any] = {"type": "thinking", "thinking": "", "signature": ""}
                deltas = [
                    {"type": "thinking_delta", "thinking": block["thinking"]},
                    {"type": "signature_delta", "signature": block["signature"]},
                ]
            case "text":
                empty = {"type": "text", "text": ""}
                deltas = [{"type": "text_delta", "text": piece} for piece in answer.pieces]
            case _:
                empty = {**block, "input": {}}
                # Anthropic writes nothing where there are no arguments.
                parts = [""] if answer.arguments[0] == "{}" else answer.arguments
                deltas = [{"type": "input_json_delta", "partial_json": part} for part in parts]
        events.append({"type": "content_block_start", "index": index, "content_block": empty})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    stop = {"stop_reason": _stop(answer), "stop_sequence": None}
    events.append({"type": "message_delta", "delta": stop, "usage": {"output_tokens": answer.completion}})
    events.append({"type": "message_stop"})
    return [frame(event, event["type"]) for event in events]


# responses


def _items(answer: Answer) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if answer.reasoning:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        sealed = {"encrypted_content": answer.signature} if answer.signature else {}
        items.append({"id": "rs_1", "type": "reasoning", "summary": summary, **sealed})
    if answer.text:
        part = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
        head = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
        items.append({**head, "content": [part]})
    if answer.call:
        id, name, arguments = answer.call
        called = {"id": "fc_1", "type": "function_call", "status": "completed"}
        items.append({**called, "call_id": id, "name": name, "arguments": arguments})
    return items


def _responses_whole(answer: Answer) -> dict[str, Any]:
    why = {"length": "max_output_tokens", "filtered": "content_filter"}.get(answer.ending)
    total = answer.prompt + answer.completion
    usage = {"input_tokens": answer.prompt, "output_tokens": answer.completion, "total_tokens": total}
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "m1-real",
        "status": "incomplete" if why else "completed",
        "incomplete_details": {"reason": why} if why else None,
        "error": None,
        "output": _items(answer),
        "usage": {**usage, **details},
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


def _responses_stream(answer: Answer) -> list[bytes]:
    done = _responses_whole(answer)
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**done, "status": "in_progress", "output": [], "usage": None}}
    ]
    for index, item in enumerate(done["output"]):
        place = {"item_id": item["id"], "output_index": index}
        match item["type"]:
            case "reasoning":
                begun = {**item, "summary": []}
                told = "response.reasoning_summary_text.delta"
                deltas = [{"type": told, **place, "summary_index": 0, "delta": answer.reasoning}]
            case "message":
                begun = {**item, "content": [], "status": "in_progress"}
                told = "response.output_text.delta"
                deltas = [{"type": told, **place, "content_index": 0, "delta": piece} for piece in answer.pieces]
            case _:
                begun = {**item, "arguments": "", "status": "in_progress"}
                told = "response.function_call_arguments.delta"
                deltas = [{"type": told, **place, "delta": part} for part in answer.arguments]
        events.append({"type": "response.output_item.added", "output_index": index, "item": begun})
        if item["type"] == "message":
            part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            events.append({"type": "response.content_part.added", **place, "content_index": 0, "part": part})
        events += deltas
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    kind = "response.completed" if done["status"] == "completed" else "response.incomplete"
    events.append({"type": kind, "response": done})
    return [frame({**event, "sequence_number": number}, event["type"]) for number, event in enumerate(events)]
