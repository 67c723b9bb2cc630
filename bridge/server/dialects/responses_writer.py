"""Answers of ``/v1/responses`` as this gateway writes them."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from bridge.events import Picture, ReasoningDelta, Source, TextDelta, ToolCallDelta
from bridge.server.answer import Answer, Block, Call, Thought, WrittenText
from bridge.server.dialects.base import frame, new_id
from bridge.server.dialects.responses_request import REDACTED, SIGNED
from bridge.server.errors import ApiError
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
from bridge.server.request import Request

_Kind = Literal["message", "reasoning"]


class ResponsesWriter:
    """Each item of the output is told as added, bit by bit, then as done; the whole response comes at the end."""

    def __init__(self, model: str, request: Request) -> None:
        self._head: dict[str, Any] = {
            "id": new_id("resp_"),
            "object": "response",
            "created_at": int(time.time()),
            "model": model,
            **_echo(request),
        }
        self._number = 0
        self._output: list[dict[str, Any]] = []
        """The items that are done, and the calls under way."""
        self._open: _Kind | None = None
        self._item: dict[str, Any] = {}
        self._calls: dict[int, int] = {}
        """The place in the output of each call, by its number at the provider."""
        self._reason: StopReason = "stop"
        self._usage: TokenCounts | None = None
        self._started = False

    def write(self, events: Iterable[Event]) -> bytes:
        return b"".join(map(self._event, events))

    def _event(self, event: Event) -> bytes:
        match event:
            case TextDelta(text):
                begun = self._within("message")
                self._item["content"][0]["text"] += text
                return begun + self._tell("response.output_text.delta", **self._part(), delta=text, logprobs=[])
            case ReasoningDelta(text):
                begun = self._within("reasoning")
                self._item["summary"][0]["text"] += text
                place = self._part("summary_index")
                return begun + self._tell("response.reasoning_summary_text.delta", **place, delta=text)
            case ToolCallDelta():
                return self._call(event)
            case ThoughtSigned(signature):
                begun = self._within("reasoning")
                self._item["encrypted_content"] = signature if _is_ours(signature) else SIGNED + signature
                return begun + self._close()
            case ThoughtRedacted(data):
                item = {"id": new_id("rs_"), "type": "reasoning", "summary": [], "encrypted_content": REDACTED + data}
                return self._at_once(item)
            case Picture():
                return self._at_once(_picture(event))
            case Source():
                begun = self._within("message")
                annotations = self._item["content"][0]["annotations"]
                annotations.append(_annotation(event))
                place = {**self._part(), "annotation_index": len(annotations) - 1}
                told = self._tell("response.output_text.annotation.added", **place, annotation=annotations[-1])
                return begun + told
            case Started():
                return self._start()
            case Counted(usage):
                self._usage = usage
            case Stopped(reason):
                self._reason = reason
        return b""

    def end(self) -> bytes:
        closed = self._start() + self._close() + b"".join(self._close_call(place) for place in self._calls.values())
        response = self._response(self._output, self._reason, self._usage)
        kind = "response.completed" if response["status"] == "completed" else "response.incomplete"
        return closed + self._tell(kind, response=response)

    def failure(self, error: ApiError) -> bytes:
        told = error.body("openai")["error"]
        failed = {**self._head, "status": "failed", "output": self._output, "incomplete_details": None, "usage": None}
        failed["error"] = {"code": told["code"] or "server_error", "message": told["message"]}
        return self._tell("response.failed", response=failed)

    def whole(self, events: Sequence[Event]) -> dict[str, Any]:
        answer = Answer(events)
        return self._response([_item(block) for block in answer.blocks], answer.reason, answer.usage)

    def _response(self, output: list[dict[str, Any]], reason: StopReason, usage: TokenCounts | None) -> dict[str, Any]:
        why = {"length": "max_output_tokens", "filtered": "content_filter"}.get(reason)
        return {
            **self._head,
            "status": "incomplete" if why else "completed",
            "incomplete_details": {"reason": why} if why else None,
            "error": None,
            "output": output,
            "usage": None if usage is None else _usage(usage),
        }

    def _start(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        begun = {**self._head, "status": "in_progress", "output": [], "error": None, "incomplete_details": None}
        begun["usage"] = None
        return self._tell("response.created", response=begun) + self._tell("response.in_progress", response=begun)

    def _within(self, kind: _Kind) -> bytes:
        """The start of an item of that kind, unless one is open."""
        if self._open == kind:
            return b""
        begun = self._start() + self._close()
        self._open = kind
        if kind == "message":
            self._item = {
                "id": new_id("msg_"),
                "type": kind,
                "role": "assistant",
                "status": "in_progress",
                "content": [],
            }
        else:
            self._item = {"id": new_id("rs_"), "type": kind, "summary": []}
        begun += self._tell("response.output_item.added", output_index=len(self._output), item=self._item)
        if kind == "message":
            part: dict[str, Any] = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            begun += self._tell("response.content_part.added", **self._part(), part=part)
            self._item["content"].append(part)
        else:
            part = {"type": "summary_text", "text": ""}
            begun += self._tell("response.reasoning_summary_part.added", **self._part("summary_index"), part=part)
            self._item["summary"].append(part)
        return begun

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        if self._open == "message":
            part = self._item["content"][0]
            closed = self._tell("response.output_text.done", **self._part(), text=part["text"], logprobs=[])
            closed += self._tell("response.content_part.done", **self._part(), part=part)
            self._item["status"] = "completed"
        else:
            part, place = self._item["summary"][0], self._part("summary_index")
            closed = self._tell("response.reasoning_summary_text.done", **place, text=part["text"])
            closed += self._tell("response.reasoning_summary_part.done", **place, part=part)
        return closed + self._done()

    def _done(self) -> bytes:
        told = self._tell("response.output_item.done", output_index=len(self._output), item=self._item)
        self._output.append(self._item)
        self._open = None
        return told

    def _at_once(self, item: dict[str, Any]) -> bytes:
        begun = self._start() + self._close()
        self._item = item
        added = self._tell("response.output_item.added", output_index=len(self._output), item=item)
        return begun + added + self._done()

    def _call(self, delta: ToolCallDelta) -> bytes:
        begun = b""
        if (place := self._calls.get(delta.index)) is None:
            begun = self._start() + self._close()
            place = self._calls[delta.index] = len(self._output)
            item = _call(delta.id, delta.name, "", "in_progress")
            begun += self._tell("response.output_item.added", output_index=place, item=item)
            self._output.append(item)  # its place is taken; providers may write several calls at a time
        item = self._output[place]
        if not delta.arguments:
            return begun
        item["arguments"] += delta.arguments
        where = {"item_id": item["id"], "output_index": place}
        return begun + self._tell("response.function_call_arguments.delta", **where, delta=delta.arguments)

    def _close_call(self, place: int) -> bytes:
        item = self._output[place]
        item["status"], item["arguments"] = "completed", item["arguments"] or "{}"
        where = {"item_id": item["id"], "output_index": place, "name": item["name"]}
        closed = self._tell("response.function_call_arguments.done", **where, arguments=item["arguments"])
        return closed + self._tell("response.output_item.done", output_index=place, item=item)

    def _part(self, index: str = "content_index") -> dict[str, Any]:
        return {"item_id": self._item["id"], "output_index": len(self._output), index: 0}

    def _tell(self, kind: str, **fields: Any) -> bytes:
        told = frame({"type": kind, "sequence_number": self._number, **fields}, kind)
        self._number += 1
        return told


def _is_ours(signature: str) -> bool:
    return signature.startswith("rs_")


def _echo(request: Request) -> dict[str, Any]:
    """What a response repeats of its request; the official clients want these fields to be there."""
    return {
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": request.parallel_tools is not False,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "max_output_tokens": request.max_tokens,
        "previous_response_id": None,
        "tool_choice": request.tool_choice.mode if request.tool_choice and not request.tool_choice.name else "auto",
        "tools": [],
        "store": False,
    }


def _item(block: Block) -> dict[str, Any]:
    match block:
        case WrittenText(text, sources):
            annotations = list(map(_annotation, sources))
            part = {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}
            return {
                "id": new_id("msg_"),
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [part],
            }
        case Thought(text, signature, redacted):
            item: dict[str, Any] = {"id": new_id("rs_"), "type": "reasoning", "summary": []}
            if text:
                item["summary"] = [{"type": "summary_text", "text": text}]
            if redacted:
                item["encrypted_content"] = REDACTED + redacted
            elif signature:
                item["encrypted_content"] = signature if _is_ours(signature) else SIGNED + signature
            return item
        case Call(id, name, arguments):
            return _call(id, name, arguments or "{}", "completed")
        case Picture():
            return _picture(block)


def _call(id: str, name: str, arguments: str, status: str) -> dict[str, Any]:
    call_id = id or new_id("call_")
    head = {"id": new_id("fc_"), "type": "function_call", "call_id": call_id}
    return {**head, "name": name, "arguments": arguments, "status": status}


def _picture(picture: Picture) -> dict[str, Any]:
    result = b64encode(picture.data).decode() or picture.url
    return {"id": new_id("ig_"), "type": "image_generation_call", "status": "completed", "result": result}


def _annotation(source: Source) -> dict[str, Any]:
    return {"type": "url_citation", "url": source.url, "title": source.title, "start_index": 0, "end_index": 0}


def _usage(usage: TokenCounts) -> dict[str, Any]:
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.completion,
    }
