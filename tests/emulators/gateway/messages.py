"""POST /v1/messages: the bodies and frames of v1.7 to v1.9 (generation B) and of v2 (C)."""

from __future__ import annotations

from typing import Any

from tests.emulators.gateway.catalogue import Behaviour
from tests.emulators.gateway.chat import DONE, Piece, dump, event, spoken

_STOPS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal", "tool_calls": "tool_use"}


def stream(generation: str, model: str, behaviour: Behaviour, text: str) -> list[Piece]:
    new = generation == "C"
    counts = {"input_tokens": 0, "output_tokens": 0} if new else {"input_tokens": 11, "output_tokens": 1}
    begin = behaviour.first_token if new else 0.0
    pieces: list[Piece] = []
    blocks = 0

    def say(at: float, kind: str, **more: Any) -> None:
        pieces.append(Piece(at, event({"type": kind} | more, kind)))

    def block(kind: str, parts: list[tuple[float, str]]) -> None:
        nonlocal blocks
        field = "text" if kind == "text" else "thinking"
        say(parts[0][0], "content_block_start", index=blocks, content_block={"type": kind, field: ""})
        for at, part in parts:
            say(at, "content_block_delta", index=blocks, delta={"type": f"{field}_delta", field: part})
        say(parts[-1][0], "content_block_stop", index=blocks)
        blocks += 1

    message = {"id": "msg_up1", "type": "message", "role": "assistant", "content": [], "usage": counts}
    message["model"] = model if new else model.partition(":")[2]
    say(begin, "message_start", message=message | {"stop_reason": None, "stop_sequence": None})
    if behaviour.reasoning:
        block("thinking", [(behaviour.first_token, thought) for thought in behaviour.reasoning])
    if said := spoken(behaviour, text):
        block("text", said)
    end = pieces[-1].at
    for number, (name, arguments) in enumerate(behaviour.rounds[0] if behaviour.rounds else ()):
        used = {"type": "tool_use", "id": f"toolu_{number}_{name}", "name": name, "input": {}}
        say(end, "content_block_start", index=blocks, content_block=used)
        for at in range(0, len(arguments), 7):
            part = {"type": "input_json_delta", "partial_json": arguments[at : at + 7]}
            say(end, "content_block_delta", index=blocks, delta=part)
        say(end, "content_block_stop", index=blocks)
        blocks += 1
    if behaviour.end == "error":
        return [*pieces, Piece(end, failed(new=new))]
    if behaviour.end in {"cut", "hang"}:
        return pieces[:-1]
    usage = {"output_tokens": 7} | ({"input_tokens": 11} if new else {})
    reason = _STOPS.get(behaviour.end)
    if reason or new:
        stop = {"stop_reason": reason or "end_turn", "stop_sequence": None}
        say(end, "message_delta", delta=stop, usage=usage)
        say(end, "message_stop")
    return pieces if new else [*pieces, Piece(end, DONE)]


def failed(*, new: bool) -> bytes:
    """The frame that stands for any failure once the stream is open, or, in B, before."""
    message = "Internal server error" if new else "Stream processing error"
    return event({"type": "error", "error": {"type": "api_error", "message": message}}, "error" if new else "")


def whole(generation: str, model: str, behaviour: Behaviour, text: str) -> dict[str, Any]:
    return {
        "id": "msg_up1",
        "type": "message",
        "role": "assistant",
        "model": model if generation == "C" else model.partition(":")[2],
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": _STOPS.get(behaviour.end, "end_turn"),
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 7},
    }


def refusal(generation: str, status: int, message: str) -> tuple[int, dict[str, Any]]:
    """A provider's refusal of a request that did not ask for a stream (B), or of any (C)."""
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "invalid_request_error" if 400 <= status < 500 else "api_error")
    if generation == "C":
        return status or 500, invalid(message or "Internal server error", kind)
    inner = dump(invalid(message, kind) | {"request_id": "req_a1"}).decode()
    return status or 500, invalid(f"{status or 500} {inner}", "error")


def invalid(message: str, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}
