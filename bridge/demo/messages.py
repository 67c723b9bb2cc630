"""Anthropic's dialect, `/v1/messages`, as v1.7 to v1.9 pass it through."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

from aiohttp import web

from bridge.demo.performance import Ending, Kind, Refusal
from bridge.demo.wire import DONE, STREAM_HEADERS, Rejected, dump, frame, reply
from bridge.events import Usage

_STOP: dict[Ending, str] = {"length": "max_tokens", "filtered": "refusal"}
_BROKEN = frame({"type": "error", "error": {"type": "api_error", "message": "Stream processing error"}})
_SIGNATURE = "demo"
"""Providers sign what was thought; nobody checks this one."""


class MessagesDialect:
    def __init__(self, model: str) -> None:
        self._message: dict[str, Any] = {
            "id": f"msg_demo_{token_hex(8)}",
            "type": "message",
            "role": "assistant",
            "model": model,
        }
        self._open: Kind | None = None
        self._index = -1

    def opening(self, usage: Usage) -> bytes:
        counted = {"input_tokens": usage.prompt_tokens, "output_tokens": 1}
        begun = {**self._message, "content": [], "stop_reason": None, "stop_sequence": None, "usage": counted}
        return _event("message_start", message=begun)

    def delta(self, kind: Kind, text: str) -> bytes:
        told = b""
        if kind != self._open:
            told += self._close()
            self._open = kind
            self._index += 1
            block = {"type": "text", "text": ""}
            if kind == "reasoning":
                block = {"type": "thinking", "thinking": "", "signature": ""}
            told += _event("content_block_start", index=self._index, content_block=block)
        delta = {"type": "text_delta", "text": text}
        if kind == "reasoning":
            delta = {"type": "thinking_delta", "thinking": text}
        return told + _event("content_block_delta", index=self._index, delta=delta)

    def closing(self, ending: Ending, usage: Usage) -> bytes:
        delta = {"stop_reason": _STOP.get(ending, "end_turn"), "stop_sequence": None}
        last = _event("message_delta", delta=delta, usage={"output_tokens": usage.completion_tokens})
        return self._close() + last + _event("message_stop") + DONE

    def unfinished(self) -> bytes:
        return DONE

    def broken(self) -> bytes:
        return _BROKEN

    def whole(self, reasoning: str, text: str, ending: Ending, usage: Usage) -> dict[str, Any]:
        content = []
        if reasoning:
            content.append({"type": "thinking", "thinking": reasoning, "signature": _SIGNATURE})
        if text:
            content.append({"type": "text", "text": text})
        return {
            **self._message,
            "content": content,
            "stop_reason": _STOP.get(ending, "end_turn"),
            "stop_sequence": None,
            "usage": {"input_tokens": usage.prompt_tokens, "output_tokens": usage.completion_tokens},
        }

    def refusal(self, refusal: Refusal, *, stream: bool) -> web.Response:
        if stream:  # the gateway has already answered 200 when it learns of it, and does not say what it was
            return web.Response(body=_BROKEN, headers=STREAM_HEADERS)
        inner = {"type": "error", "error": {"type": refusal.type, "message": refusal.message}}
        told = f"{refusal.status} {dump({**inner, 'request_id': f'req_demo_{token_hex(8)}'}).decode()}"
        return _error(refusal.status, "error", told)

    def failure(self, message: str) -> web.Response:
        return _error(500, "api_error", message)

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        told = b""
        if self._open == "reasoning":
            delta = {"type": "signature_delta", "signature": _SIGNATURE}
            told = _event("content_block_delta", index=self._index, delta=delta)
        return told + _event("content_block_stop", index=self._index)


def rejection(rejected: Rejected) -> web.Response:
    """The gateway's own refusal."""
    if not rejected.code:
        return reply({"error": {"message": rejected.message, "type": "server_error"}}, rejected.status)
    return _error(rejected.status, "invalid_request_error", rejected.message)


def _error(status: int, kind: str, message: str) -> web.Response:
    return reply({"type": "error", "error": {"type": kind, "message": message}}, status)


def _event(type: str, **fields: Any) -> bytes:
    return frame({"type": type, **fields}, type)
