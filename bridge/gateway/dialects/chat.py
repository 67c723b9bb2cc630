"""``/v1/chat/completions``, as OpenAI speaks."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from bridge.events import Unsupported
from bridge.gateway.dialects.fields import Parameters, as_count, as_dict, as_finish_reason, as_list, as_text
from bridge.gateway.dialects.frame import Extra, Frame, Plain
from bridge.gateway.dialects.parts import Content, read_content, read_picture
from bridge.gateway.dialects.sources import read_annotations, read_sources
from bridge.gateway.dialects.tools import chat_tool_messages, holds_tools, read_tool_calls
from bridge.gateway.error_body import read_error
from bridge.gateway.pictures import LoadedPictures
from bridge.sampling import Sampling
from bridge.types import ChatMessage, Image, ModelId, Text

PATH = "/v1/chat/completions"


def chat_body(
    model: ModelId, messages: Sequence[ChatMessage], pictures: LoadedPictures, *, with_thoughts: bool = False
) -> dict[str, Any]:
    """The request's body, with nothing in it but what every generation of the gateway understands.

    Pictures go as data URLs: v2 would download a link by itself, and refuse one into a private network.
    """

    def picture(mime: str, base64: str) -> dict[str, Any]:
        return {"type": "image_url", "image_url": {"url": f"data:{mime};base64,{base64}"}}

    def written(message: ChatMessage) -> Iterator[dict[str, Any]]:
        if holds_tools(message):
            yield from chat_tool_messages(message, with_thoughts=with_thoughts)
        else:
            yield {"role": message.role, "content": content_to_send(message, pictures, picture)}

    return {
        "model": str(model),
        "messages": [each for message in messages for each in written(message)],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def chat_parameters(sampling: Sampling) -> Parameters:
    """What is set of `sampling`, except for the limit of tokens."""
    values = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "stop": list(sampling.stop) or None,
        "reasoning_effort": sampling.reasoning_effort,
    }
    return {name: (name, value) for name, value in values.items() if value is not None}


def content_to_send(
    message: ChatMessage, pictures: LoadedPictures, picture: Callable[[str, str], dict[str, Any]]
) -> str | list[dict[str, Any]]:
    """Text alone as a string, which every server takes; anything more as a list of content parts.

    `picture` makes a part of a MIME type and a content in Base64. Parts of other kinds are not sent.
    """
    parts: list[dict[str, Any]] = []
    for part in message.parts:
        match part:
            case Text(text):
                parts.append({"type": "text", "text": text})
            case Image(media) if media.digest in pictures:
                mime, content = pictures[media.digest]
                parts.append(picture(mime, b2a_base64(content, newline=False).decode()))
    if all(part["type"] == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return [part for part in parts if part.get("text") != ""]


class _Delta(Struct, gc=False):
    """A delta that holds nothing but these two. What else `chat_frame` reads has to be null or missing."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: None = None
    tool_calls: None = None
    function_call: None = None
    images: None = None
    image: None = None
    audio: None = None
    annotations: None = None
    citations: None = None
    sources: None = None


class _Choice(Struct, gc=False):
    delta: _Delta
    index: int = 0
    finish_reason: None = None
    message: None = None
    groundingMetadata: None = None
    grounding_metadata: None = None


class _Chunk(Struct, gc=False):
    choices: tuple[_Choice]
    usage: None = None
    error: None = None
    citations: None = None
    search_results: None = None
    search_info: None = None
    references: None = None
    web_search: None = None
    groundingMetadata: None = None
    grounding_metadata: None = None
    sources: None = None


_decode = msgspec.json.Decoder(_Chunk).decode


def chat_plain(event: bytes) -> Plain | None:
    """The content and reasoning of a chunk that holds nothing else; None for any other event.

    It takes a fifth of the time that `json.loads` and `chat_frame` take.
    """
    try:
        choice = _decode(event).choices[0]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if choice.index:
        return None
    delta = choice.delta
    return delta.content or "", delta.reasoning_content or delta.reasoning or ""


def chat_frame(data: dict[str, Any]) -> Frame:
    """A chunk, or a whole answer where a provider does not stream."""
    usage = as_dict(data.get("usage"))
    choices = map(as_dict, as_list(data.get("choices")))
    choice = next((each for each in choices if each.get("index", 0) == 0), {})
    delta = as_dict(choice.get("delta")) or as_dict(choice.get("message"))
    content = read_content(delta.get("content"))
    return Frame(
        content=content.text or as_text(delta.get("refusal")),
        reasoning=as_text(delta.get("reasoning_content")) or as_text(delta.get("reasoning")) or content.reasoning,
        finish=as_finish_reason(choice.get("finish_reason")),
        prompt_tokens=as_count(usage.get("prompt_tokens")),
        completion_tokens=as_count(usage.get("completion_tokens")),
        error=read_error(data) if data.get("error") or data.get("object") == "error" else None,
        model=as_text(data.get("model")),
        extras=_extras(data, delta, content),
    )


def _extras(data: dict[str, Any], delta: dict[str, Any], content: Content) -> tuple[Extra, ...]:
    images = [*as_list(delta.get("images")), delta.get("image")]
    return (
        *content.extras,
        *([Unsupported("audio")] if as_dict(delta.get("audio")).get("data") else []),
        *(extra for image in images if (extra := read_picture(image)) is not None),
        *read_sources(data),
        *read_sources(as_dict((as_list(data.get("choices")) or [None])[0])),
        *read_sources(delta),
        *read_annotations(delta.get("annotations")),
        *read_tool_calls(delta),
    )
