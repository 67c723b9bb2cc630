"""What a completion yields beside text, and how it asks again for less."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest

from bridge.errors import AnswerEmpty, ContextTooLong
from bridge.events import Event, Finished, Picture, ReasoningDelta, Source, TextDelta, Usage
from bridge.gateway import Gateway
from bridge.types import ChatMessage, ModelId
from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.gateway.seen import Seen, watched
from tests.gateway.server import DONE, HEAD, HELLO, ask, chunk, hear, serving

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
PNG_URL = "data:image/png;base64," + base64.b64encode(PNG).decode()
MODEL = ModelId("a", "b")


def frame(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def delta(finish: str | None = None, **fields: Any) -> bytes:
    """A chunk of the chat dialect with these fields in its delta."""
    return frame({"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]})


async def see(frames: bytes) -> Seen:
    async with serving(HEAD + frames + chunk(finish="stop") + DONE) as url, Gateway(url) as gateway:
        seen, error = await watched(ask(gateway))
    assert error is None
    return seen


async def test_one_read_is_one_piece_of_each_kind() -> None:
    thought = [delta(reasoning_content=f"t{n} ") for n in range(20)]
    said = [chunk(f"{n} ") for n in range(20)]
    body = b"".join(piece for pair in zip(thought, said, strict=True) for piece in pair)
    end = frame({"model": "x-1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}})
    async with serving(HEAD + body + chunk(finish="length") + end + DONE) as url, Gateway(url) as gateway:
        async with aclosing(ask(gateway)) as completion:
            events: list[Event] = [event async for event in completion.events()]
    assert events == [
        ReasoningDelta("".join(f"t{n} " for n in range(20))),
        TextDelta("".join(f"{n} " for n in range(20))),
        Finished("length", Usage(3, 4), "x-1"),
    ]


@pytest.mark.parametrize("model", ["fake-openai:reason", "fake-anthropic:reason", "fake-openai:thinktag"])
async def test_reasoning_is_kept(emulator: GatewayEmulator, gateway: Gateway, model: str) -> None:
    if model.startswith("fake-anthropic") and emulator.generation == "A":
        pytest.skip("v1.6 has no such providers")
    await gateway.models()
    seen, error = await watched(ask(gateway, model))
    assert error is None
    assert seen.reasoning in {"think think", "hidden"}
    assert seen.text in {"你好，world", "visible"}


@pytest.mark.parametrize(
    "part",
    [
        {"images": [{"type": "image_url", "image_url": {"url": PNG_URL}}]},
        {"content": [{"type": "image_url", "image_url": {"url": PNG_URL}}]},
        {"content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG_URL[22:]}}]},
        {"content": [{"type": "output_image", "b64_json": PNG_URL[22:]}]},
        {"content": [{"inline_data": {"mime_type": "image/png", "data": PNG_URL[22:].rstrip("=")}}]},
        {"image": {"url": PNG_URL}},
        {"images": [PNG_URL]},
    ],
    ids=lambda part: "-".join(part) + str(len(json.dumps(part)) % 97),
)
async def test_pictures_of_every_shape(part: dict[str, Any]) -> None:
    seen = await see(chunk("Here: ") + delta(**part) + delta(**part))
    assert seen.text == "Here: "
    assert seen.pictures == [Picture(data=PNG, mime="image/png")]


async def test_a_picture_alone_is_an_answer() -> None:
    seen = await see(delta(content="", images=[{"image_url": {"url": "https://a.example/cat.png"}}]))
    assert (seen.text, seen.pictures) == ("", [Picture(url="https://a.example/cat.png")])


async def test_what_cannot_be_read_is_named_once() -> None:
    audio = delta(audio={"id": "a1", "data": "AAAA"})
    seen = await see(audio + audio + delta(content=[{"type": "hologram", "beam": 1}, {"type": "reference"}]))
    assert seen.unsupported == ["audio", "hologram"]


@pytest.mark.parametrize(
    ("data", "sources"),
    [
        (
            {"citations": ["https://a.example/1", "https://b.example/2"]},
            [Source("https://a.example/1", "", 1), Source("https://b.example/2", "", 2)],
        ),
        (
            {
                "citations": ["https://a.example/1"],
                "search_results": [{"title": "A\n b", "url": "https://a.example/1"}],
            },
            [Source("https://a.example/1", "A b", 1)],
        ),
        (
            {"search_info": {"search_results": [{"index": 3, "title": "Q", "url": "https://q.example"}]}},
            [Source("https://q.example", "Q", 3)],
        ),
        ({"web_search": [{"link": "https://z.example", "title": "Z"}]}, [Source("https://z.example", "Z", 1)]),
        (
            {"groundingMetadata": {"groundingChunks": [{"web": {"uri": "https://g.example", "title": "G"}}]}},
            [Source("https://g.example", "G", 1)],
        ),
        (
            {"grounding_metadata": {"grounding_chunks": [{"web": {"uri": "https://g.example"}}]}},
            [Source("https://g.example", "", 1)],
        ),
        (
            {"citations": [{"text": "Blue", "sources": [{"document": {"url": "https://c.example", "title": "C"}}]}]},
            [Source("https://c.example", "C", 1)],
        ),
        (
            {"sources": [{"source": {"name": "web"}, "metadata": [{"source": "https://w.example", "name": "W"}]}]},
            [Source("https://w.example", "W", 1)],
        ),
        ({"citations": ["javascript:alert(1)", "file:///etc/passwd", 7, None, "https://a b"]}, []),
    ],
)
async def test_sources_beside_the_choices(data: dict[str, Any], sources: list[Source]) -> None:
    said = {"choices": [{"index": 0, "delta": {"content": "Blue [1][2]."}}]}
    seen = await see(frame(data | said) + frame(data | said))
    assert seen.text == "Blue [1][2]." * 2
    assert list(seen.sources.values()) == sources


async def test_sources_as_annotations() -> None:
    cited = {"type": "url_citation", "url_citation": {"url": "https://a.example", "title": "A", "start_index": 0}}
    seen = await see(chunk("Blue.") + delta(annotations=[cited]) + delta(annotations=[cited]))
    assert list(seen.sources.values()) == [Source("https://a.example", "A")]


async def test_tool_calls_come_bit_by_bit() -> None:
    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "search", "arguments": '{"q":'}}
    seen = await see(
        delta(tool_calls=[first])
        + delta(tool_calls=[{"index": 0, "function": {"arguments": '"sky"}'}}])
        + delta(tool_calls=[{"index": 1, "id": "call_2", "function": {"name": "clock", "arguments": "{}"}}])
    )
    assert seen.calls == {0: ("search", '{"q":"sky"}'), 1: ("clock", "{}")}
    assert seen.finished is not None


async def test_a_reader_of_text_alone_gets_no_silent_end(gateway: Gateway) -> None:
    """A reader of the text alone would otherwise show nothing at all."""
    pieces, error = await hear(ask(gateway, "fake-openai:tools"))
    assert (pieces, type(error)) == ([], AnswerEmpty)
    seen, error = await watched(ask(gateway, "fake-openai:tools"))
    assert error is None
    assert seen.calls == {0: ("get_weather", '{"city":"Paris"}')}


# -- less of the past ----------------------------------------------------------------------------------------


def shorter() -> Sequence[ChatMessage]:
    return [ChatMessage.user("short")]


async def test_what_is_too_long_is_asked_again_with_less(emulator: GatewayEmulator, gateway: Gateway) -> None:
    too_long = (400, "This model's maximum context length is 8192 tokens.")
    emulator.behave("ok", Behaviour(text=None, refusal=too_long, refusals=1))
    completion = gateway.stream(ModelId("fake-openai", "ok"), HELLO, shorter=shorter)
    seen, error = await watched(completion)
    assert (seen.text, error) == ("You said: short", None)
    assert completion.messages == shorter()
    assert len(emulator.requests) == 2


async def test_less_is_asked_for_once(emulator: GatewayEmulator, gateway: Gateway) -> None:
    _, error = await watched(gateway.stream(ModelId("fake-openai", "err400"), HELLO, shorter=shorter))
    assert isinstance(error, ContextTooLong)
    assert len(emulator.requests) == 2
    _, error = await watched(gateway.stream(ModelId("fake-openai", "err400"), HELLO, shorter=list))
    assert isinstance(error, ContextTooLong)
    assert len(emulator.requests) == 3
