"""The two ways of asking for a completion, and the frames they answer with, as one kind of `Frame`.

Whatever is missing, null or of the wrong kind in a frame counts as not said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from bridge.gateway.faults import Fault, read_error
from bridge.gateway.models import Dialect
from bridge.types import ChatMessage, ModelId

Finish = Literal["stop", "length", "filtered", "failed"]

MAX_TOKENS = 8192
"""The messages dialect will not do without a limit. The most that every Claude model since 3.5 accepts; a longer
answer ends for length and can be continued."""

_FINISHES: dict[str, Finish] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",  # Mistral
    "model_context_window_exceeded": "length",  # Anthropic
    "content_filter": "filtered",
    "refusal": "filtered",  # Anthropic
    "sensitive": "filtered",  # Zhipu
    "safety": "filtered",  # Gemini, this and the next three
    "prohibited_content": "filtered",
    "blocklist": "filtered",
    "recitation": "filtered",
    "error": "failed",  # OpenRouter
    "network_error": "failed",  # Zhipu
    "insufficient_system_resource": "failed",  # DeepSeek
}
"""By finish_reason or stop_reason, in lower case; every other one is a plain end."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a completion cost, in tokens, as the provider counts them."""

    prompt_tokens: int
    completion_tokens: int


class Frame(NamedTuple):
    """What one event of a stream says. A tuple, because there is one for every token."""

    content: str = ""
    reasoning: bool = False
    finish: Finish | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    fault: Fault | None = None
    last: bool = False


def request(dialect: Dialect, model: ModelId, messages: Sequence[ChatMessage]) -> tuple[str, bytes]:
    """The path to post to, and the body. Messages without text are left out: no dialect takes them.

    Only what every generation understands is sent. Raises ValueError where no message holds text.
    """
    spoken = [message for message in messages if message.text.strip()]
    if dialect == "messages":
        body = _messages_body(model, spoken)
    else:
        body = {
            "model": str(model),
            "messages": [{"role": message.role, "content": message.text} for message in spoken],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    if not body["messages"]:
        raise ValueError("no message holds text")
    path = "/v1/messages" if dialect == "messages" else "/v1/chat/completions"
    # UTF-8 as it is: escapes would double the size of Chinese, and v1.6 takes 100 kB. A lone surrogate, which
    # UTF-8 cannot hold, becomes a question mark.
    return path, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _messages_body(model: ModelId, spoken: Sequence[ChatMessage]) -> dict[str, Any]:
    system = "\n\n".join(message.text for message in spoken if message.role == "system")
    talk = [{"role": message.role, "content": message.text} for message in spoken if message.role != "system"]
    while talk and talk[0]["role"] == "assistant":  # a conversation begins with the person here
        del talk[0]
    body: dict[str, Any] = {"model": str(model), "max_tokens": MAX_TOKENS, "messages": talk, "stream": True}
    return body | {"system": system} if system else body


def chat_frame(data: dict[str, Any]) -> Frame:
    """A chunk of the chat dialect, or a whole answer where a provider does not stream."""
    usage = _dict(data.get("usage"))
    choices = map(_dict, _list(data.get("choices")))
    choice = next((each for each in choices if each.get("index", 0) == 0), {})
    delta = _dict(choice.get("delta")) or _dict(choice.get("message"))
    content, thought = _parts(delta.get("content"))
    return Frame(
        content=content or _text(delta.get("refusal")),
        reasoning=thought or bool(_text(delta.get("reasoning_content")) or _text(delta.get("reasoning"))),
        finish=_finish(choice.get("finish_reason")),
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        fault=read_error(data) if data.get("error") or data.get("object") == "error" else None,
    )


def messages_frame(data: dict[str, Any]) -> Frame:
    """An event of the messages dialect. v1.x drops pings and adds ``[DONE]``; v2 does neither."""
    match data.get("type"):
        case "message_start":
            return _counted(_dict(data.get("message")).get("usage"))
        case "content_block_start":
            return Frame(content=_text(_dict(data.get("content_block")).get("text")))
        case "content_block_delta":
            delta = _dict(data.get("delta"))
            return Frame(content=_text(delta.get("text")), reasoning=bool(_text(delta.get("thinking"))))
        case "message_delta":
            return _counted(data.get("usage"), _finish(_dict(data.get("delta")).get("stop_reason")))
        case "message_stop":
            return Frame(last=True)
        case "message":  # a whole answer, where a provider does not stream
            frame = _counted(data.get("usage"), _finish(data.get("stop_reason")))
            return frame._replace(content=_parts(data.get("content"))[0])
    return Frame(fault=read_error(data)) if data.get("error") else Frame()


FRAMES: dict[Dialect, Callable[[dict[str, Any]], Frame]] = {"chat": chat_frame, "messages": messages_frame}


def _counted(usage: Any, finish: Finish | None = None) -> Frame:
    """Anthropic counts what it read from or wrote to its cache apart from the other input."""
    counts = _dict(usage)
    read = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return Frame(
        finish=finish,
        prompt_tokens=sum(_count(counts.get(name)) for name in read),
        completion_tokens=_count(counts.get("output_tokens")),
    )


def _parts(content: Any) -> tuple[str, bool]:
    """The text in `content`, and whether it holds thought; Mistral's reasoning models send a list of parts."""
    if not isinstance(content, list):
        return _text(content), False
    parts = [_dict(part) for part in content]
    return "".join(_text(part.get("text")) for part in parts), any(part.get("type") == "thinking" for part in parts)


def _finish(reason: Any) -> Finish | None:
    return _FINISHES.get(reason.lower(), "stop") if isinstance(reason, str) and reason else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
