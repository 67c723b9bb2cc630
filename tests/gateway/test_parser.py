"""The parts that touch no network: lines, thought, surrogates. However the bytes are cut, the text is the same."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.gateway import sse
from bridge.gateway.dialects import Dialect
from bridge.gateway.parser import CompletionParser
from bridge.gateway.sse import SseDecoder
from tests.gateway.seen import Seen, parsed
from tests.gateway.server import DONE, chunk

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<[◁"), max_size=30)
"""Without what marks begin with: of those `test_marks.py` tells."""


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(place % (len(data) + 1) for place in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@settings(deadline=None)
@given(texts=st.lists(WORDS, max_size=5), cuts=st.lists(st.integers(0, 10_000), max_size=8))
def test_any_text_through_any_cuts_and_line_ends(end: bytes, texts: list[str], cuts: list[int]) -> None:
    frames = b"".join(chunk("." + text) for text in texts) + chunk("!", "stop") + DONE
    answer = CompletionParser("chat")
    assert parsed(answer, cut(frames.replace(b"\n", end), cuts)).text == "".join("." + text for text in texts) + "!"
    assert answer.finish == "stop"
    assert answer.done_seen


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=10))
def test_noise_is_survived(parts: list[bytes]) -> None:
    assert parsed(CompletionParser("chat"), parts) == Seen()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "content", "finish_reason", "index", "usage", "error", "message", "code", "type"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("dialect", ["chat", "messages"])
@settings(deadline=None)
@given(frames=st.lists(JSON, max_size=4))
def test_frames_of_any_shape_are_survived(dialect: Dialect, frames: list[object]) -> None:
    answer = CompletionParser(dialect)
    seen = parsed(answer, [b"data: " + json.dumps(frame).encode() + b"\n\n" for frame in frames])
    (seen.text + seen.reasoning).encode()  # no lone surrogate gets through
    if answer.error is not None:
        assert len(answer.error.detail()) <= 300


def test_an_event_without_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 1000)
    parser = CompletionParser("chat")
    assert parsed(parser, [b"data: ", b"x" * 600, b"x" * 600]) == Seen()
    assert parser.error is not None
    assert parser.error.message == "an event is longer than 1000 bytes"


@pytest.mark.parametrize("size", [1, 2, 3, 4, 1000])
def test_a_byte_order_mark_is_no_part_of_the_first_event(size: int) -> None:
    frames = b"\xef\xbb\xbf" + chunk("Hello ") + chunk("world", "stop") + DONE
    reads = [frames[start : start + size] for start in range(0, len(frames), size)]
    assert parsed(CompletionParser("chat"), reads).text == "Hello world"


def test_data_over_several_lines_is_one_event() -> None:
    assert SseDecoder().feed(b'data: {"a":\ndata: 1}\n\n') == [b'{"a":\n1}']


def test_a_lonely_cr_ends_a_line_at_once() -> None:
    events = SseDecoder()
    assert events.feed(b"data: x\r\r") == [b"x"]
    assert events.feed(b"\ndata: y\r\n") == []
    assert events.feed(b"\r\n") == [b"y"]


def test_lines_end_nowhere_else() -> None:
    text = "a\u2028b\x85c\x0bd\x0ce\u2029f".encode()
    assert SseDecoder().feed(b"data: " + text + b"\n\n") == [text]


@pytest.mark.parametrize(
    ("answer", "text", "thought"),
    [
        ("<think>hidden</think>visible", "visible", True),
        (" \n<think>\nhid < den\n</think>\n\n  code", "  code", True),
        ("<think></think>x", "x", False),
        ("<think>a</think>b <think>c</think> d", "b <think>c</think> d", True),
        ("<think>never closed", "", True),
        ("Use <think> tags", "Use <think> tags", False),
        ("```\n<think>\n```", "```\n<think>\n```", False),
        ("<thinking>aloud", "", True),
        ("<thi", "<thi", False),
        ("<", "<", False),
        ("  \n", "  \n", False),
        ("\n  indented", "\n  indented", False),
    ],
)
def test_thought_comes_first_or_not_at_all(answer: str, text: str, thought: bool) -> None:
    for size in (1, 2, 3, 5, 100):
        parts = [answer[start : start + size] for start in range(0, len(answer), size)]
        parser = CompletionParser("chat")
        assert parsed(parser, map(chunk, parts)).text == text
        assert parser.has_reasoning is thought


@pytest.mark.parametrize(
    ("halves", "text"),
    [
        (["\\ud83d", "\\ude00!"], "😀!"),
        (["a\\ud83d"], "a\ufffd"),
        (["\\ude00b"], "\ufffdb"),
        (["\\ud83d", "x"], "\ufffdx"),
    ],
)
def test_characters_split_over_two_frames(halves: list[str], text: str) -> None:
    frames = [b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % half.encode() for half in halves]
    assert parsed(CompletionParser("chat"), frames).text == text


def test_parts_of_mistral_and_refusals_of_openai() -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    delta = {"content": [thought, {"type": "text", "text": "so"}]}
    answer = CompletionParser("chat")
    frames = [{"choices": [{"delta": delta}]}, {"choices": [{"delta": {"refusal": " no"}}]}]
    seen = parsed(answer, [b"data: " + json.dumps(frame).encode() + b"\n\n" for frame in frames])
    assert (seen.text, seen.reasoning) == ("so no", "hm")
