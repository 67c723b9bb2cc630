"""Answers of ``/v1/messages``: https://platform.claude.com/docs/en/build-with-claude/streaming."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from bridge.events import Picture, ReasoningDelta, Source, TextDelta, ToolCallDelta
from bridge.gateway import read_error
from bridge.gateway.dialects import (
    as_count,
    as_dict,
    as_finish_reason,
    as_list,
    as_text,
    messages_plain,
    read_annotations,
    read_citation,
)
from bridge.server.answer import Answer, Block, Call, Thought, WrittenText
from bridge.server.codec import decode, encode
from bridge.server.dialects.base import arguments_of, frame, new_id, stop_reason
from bridge.server.dialects.chat_answer import picture_url
from bridge.server.errors import ApiError, from_provider, no_answer
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

_STOP: dict[StopReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tools": "tool_use",
    "filtered": "refusal",
}


class MessagesReader:
    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._usage: dict[str, Any] = {}
        self._bare_calls: set[int] = set()
        """Calls of tools without a word of arguments so far: Anthropic writes none where a tool takes none."""

    def feed(self, data: bytes) -> list[Event]:
        if (plain := messages_plain(data)) is not None:
            text, reasoning = plain
            events: list[Event] = [ReasoningDelta(reasoning)] if reasoning else []
            return [*events, TextDelta(text)] if text else events
        if data.strip() == b"[DONE]":  # Cherry Studio v1.7 to v1.9 adds it
            return []
        try:
            event = decode(data)
        except ValueError:
            raise no_answer(self._provider) from None
        return list(self._event(event)) if isinstance(event, dict) else []

    def _event(self, data: dict[str, Any]) -> Iterator[Event]:
        match data.get("type"):
            case "message_start":
                message = as_dict(data.get("message"))
                yield Started(as_text(message.get("id")), as_text(message.get("model")))
                yield self._counted(message.get("usage"))
            case "content_block_start":
                yield from self._begun(as_count(data.get("index")), as_dict(data.get("content_block")))
            case "content_block_delta":
                index, delta = as_count(data.get("index")), as_dict(data.get("delta"))
                if delta.get("partial_json"):
                    self._bare_calls.discard(index)
                yield from _delta(index, delta)
            case "content_block_stop":
                yield from self._ended(as_count(data.get("index")))
            case "message_delta":
                yield self._counted(data.get("usage"))
                yield from self._stopped(as_dict(data.get("delta")))
            case "message":
                yield from self.whole(data)
            case _:
                if data.get("error"):
                    raise from_provider(self._provider, read_error(data))

    def whole(self, data: dict[str, Any]) -> list[Event]:
        if data.get("type") == "error" or data.get("error"):
            raise from_provider(self._provider, read_error(data))
        events: list[Event] = [Started(as_text(data.get("id")), as_text(data.get("model")))]
        for index, block in enumerate(map(as_dict, as_list(data.get("content")))):
            events += [*self._begun(index, block), *self._ended(index)]
        return [*events, self._counted(data.get("usage")), *self._stopped(data)]

    def _begun(self, index: int, block: dict[str, Any]) -> Iterator[Event]:
        if block.get("type") == "tool_use" and not block.get("input"):
            self._bare_calls.add(index)
        return _block(index, block)

    def _ended(self, index: int) -> Iterator[Event]:
        if index in self._bare_calls:
            self._bare_calls.discard(index)
            yield ToolCallDelta(index, arguments="{}")

    def _stopped(self, data: dict[str, Any]) -> Iterator[Event]:
        said = data.get("stop_reason")
        if (reason := as_finish_reason(said)) is not None:
            kind: StopReason = "tools" if said == "tool_use" else "stop" if reason == "failed" else reason
            yield Stopped(kind, as_text(data.get("stop_sequence")))

    def _counted(self, usage: Any) -> Counted:
        """Anthropic counts what it read from or wrote to its cache apart from the other input."""
        self._usage |= {name: count for name, count in as_dict(usage).items() if count is not None}
        return Counted(read_usage(self._usage))


def read_usage(usage: dict[str, Any]) -> TokenCounts:
    cached, written = as_count(usage.get("cache_read_input_tokens")), as_count(usage.get("cache_creation_input_tokens"))
    prompt = as_count(usage.get("input_tokens")) + cached + written
    return TokenCounts(prompt, as_count(usage.get("output_tokens")), cached, written)


def _block(index: int, block: dict[str, Any]) -> Iterator[Event]:
    """A block as it begins, or, where the answer is not streamed, as it is."""
    match block.get("type"):
        case "text":
            if text := as_text(block.get("text")):
                yield TextDelta(text)
            yield from read_annotations(block.get("citations"))
        case "thinking":
            if thought := as_text(block.get("thinking")):
                yield ReasoningDelta(thought)
            if signature := as_text(block.get("signature")):
                yield ThoughtSigned(signature)
        case "redacted_thinking":
            yield ThoughtRedacted(as_text(block.get("data")))
        case "tool_use":
            arguments = encode(block["input"]).decode() if block.get("input") else ""
            yield ToolCallDelta(index, as_text(block.get("id")), as_text(block.get("name")), arguments)
        case "web_search_tool_result":
            yield from read_annotations(block.get("content"))


def _delta(index: int, delta: dict[str, Any]) -> Iterator[Event]:
    match delta.get("type"):
        case "text_delta":
            yield TextDelta(as_text(delta.get("text")))
        case "thinking_delta":
            yield ReasoningDelta(as_text(delta.get("thinking")))
        case "signature_delta":
            yield ThoughtSigned(as_text(delta.get("signature")))
        case "input_json_delta":
            yield ToolCallDelta(index, arguments=as_text(delta.get("partial_json")))
        case "citations_delta":
            yield from read_citation(delta.get("citation"))


_Kind = Literal["text", "thinking", "other"]


class MessagesWriter:
    def __init__(self, model: str) -> None:
        self._message: dict[str, Any] = {"id": new_id("msg_"), "type": "message", "role": "assistant", "model": model}
        self._started = False
        self._open: _Kind | None = None
        self._index = -1
        self._calls: dict[int, int] = {}
        """The block of each call, by its number at the provider."""
        self._reason: StopReason = "stop"
        self._sequence = ""
        self._usage = TokenCounts()

    def write(self, events: Iterable[Event]) -> bytes:
        return b"".join(map(self._event, events))

    def _event(self, event: Event) -> bytes:
        match event:
            case TextDelta(text):
                return self._within("text") + self._delta({"type": "text_delta", "text": text})
            case ReasoningDelta(text):
                return self._within("thinking") + self._delta({"type": "thinking_delta", "thinking": text})
            case ToolCallDelta():
                return self._call(event)
            case ThoughtSigned(signature):
                signed = self._within("thinking") + self._delta({"type": "signature_delta", "signature": signature})
                return signed + self._close()  # what is thought next is another thought
            case ThoughtRedacted(data):
                return self._begin({"type": "redacted_thinking", "data": data}) + self._close()
            case Picture():
                text = f"\n![{event.alt}]({picture_url(event)})\n"
                return self._within("text") + self._delta({"type": "text_delta", "text": text})
            case Source():
                return self._within("text") + self._delta({"type": "citations_delta", "citation": _citation(event)})
            case Counted(usage):
                self._usage = usage  # told with the first block, which follows: providers count the input first
            case Stopped(reason, sequence):
                self._reason, self._sequence = reason, sequence
        return b""

    def end(self) -> bytes:
        delta = {"stop_reason": self._stop(bool(self._calls)), "stop_sequence": self._sequence or None}
        last = _event("message_delta", delta=delta, usage=_usage(self._usage))
        return self._start() + self._close() + last + _event("message_stop")

    def failure(self, error: ApiError) -> bytes:
        return frame(error.body("anthropic"), "error")

    def whole(self, events: Sequence[Event]) -> dict[str, Any]:
        answer = Answer(events)
        self._reason, self._sequence = answer.reason, answer.sequence
        return {
            **self._message,
            "content": list(map(_content, answer.blocks)),
            "stop_reason": self._stop(bool(answer.calls)),
            "stop_sequence": answer.sequence or None,
            "usage": _usage(answer.usage or TokenCounts()),
        }

    def _stop(self, calls: bool) -> str:
        return "stop_sequence" if self._sequence else _STOP[stop_reason(self._reason, calls)]

    def _start(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        begun = {**self._message, "content": [], "stop_reason": None, "stop_sequence": None}
        return _event("message_start", message={**begun, "usage": _usage(self._usage)})

    def _within(self, kind: Literal["text", "thinking"]) -> bytes:
        """The start of a block of that kind, unless one is open."""
        if self._open == kind:
            return b""
        empty = {"text": ""} if kind == "text" else {"thinking": "", "signature": ""}
        begun = self._begin({"type": kind, **empty})
        self._open = kind
        return begun

    def _begin(self, block: dict[str, Any]) -> bytes:
        begun = self._start() + self._close()
        self._index += 1
        self._open = "other"
        return begun + _event("content_block_start", index=self._index, content_block=block)

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _event("content_block_stop", index=self._index)

    def _call(self, delta: ToolCallDelta) -> bytes:
        begun = b""
        if delta.index not in self._calls:
            block = {"type": "tool_use", "id": delta.id or new_id("toolu_"), "name": delta.name, "input": {}}
            begun = self._begin(block)
            self._calls[delta.index] = self._index
        if not delta.arguments:
            return begun
        written = {"type": "input_json_delta", "partial_json": delta.arguments}
        return begun + _event("content_block_delta", index=self._calls[delta.index], delta=written)

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return _event("content_block_delta", index=self._index, delta=delta)


def _content(block: Block) -> dict[str, Any]:
    match block:
        case WrittenText(text, sources):
            cited = {"citations": list(map(_citation, sources))} if sources else {}
            return {"type": "text", "text": text, **cited}
        case Thought(text, signature, redacted):
            if redacted:
                return {"type": "redacted_thinking", "data": redacted}
            return {"type": "thinking", "thinking": text, "signature": signature}
        case Call(id, name, arguments):
            return {"type": "tool_use", "id": id or new_id("toolu_"), "name": name, "input": arguments_of(arguments)}
        case Picture():
            return {"type": "text", "text": f"![{block.alt}]({picture_url(block)})"}


def _citation(source: Source) -> dict[str, str]:
    return {
        "type": "web_search_result_location",
        "url": source.url,
        "title": source.title,
        "cited_text": "",
        "encrypted_index": "",
    }


def _usage(usage: TokenCounts) -> dict[str, int]:
    return {
        "input_tokens": max(0, usage.prompt - usage.cached - usage.cache_written),
        "cache_creation_input_tokens": usage.cache_written,
        "cache_read_input_tokens": usage.cached,
        "output_tokens": usage.completion,
    }


def _event(type: str, **fields: Any) -> bytes:
    return frame({"type": type, **fields}, type)
