"""POST /v1/chat/completions: the bodies and frames of each generation."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from typing import Any

from tests.emulators.gateway.catalogue import Behaviour, tokens

USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
NO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
PARTIAL = {"nothing", "error", "cut", "hang"}


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes, and when they are sent: seconds after the first."""

    at: float
    data: bytes


def dump(value: Any) -> bytes:
    """JSON as both generations write it: compact, and UTF-8 as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def event(data: Any, name: str = "") -> bytes:
    return (f"event: {name}\n" if name else "").encode() + b"data: " + dump(data) + b"\n\n"


DONE = b"data: [DONE]\n\n"


def spoken(behaviour: Behaviour, text: str) -> list[tuple[float, str]]:
    """The tokens of the answer that are said, each with its time."""
    said = tokens(text)
    if behaviour.end in PARTIAL:
        said = said[: len(said) * 2 // 3]
    pace = behaviour.tokens_per_second
    return [(behaviour.first_token + (n / pace if pace else 0.0), token) for n, token in enumerate(said)]


def stream(generation: str, model: str, behaviour: Behaviour, text: str, *, usage: bool) -> list[Piece]:
    """Every frame of the answer up to its end, as its generation writes them."""
    new = generation == "C"
    head: dict[str, Any] = {"id": "chatcmpl-up1", "object": "chat.completion.chunk", "created": 1700000000}
    if new:
        head |= {"id": "chatcmpl-msg_1795224152397_pjj2skknq", "created": int(time.time()), "model": model}
    else:
        head |= {"model": model.partition(":")[2], "system_fingerprint": "fp_x"}

    def chunk(at: float, delta: dict[str, Any], finish: str | None = None, **more: Any) -> Piece:
        choice: dict[str, Any] = {"index": 0, "delta": delta}
        choice |= {"finish_reason": finish} if new else {"logprobs": None, "finish_reason": finish}
        return Piece(at, event(head | {"choices": [choice]} | more))

    # v2 holds everything back, headers too, until the model has said something.
    pieces = [chunk(behaviour.first_token if new else 0.0, {"role": "assistant"} | ({} if new else {"content": ""}))]
    if not text and behaviour.end == "nothing" and not new:  # a provider that answers JSON in place of a stream
        return [Piece(0.0, DONE)]
    pieces += [chunk(behaviour.first_token, {"reasoning_content": thought}) for thought in behaviour.reasoning]
    pieces += [chunk(at, {"content": token}) for at, token in spoken(behaviour, text)]
    end = pieces[-1].at
    for picture in behaviour.pictures:
        url = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
        pieces.append(chunk(end, {"images": [{"type": "image_url", "image_url": {"url": url}}]}))
    for index, (name, arguments) in enumerate(behaviour.rounds[0] if behaviour.rounds else ()):
        opened = {"index": index, "id": f"call_{index}_{name}", "type": "function"}
        # v2 sends each call whole, v1.x as the provider does: bit by bit.
        parts = [arguments] if new else [arguments[at : at + 7] for at in range(0, max(1, len(arguments)), 7)]
        pieces.append(chunk(end, {"tool_calls": [opened | {"function": {"name": name, "arguments": parts[0]}}]}))
        for part in parts[1:]:
            pieces.append(chunk(end, {"tool_calls": [{"index": index, "function": {"arguments": part}}]}))
    if behaviour.end == "tool_calls" and not behaviour.rounds:
        call = {"name": "get_weather", "arguments": '{"city":"Paris"}'}
        pieces.append(chunk(end, {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": call}]}))
    if behaviour.end == "error":
        if not text and not new:
            pieces.clear()
        fault = ("Internal server error", "internal_error") if new else ("Stream processing error", "stream_error")
        return [
            *pieces,
            Piece(end, event({"error": {"message": fault[0], "type": "server_error", "code": fault[1]}})),
        ]
    if behaviour.end in {"cut", "hang"}:
        return pieces
    if new:
        known = behaviour.end != "nothing"
        finish = behaviour.end if known else "stop"
        pieces.append(chunk(end, {}, finish, usage=USAGE if known else NO_USAGE))
    elif behaviour.end != "nothing":
        pieces.append(chunk(end, {}, behaviour.end))
        if usage:
            pieces.append(Piece(end, event(head | {"choices": [], "usage": USAGE})))
    return [*pieces, Piece(end, DONE)]


def whole(generation: str, model: str, behaviour: Behaviour, text: str) -> dict[str, Any]:
    """The answer to a request that did not ask for a stream."""
    new = generation == "C"
    message: dict[str, Any] = {"role": "assistant", "content": text or (None if new else "")}
    message |= {"refusal": None} if new else {}
    message |= {"reasoning_content": "".join(behaviour.reasoning)} if behaviour.reasoning else {}
    finish = "stop" if behaviour.end in PARTIAL else behaviour.end
    return {
        "id": "chatcmpl-up1",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model if new else model.partition(":")[2],
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": USAGE,
    }


def refusal(generation: str, status: int, message: str) -> tuple[int, dict[str, Any]]:
    """How a provider's refusal comes out of the gateway."""
    if generation == "C":
        return _new_refusal(status, message)
    if status == 0:
        return _old(500, "Connection error.", "internal_error")
    message = f"{status} {message}"
    if "API key" in message or "authentication" in message:
        return _old(401, message, "invalid_api_key", "authentication_error")
    if "rate limit" in message or "quota" in message:
        return _old(429, message, "rate_limit_exceeded", "rate_limit_error")
    if "timeout" in message or "connection" in message:
        return _old(502, message, "upstream_error")
    return _old(500, message, "internal_error")


def _old(status: int, message: str, code: str, kind: str = "server_error") -> tuple[int, dict[str, Any]]:
    return status, {"error": {"message": message, "type": kind, "code": code}}


def _new_refusal(status: int, message: str) -> tuple[int, dict[str, Any]]:
    if status == 0:
        return _old(500, "Internal server error", "internal_error")
    if status == 502:
        return _old(502, "Bad Gateway", "internal_error")
    kind, code = {
        401: ("authentication_error", "invalid_api_key"),
        403: ("forbidden_error", "forbidden"),
        404: ("not_found_error", "not_found"),
        429: ("rate_limit_error", "rate_limit_exceeded"),
    }.get(status, ("invalid_request_error", "bad_request") if status < 500 else ("server_error", "internal_error"))
    return _old(status, message, code, kind)
