"""``/v1/messages``, as Anthropic speaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from bridge.events import ToolCallDelta
from bridge.gateway.dialects.chat import content_to_send
from bridge.gateway.dialects.fields import (
    FinishReason,
    Parameters,
    as_count,
    as_dict,
    as_finish_reason,
    as_list,
    as_text,
)
from bridge.gateway.dialects.frame import Extra, Frame, Plain, ThoughtPart
from bridge.gateway.dialects.parts import read_content
from bridge.gateway.dialects.sources import read_annotations, read_citation
from bridge.gateway.dialects.tools import holds_tools, messages_tool_message
from bridge.gateway.error_body import read_error
from bridge.gateway.pictures import LoadedPictures
from bridge.sampling import Sampling
from bridge.types import ChatMessage, ModelId, Thought

PATH = "/v1/messages"


def messages_body(model: ModelId, messages: Sequence[ChatMessage], pictures: LoadedPictures) -> dict[str, Any]:
    """The request's body, but for `max_tokens`, which it needs. System messages have a field of their own here, and the
    first message is a person's."""

    def picture(mime: str, base64: str) -> dict[str, Any]:
        return {"type": "image", "source": {"type": "base64", "media_type": mime, "data": base64}}

    system = "\n\n".join(message.text for message in messages if message.role == "system")
    said = [message for message in messages if message.role != "system"]
    while said and said[0].role != "user":
        del said[0]
    talk = [
        messages_tool_message(message)
        if holds_tools(message)
        else {"role": message.role, "content": content_to_send(message, pictures, picture)}
        for message in said
    ]
    body: dict[str, Any] = {"model": str(model), "messages": talk, "stream": True}
    return body | {"system": system} if system else body


def messages_parameters(sampling: Sampling, *, thinks: bool) -> Parameters:
    """What is set of `sampling`, except for the limit of tokens and the effort.

    While it `thinks`, a model takes no temperature, and no `top_p` below 0.95.
    """
    temperature, top_p = sampling.temperature, sampling.top_p
    values = {
        "temperature": ("temperature", None if temperature is None or thinks else min(temperature, 1.0)),
        "top_p": ("top_p", None if thinks and top_p is not None and top_p < 0.95 else top_p),
        "stop_sequences": ("stop", list(sampling.stop) or None),
    }
    return {name: each for name, each in values.items() if each[1] is not None}


class _TextDelta(Struct, gc=False, tag_field="type", tag="text_delta"):
    text: str


class _ThinkingDelta(Struct, gc=False, tag_field="type", tag="thinking_delta"):
    thinking: str


class _BlockDelta(Struct, gc=False, tag_field="type", tag="content_block_delta"):
    delta: _TextDelta | _ThinkingDelta
    error: None = None


_decode = msgspec.json.Decoder(_BlockDelta).decode


def messages_plain(event: bytes) -> Plain | None:
    """The text or the thought of a ``content_block_delta`` that holds nothing else; None for any other event."""
    try:
        delta = _decode(event).delta
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return (delta.text, "") if isinstance(delta, _TextDelta) else ("", delta.thinking)


def messages_frame(data: dict[str, Any]) -> Frame:
    """Any event. v1.x drops pings and adds ``[DONE]``; v2 does neither."""
    match data.get("type"):
        case "message_start":
            message = as_dict(data.get("message"))
            return _counted(message.get("usage"))._replace(model=as_text(message.get("model")))
        case "content_block_start":
            return _block(as_count(data.get("index")), as_dict(data.get("content_block")))
        case "content_block_delta":
            delta = as_dict(data.get("delta"))
            extras: tuple[Extra, ...] = tuple(read_citation(delta.get("citation")))
            if isinstance(more := delta.get("partial_json"), str):
                extras = (*extras, ToolCallDelta(as_count(data.get("index")), arguments=more))
            signature = as_text(delta.get("signature"))
            thoughts = (ThoughtPart(signature),) if signature else ()
            return Frame(as_text(delta.get("text")), as_text(delta.get("thinking")), extras=extras, thoughts=thoughts)
        case "content_block_stop":
            return Frame(thoughts=(ThoughtPart(over=True),))
        case "message_delta":
            return _counted(data.get("usage"), as_finish_reason(as_dict(data.get("delta")).get("stop_reason")))
        case "message_stop":
            return Frame(done_seen=True)
        case "message":  # a whole answer, where a provider does not stream
            frame = _counted(data.get("usage"), as_finish_reason(data.get("stop_reason")))
            blocks = [_block(index, as_dict(block)) for index, block in enumerate(as_list(data.get("content")))]
            return frame._replace(
                content="".join(block.content for block in blocks),
                reasoning="".join(block.reasoning for block in blocks),
                extras=tuple(extra for block in blocks for extra in block.extras),
                thoughts=tuple(filter(None, (_whole_thought(as_dict(each)) for each in as_list(data.get("content"))))),
                model=as_text(data.get("model")),
            )
    return Frame(error=read_error(data)) if data.get("error") else Frame()


def _block(index: int, block: dict[str, Any]) -> Frame:
    """A block as it begins, or, where the answer is not streamed, as it is."""
    if block.get("type") == "tool_use":
        arguments = block.get("input")
        written = msgspec.json.encode(arguments).decode() if arguments else ""
        return Frame(extras=(ToolCallDelta(index, as_text(block.get("id")), as_text(block.get("name")), written),))
    if block.get("type") == "web_search_tool_result":
        return Frame(extras=tuple(read_annotations(block.get("content"))))
    redacted = as_text(block.get("data")) if block.get("type") == "redacted_thinking" else ""
    signature = as_text(block.get("signature"))
    content = read_content([block])
    return Frame(
        content.text,
        content.reasoning,
        extras=(*content.extras, *read_annotations(block.get("citations"))),
        thoughts=(Thought(redacted=redacted),) if redacted else (ThoughtPart(signature),) if signature else (),
    )


def _whole_thought(block: dict[str, Any]) -> Thought | None:
    """The thought that a block of an answer which is not streamed holds."""
    match block.get("type"):
        case "thinking":
            return Thought(as_text(block.get("thinking")), as_text(block.get("signature")))
        case "redacted_thinking":
            return Thought(redacted=as_text(block.get("data")))
    return None


def _counted(usage: Any, finish: FinishReason | None = None) -> Frame:
    """Anthropic counts what it read from or wrote to its cache apart from the other input."""
    counts = as_dict(usage)
    read = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return Frame(
        finish=finish,
        prompt_tokens=sum(as_count(counts.get(name)) for name in read),
        completion_tokens=as_count(counts.get("output_tokens")),
    )
