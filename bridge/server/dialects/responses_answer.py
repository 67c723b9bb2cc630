"""Answers of ``/v1/responses`` as a provider sends them: https://platform.openai.com/docs/api-reference/responses-streaming."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from bridge.events import Picture, ReasoningDelta, TextDelta, ToolCallDelta
from bridge.gateway import ErrorBody, read_error
from bridge.gateway.dialects import as_count, as_dict, as_list, as_text, decode_base64, read_annotations, read_citation
from bridge.server.codec import decode
from bridge.server.dialects.responses_request import REDACTED, SIGNED
from bridge.server.errors import ApiError, broken_off, from_provider, no_answer
from bridge.server.events import Counted, Event, Started, Stopped, ThoughtRedacted, ThoughtSigned, TokenCounts


class _TextEvent(Struct, gc=False, tag_field="type", tag="response.output_text.delta"):
    delta: str


_decode_text = msgspec.json.Decoder(_TextEvent).decode
_REASONING = {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}


class ResponsesReader:
    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._called = False
        self._thought = False
        """Whether the thought under way has been told bit by bit."""

    def feed(self, data: bytes) -> list[Event]:
        try:
            return [TextDelta(_decode_text(data).delta)]
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass
        if data.strip() == b"[DONE]":
            return []
        try:
            event = decode(data)
        except ValueError:
            raise no_answer(self._provider) from None
        return list(self._event(event)) if isinstance(event, dict) else []

    def _event(self, data: dict[str, Any]) -> Iterator[Event]:
        kind, index = as_text(data.get("type")), as_count(data.get("output_index"))
        if kind in _REASONING:
            self._thought = True
            yield ReasoningDelta(as_text(data.get("delta")))
            return
        match kind:
            case "response.created":
                response = as_dict(data.get("response"))
                yield Started(as_text(response.get("id")), as_text(response.get("model")))
            case "response.output_text.delta" | "response.refusal.delta":
                yield TextDelta(as_text(data.get("delta")))
            case "response.function_call_arguments.delta":
                yield ToolCallDelta(index, arguments=as_text(data.get("delta")))
            case "response.output_item.added":
                item = as_dict(data.get("item"))
                if item.get("type") == "function_call":
                    self._called = True
                    yield ToolCallDelta(index, as_text(item.get("call_id")), as_text(item.get("name")))
            case "response.output_item.done":
                item = as_dict(data.get("item"))
                if item.get("type") in {"reasoning", "image_generation_call"}:
                    yield from self._item(index, item, told=self._thought)
                    self._thought = False
            case "response.output_text.annotation.added":
                yield from read_citation(data.get("annotation"))
            case "response.completed" | "response.incomplete" | "response.failed":
                yield from self._ended(as_dict(data.get("response")))
            case "error":
                raise self._error(data)

    def whole(self, data: dict[str, Any]) -> list[Event]:
        if data.get("error") and "output" not in data:
            raise from_provider(self._provider, read_error(data))
        events: list[Event] = [Started(as_text(data.get("id")), as_text(data.get("model")))]
        for index, item in enumerate(map(as_dict, as_list(data.get("output")))):
            events += self._item(index, item, told=False)
        return [*events, *self._ended(data)]

    def _item(self, index: int, item: dict[str, Any], *, told: bool) -> Iterator[Event]:
        match item.get("type"):
            case "message":
                for part in map(as_dict, as_list(item.get("content"))):
                    yield TextDelta(as_text(part.get("text")) or as_text(part.get("refusal")))
                    yield from read_annotations(part.get("annotations"))
            case "reasoning":
                yield from _thought(item, told)
            case "function_call":
                self._called = True
                call = as_text(item.get("call_id")), as_text(item.get("name")), as_text(item.get("arguments"))
                yield ToolCallDelta(index, *call)
            case "image_generation_call":
                if picture := decode_base64(as_text(item.get("result"))):
                    yield Picture(data=picture, mime="image/png")

    def _ended(self, response: dict[str, Any]) -> Iterator[Event]:
        if usage := as_dict(response.get("usage")):
            yield Counted(read_usage(usage))
        match response.get("status"):
            case "failed":
                raise self._error(as_dict(response.get("error")))
            case "incomplete":
                why = as_dict(response.get("incomplete_details")).get("reason")
                yield Stopped("filtered" if why == "content_filter" else "length")
            case "completed" | None:
                yield Stopped("tools" if self._called else "stop")
            case _:
                raise broken_off(self._provider)

    def _error(self, error: dict[str, Any]) -> ApiError:
        code, message = as_text(error.get("code")), as_text(error.get("message"))
        if isinstance(error.get("error"), dict):
            return from_provider(self._provider, read_error(error))
        status = {"rate_limit_exceeded": 429, "insufficient_quota": 429}.get(code, 500)
        return from_provider(self._provider, ErrorBody(status, code, message))


def _thought(item: dict[str, Any], told: bool) -> Iterator[Event]:
    """A thought that is complete: its text unless it has been told, and its seal."""
    if not told:
        parts = map(as_dict, (*as_list(item.get("summary")), *as_list(item.get("content"))))
        if text := "\n\n".join(as_text(part.get("text")) for part in parts):
            yield ReasoningDelta(text)
    sealed, id = as_text(item.get("encrypted_content")), as_text(item.get("id"))
    if sealed.startswith(SIGNED):
        yield ThoughtSigned(sealed.removeprefix(SIGNED))
    elif sealed.startswith(REDACTED):
        yield ThoughtRedacted(sealed.removeprefix(REDACTED))
    elif sealed and id.startswith("rs_"):
        yield ThoughtSigned(f"{id}:{sealed}")


def read_usage(usage: dict[str, Any]) -> TokenCounts:
    read, written = as_dict(usage.get("input_tokens_details")), as_dict(usage.get("output_tokens_details"))
    return TokenCounts(
        prompt=as_count(usage.get("input_tokens")),
        completion=as_count(usage.get("output_tokens")),
        cached=as_count(read.get("cached_tokens")),
        reasoning=as_count(written.get("reasoning_tokens")),
    )
