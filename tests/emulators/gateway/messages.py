"""POST /v1/messages: the bodies and frames of v1.7 to v1.9 (generation B) and of v2 (C)."""

from __future__ import annotations

from hashlib import sha256
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

    def block(kind: str, parts: list[tuple[float, str]], signature: str = "") -> None:
        nonlocal blocks
        field = "text" if kind == "text" else "thinking"
        signed = {"signature": ""} if kind == "thinking" else {}
        say(parts[0][0], "content_block_start", index=blocks, content_block={"type": kind, field: "", **signed})
        for at, part in parts:
            say(at, "content_block_delta", index=blocks, delta={"type": f"{field}_delta", field: part})
        if signature:
            delta = {"type": "signature_delta", "signature": signature}
            say(parts[-1][0], "content_block_delta", index=blocks, delta=delta)
        say(parts[-1][0], "content_block_stop", index=blocks)
        blocks += 1

    message = {"id": "msg_up1", "type": "message", "role": "assistant", "content": [], "usage": counts}
    message["model"] = model if new else model.partition(":")[2]
    say(begin, "message_start", message=message | {"stop_reason": None, "stop_sequence": None})
    if behaviour.reasoning:
        thought = [(behaviour.first_token, part) for part in behaviour.reasoning]
        block("thinking", thought, signature_of("".join(behaviour.reasoning)))
    for secret in behaviour.hidden:
        redacted = {"type": "redacted_thinking", "data": sealed(secret)}
        say(behaviour.first_token, "content_block_start", index=blocks, content_block=redacted)
        say(behaviour.first_token, "content_block_stop", index=blocks)
        blocks += 1
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


def signature_of(thought: str) -> str:
    """What the API signs a thought with, so that it knows whether one that comes back is as it was."""
    return f"sig-{sha256(thought.encode()).hexdigest()[:16]}"


def sealed(thought: str) -> str:
    return f"sealed-{sha256(thought.encode()).hexdigest()[:16]}"


_KINDS = {"budget": "enabled", "adaptive": "adaptive"}
_OTHER_KIND = {
    "budget": "adaptive thinking is not supported on this model",
    "adaptive": '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
    '"output_config.effort" to control thinking behavior.',
}


def unthinkable(body: dict[str, Any], behaviour: Behaviour) -> str:
    """Why the API refuses a request for what it says of thinking, in its own words; empty where it does not."""
    limit, model = behaviour.max_tokens, str(body["model"]).partition(":")[2]
    if limit and body["max_tokens"] > limit:
        maximum = "which is the maximum allowed number of output tokens for"
        return f"max_tokens: {body['max_tokens']} > {limit}, {maximum} {model}"
    if not behaviour.thinking:
        return ""
    thinking = body.get("thinking") or {}
    if thinking and thinking["type"] != _KINDS[behaviour.thinking]:
        return _OTHER_KIND[behaviour.thinking]
    if thinking and "temperature" in body:
        return "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode."
    if thinking.get("type") == "enabled" and not 1024 <= thinking["budget_tokens"] < body["max_tokens"]:
        return "`max_tokens` must be greater than `thinking.budget_tokens`."
    begin = max((at for at, each in enumerate(body["messages"]) if _is_asked(each)), default=0)
    for at, message in enumerate(body["messages"][begin:], begin):
        blocks = message["content"]
        if message["role"] != "assistant" or isinstance(blocks, str):
            continue
        for place, block in enumerate(blocks):
            if block["type"] == "thinking" and block["signature"] != signature_of(block["thinking"]):
                return f"messages.{at}.content.{place}: Invalid `signature` in `thinking` block"
        thought = blocks[0]["type"] in {"thinking", "redacted_thinking"}
        if thinking.get("type") == "enabled" and not thought:
            return (
                f"messages.{at}.content.0.type: Expected `thinking` or `redacted_thinking`, but found "
                f"`{blocks[0]['type']}`. When `thinking` is enabled, a final `assistant` message must start with a "
                "thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks). We recommend you "
                "include thinking blocks from previous turns. To avoid this requirement, disable `thinking`."
            )
    return ""


def _is_asked(message: dict[str, Any]) -> bool:
    content = message["content"]
    return message["role"] == "user" and (isinstance(content, str) or content[0]["type"] != "tool_result")


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
