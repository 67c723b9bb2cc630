"""OpenAI's dialect, `/v1/chat/completions`, as v1.7 to v1.9 pass it through."""

from __future__ import annotations

import time
from secrets import token_hex
from typing import Any

from aiohttp import web

from bridge.demo.performance import Ending, Kind, Refusal
from bridge.demo.wire import DONE, Rejected, frame, reply
from bridge.events import Usage

_FINISH: dict[Ending, str] = {"length": "length", "filtered": "content_filter"}
_FIELDS: dict[Kind, str] = {"reasoning": "reasoning_content", "text": "content"}
_BROKEN = {"error": {"message": "Stream processing error", "type": "server_error", "code": "stream_error"}}


class ChatDialect:
    """`model` is the bare name: the provider knows no other."""

    def __init__(self, model: str, *, include_usage: bool) -> None:
        self._head = {
            "id": f"chatcmpl-demo-{token_hex(8)}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": "demo",
        }
        self._chunk = {**self._head, "object": "chat.completion.chunk"}
        self._include_usage = include_usage

    def opening(self, usage: Usage) -> bytes:
        return self._frame({"role": "assistant", "content": ""})

    def delta(self, kind: Kind, text: str) -> bytes:
        return self._frame({_FIELDS[kind]: text})

    def closing(self, ending: Ending, usage: Usage) -> bytes:
        last = self._frame({}, _FINISH.get(ending, "stop"))
        if self._include_usage:
            last += frame({**self._chunk, "choices": [], "usage": _counted(usage)})
        return last + DONE

    def unfinished(self) -> bytes:
        return DONE

    def broken(self) -> bytes:
        return frame(_BROKEN)

    def whole(self, reasoning: str, text: str, ending: Ending, usage: Usage) -> dict[str, Any]:
        message = {"role": "assistant", "content": text, **({"reasoning_content": reasoning} if reasoning else {})}
        finish = _FINISH.get(ending, "stop")
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        return {**self._head, "choices": [choice], "usage": _counted(usage)}

    def refusal(self, refusal: Refusal, *, stream: bool) -> web.Response:
        # The gateway judges by words: what it does not recognize becomes a 500, with the true status in front.
        message = f"{refusal.status} {refusal.message}"
        if "API key" in message or "authentication" in message:
            return _error(401, message, "authentication_error", "invalid_api_key")
        if "rate limit" in message or "quota" in message:
            return _error(429, message, "rate_limit_error", "rate_limit_exceeded")
        return self.failure(message)

    def failure(self, message: str) -> web.Response:
        return _error(500, message, "server_error", "internal_error")

    def _frame(self, delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return frame({**self._chunk, "choices": [choice]})


def rejection(rejected: Rejected) -> web.Response:
    """The gateway's own refusal."""
    if not rejected.code:
        return reply({"error": {"message": rejected.message, "type": "server_error"}}, rejected.status)
    kind = "server_error" if rejected.status >= 500 else "invalid_request_error"
    return _error(rejected.status, rejected.message, kind, rejected.code)


def _error(status: int, message: str, kind: str, code: str) -> web.Response:
    return reply({"error": {"message": message, "type": kind, "code": code}}, status)


def _counted(usage: Usage) -> dict[str, int]:
    prompt, completion = usage.prompt_tokens, usage.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
