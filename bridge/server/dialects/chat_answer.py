"""Answers of ``/v1/chat/completions``: https://platform.openai.com/docs/api-reference/chat/streaming."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bridge.events import Picture, ReasoningDelta, Source, TextDelta, ToolCallDelta, Unsupported
from bridge.gateway import read_error
from bridge.gateway.dialects import (
    as_count,
    as_dict,
    as_finish_reason,
    as_list,
    as_text,
    chat_plain,
    read_annotations,
    read_content,
    read_picture,
    read_sources,
    read_tool_calls,
)
from bridge.server.answer import Answer
from bridge.server.codec import decode
from bridge.server.dialects.base import frame, new_id, stop_reason
from bridge.server.errors import ApiError, broken_off, from_provider, no_answer
from bridge.server.events import (
    Counted,
    Event,
    Started,
    Stopped,
    StopReason,
    ThoughtRedacted,
    ThoughtSigned,
    TokenCounts,
)

DONE = b"data: [DONE]\n\n"
_FINISH: dict[StopReason, str] = {
    "stop": "stop",
    "length": "length",
    "tools": "tool_calls",
    "filtered": "content_filter",
}


class ChatReader:
    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._started = False

    def feed(self, data: bytes) -> list[Event]:
        if self._started and (plain := chat_plain(data)) is not None:
            text, reasoning = plain
            events: list[Event] = [ReasoningDelta(reasoning)] if reasoning else []
            return [*events, TextDelta(text)] if text else events
        if data.strip() == b"[DONE]":
            return []
        try:
            chunk = decode(data)
        except ValueError:
            raise no_answer(self._provider) from None
        return self.whole(chunk) if isinstance(chunk, dict) else []

    def whole(self, data: dict[str, Any]) -> list[Event]:
        if data.get("error") or data.get("object") == "error":
            raise from_provider(self._provider, read_error(data))
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(Started(as_text(data.get("id")), as_text(data.get("model"))))
        choices = map(as_dict, as_list(data.get("choices")))
        choice = next((each for each in choices if each.get("index", 0) == 0), {})
        events += self._delta(data, as_dict(choice.get("delta")) or as_dict(choice.get("message")))
        usage = as_dict(data.get("usage")) or as_dict(as_dict(data.get("x_groq")).get("usage"))
        if usage:
            events.append(Counted(read_usage(usage)))
        finish = choice.get("finish_reason")
        if (reason := as_finish_reason(finish)) is not None:
            if reason == "failed":
                raise broken_off(self._provider)
            called = finish in {"tool_calls", "function_call"}
            events.append(Stopped("tools" if called else reason))
        return events

    def _delta(self, data: dict[str, Any], delta: dict[str, Any]) -> Iterator[Event]:
        content = read_content(delta.get("content"))
        if thought := as_text(delta.get("reasoning_content")) or as_text(delta.get("reasoning")) or content.reasoning:
            yield ReasoningDelta(thought)
        for detail in map(as_dict, as_list(delta.get("reasoning_details"))):
            if signature := as_text(detail.get("signature")):
                yield ThoughtSigned(signature)
            elif hidden := as_text(detail.get("data")):
                yield ThoughtRedacted(hidden)
        if text := content.text or as_text(delta.get("refusal")):
            yield TextDelta(text)
        images = [*as_list(delta.get("images")), delta.get("image")]
        for extra in (*content.extras, *(read_picture(image) for image in images)):
            if extra is not None and not isinstance(extra, Unsupported):
                yield extra
        yield from read_sources(data)
        yield from read_sources(delta)
        yield from read_annotations(delta.get("annotations"))
        yield from read_tool_calls(delta)


def read_usage(usage: dict[str, Any]) -> TokenCounts:
    prompt, completion = as_dict(usage.get("prompt_tokens_details")), as_dict(usage.get("completion_tokens_details"))
    asked = as_count(usage.get("prompt_tokens"))
    return TokenCounts(
        prompt=asked,
        # xAI counts what was thought in the total alone.
        completion=max(as_count(usage.get("completion_tokens")), as_count(usage.get("total_tokens")) - asked),
        # DeepSeek counts what it found in its cache under a name of its own.
        cached=as_count(prompt.get("cached_tokens")) or as_count(usage.get("prompt_cache_hit_tokens")),
        reasoning=as_count(completion.get("reasoning_tokens")),
    )


class ChatWriter:
    def __init__(self, model: str, *, include_usage: bool) -> None:
        self._head: dict[str, Any] = {
            "id": new_id("chatcmpl-"),
            "object": "chat.completion",
            "created": int(time.time()),
            "model": model,
        }
        self._chunk = {**self._head, "object": "chat.completion.chunk"}
        self._include_usage = include_usage
        self._calls: dict[int, int] = {}
        """The number of each call here, by its number at the provider, which counts other blocks too."""
        self._thought: list[str] = []
        self._reason: StopReason = "stop"
        self._usage: TokenCounts | None = None

    def write(self, events: Iterable[Event]) -> bytes:
        return b"".join(map(self._event, events))

    def _event(self, event: Event) -> bytes:
        match event:
            case TextDelta(text):
                return self._frame({"content": text})
            case ReasoningDelta(text):
                self._thought.append(text)
                return self._frame({"reasoning_content": text})
            case ToolCallDelta():
                return self._frame({"tool_calls": [self._call(event)]})
            case Started():
                return self._frame({"role": "assistant", "content": ""})
            case ThoughtSigned(signature):
                thought = "".join(self._thought)
                self._thought.clear()
                return self._frame({"reasoning_details": [_signed(thought, signature)]})
            case ThoughtRedacted(data):
                return self._frame({"reasoning_details": [_redacted(data)]})
            case Picture():
                return self._frame({"images": [_image(event)]})
            case Source():
                return self._frame({"annotations": [_annotation(event)]})
            case Counted(usage):
                self._usage = usage
            case Stopped(reason):
                self._reason = reason
        return b""

    def end(self) -> bytes:
        last = self._frame({}, _FINISH[stop_reason(self._reason, bool(self._calls))])
        if self._include_usage:
            usage = None if self._usage is None else _usage(self._usage)
            last += frame({**self._chunk, "choices": [], "usage": usage})
        return last + DONE

    def failure(self, error: ApiError) -> bytes:
        return frame(error.body("openai"))  # and no [DONE]: the answer is not complete

    def whole(self, events: Sequence[Event]) -> dict[str, Any]:
        answer = Answer(events)
        calls = [
            {
                "id": call.id or new_id("call_"),
                "type": "function",
                "function": _function(call.name, call.arguments or "{}"),
            }
            for call in answer.calls
        ]
        message: dict[str, Any] = {
            "role": "assistant",
            "content": answer.text or (None if calls else ""),
            "refusal": None,
        }
        if answer.reasoning:
            message["reasoning_content"] = answer.reasoning
        details = [
            _redacted(thought.redacted) if thought.redacted else _signed(thought.text, thought.signature)
            for thought in answer.thoughts
            if thought.redacted or thought.signature
        ]
        found = {
            "reasoning_details": details,
            "images": list(map(_image, answer.pictures)),
            "annotations": list(map(_annotation, answer.sources)),
            "tool_calls": calls,
        }
        message |= {name: value for name, value in found.items() if value}
        finish = _FINISH[stop_reason(answer.reason, bool(calls))]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        usage = {} if answer.usage is None else {"usage": _usage(answer.usage)}
        return {**self._head, "choices": [choice], **usage}

    def _call(self, delta: ToolCallDelta) -> dict[str, Any]:
        if (number := self._calls.get(delta.index)) is None:
            number = self._calls[delta.index] = len(self._calls)
            return {
                "index": number,
                "id": delta.id or new_id("call_"),
                "type": "function",
                "function": _function(delta.name, delta.arguments),
            }
        return {"index": number, "function": {"arguments": delta.arguments}}

    def _frame(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return frame({**self._chunk, "choices": [choice]})


def _function(name: str, arguments: str) -> dict[str, str]:
    return {"name": name, "arguments": arguments}


def _signed(text: str, signature: str) -> dict[str, Any]:
    return {"type": "reasoning.text", "text": text, "signature": signature}


def _redacted(data: str) -> dict[str, Any]:
    return {"type": "reasoning.encrypted", "data": data}


def picture_url(picture: Picture) -> str:
    """The address of a picture, or all of it as a data URL."""
    if picture.url:
        return picture.url
    return f"data:{picture.mime or 'image/png'};base64,{b64encode(picture.data).decode()}"


def _image(picture: Picture) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": picture_url(picture)}}


def _annotation(source: Source) -> dict[str, Any]:
    citation = {"url": source.url, "title": source.title, "start_index": 0, "end_index": 0}
    return {"type": "url_citation", "url_citation": citation}


def _usage(usage: TokenCounts) -> dict[str, Any]:
    counted: dict[str, Any] = {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
    }
    if usage.reasoning:
        counted["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning}
    return counted
