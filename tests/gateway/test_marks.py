"""Marks in the text: what a person sees of an answer, however the gateway cuts it."""

from __future__ import annotations

import base64
import json
import random
import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.events import Picture
from bridge.gateway.dialects import Dialect
from bridge.gateway.parser import CompletionParser
from tests.gateway.seen import Seen, parsed
from tests.gateway.server import DONE, chunk
from tests.gateway.table import STREAMS as TABLE

PNG = b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(900)
URL = "data:image/png;base64," + base64.b64encode(PNG).decode()
FINAL = "<|end|><|start|>assistant<|channel|>final<|message|>"


def said(answer: str, size: int, end: bytes = chunk(finish="stop") + DONE) -> Seen:
    """What comes of an answer in pieces of `size` characters."""
    pieces = [answer[start : start + size] for start in range(0, len(answer), size)]
    return parsed(CompletionParser("chat"), [*map(chunk, pieces), end])


def check(answer: str, text: str, reasoning: str) -> None:
    for size in (1, 2, 3, 5, 8, 1000):
        seen = said(answer, size)
        assert (seen.text, seen.reasoning) == (text, reasoning), size


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("<think>", "</think>"),
        ("<thinking>", "</thinking>"),
        ("<reasoning>", "</reasoning>"),
        ("<thought>", "</thought>"),
        ("<THINK>", "</Think>"),
        ("<seed:think>", "</seed:think>"),
        ("<longcat_think>", "</longcat_think>"),
        ("<antThinking>", "</antThinking>"),
        ("<REASONING_SCRATCHPAD>", "</REASONING_SCRATCHPAD>"),
        ('<thinking effort="high" budget=3>', "</thinking>"),
        ("<think\n>", "</think >"),
        ("<think>", "</thinking>"),
        ("◁think▷", "◁/think▷"),
        ("[THINK]", "[/THINK]"),
        ("<|begin_of_thought|>", "<|end_of_thought|>"),
        ("<|START_THINKING|>", "<|END_THINKING|>"),
        ("<|inner_prefix|>", "<|inner_suffix|>"),
        ("<|channel>thought", "<channel|>"),
        ("<unused94>thought", "<unused95>"),
        ("<|im_start|>think", "<|im_start|>answer"),
        ("<|begin|>assistant<|think|>", "<|content|>"),
        ("<|thinking|>", "<|/thinking|>"),
        ("<reflection>", "</reflection>"),
        ("<inner_monologue>", "</ inner_monologue>"),
        ("<mm:think>", "</mm:think>"),
        ('<details type="reasoning" done="true" duration="3">', "</details>"),
        ("<|channel|>analysis<|message|>", FINAL),
        ("<|start|>assistant<|channel|>analysis<|message|>", FINAL),
        ("<|channel|>analysis<|message|>", "<|channel|>final <|constrain|>json<|message|>"),
    ],
)
def test_every_family_of_marks(opening: str, closing: str) -> None:
    check(f"{opening}secret{closing}Answer", "Answer", "secret")
    check(f" \n{opening}1 < 2{closing}\n\n  code <b", "  code <b", "1 < 2")
    check(f"{opening}never closed", "", "never closed")
    check(f"Yes.\n{opening}more{closing}\nDone.", "Yes.\nDone.", "more")


@pytest.mark.parametrize(
    ("answer", "text", "reasoning"),
    [
        ("secret plan</think>\n\nAnswer", "Answer", "secret plan"),
        ("a\n\nb</THINKING>c", "c", "a\n\nb"),
        ("</think>\n\nAnswer", "Answer", ""),
        ("<think/>Answer", "Answer", ""),
        ("<think>a<think>b</think>c</think>Answer", "Answer", "a<think>b</think>c".replace("</think>", "")),
        ("<think>the tag <think> is</think>Answer", "Answer", "the tag <think> is"),
        ("<think>say `</think>` here</think>Answer", "Answer", "say `</think>` here"),
        ("<think>a</think><thinking>b</thinking>c", "c", "ab"),
        ("<think>a</think>\n<answer>b <i>c</i></answer>", "b <i>c</i>", "a"),
        ("Use <think> and </think> so.", "Use <think> and </think> so.", ""),
        ("`</think>` closes it, `<think>` opens it", "`</think>` closes it, `<think>` opens it", ""),
        ("```\n<think>\nx</think>\n```\nso", "```\n<think>\nx</think>\n```\nso", ""),
        ("> ~~~\n> </think>\n> ~~~", "> ~~~\n> </think>\n> ~~~", ""),
        ("a < b and c <div> [1] ![x] d", "a < b and c <div> [1] ![x] d", ""),
        ("<|channel|>commentary to=f.x <|constrain|>json<|message|>{}<|call|>", "", "{}"),
        ("analysisWe need it.assistantfinalAnswer", "Answer", "We need it."),
        ("assistantanalysisWe need it.assistantfinal\n\nAnswer", "Answer", "We need it."),
        ("analysis<|message|>hm<|end|>assistant<|channel|>final<|message|>Answer", "Answer", "analysishmassistant"),
        ("analysis of the market: assistantfinal", "analysis of the market: assistantfinal", ""),
        ("anal", "anal", ""),
        (
            "Here is my thought process:\nsecret\n\nHere is my response:\nAnswer. Here is my response: so.",
            "Answer. Here is my response: so.",
            "Here is my thought process:\nsecret\n\n",
        ),
        (
            "Here is my thought process: I add. Here it is, here",
            "Here is my thought process: I add. Here it is, here",
            "",
        ),
        ("Here is my response: Yes", "Here is my response: Yes", ""),
        ("Sure.<think>\nsecret\n</think>\nAnswer", "Sure.Answer", "\nsecret\n"),
        ("<think>```\n</think>\n```\nmore</think>Answer", "Answer", "```\n</think>\n```\nmore"),
        ("<think>```\nnever closed</think>\nAnswer", "Answer", "```\nnever closed"),
        ("<think>```\nnever closed</think>\n```py\n1\n```", "```py\n1\n```", "```\nnever closed"),
        ("<think>x</think>It is <|begin_of_box|>42<|end_of_box|>.", "It is 42.", "x"),
        ("<details><summary>More</summary>x</details>", "<details><summary>More</summary>x</details>", ""),
    ],
)
def test_what_is_reasoning_and_what_is_not(answer: str, text: str, reasoning: str) -> None:
    check(answer, text, reasoning)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("Answer<|im_end|><|endoftext|>", "Answer"),
        ("Answer</s>\n", "Answer"),
        ("Answer <|eot_id|>\n<|end_of_text|>\n", "Answer "),
        ("```py\nprint(1)\n```<|im_end|>", "```py\nprint(1)\n```"),
        ("<|im_start|>assistant\nAnswer<|im_end|>", "Answer"),
        ("<|im_start|>assistant<|im_sep|>Answer<|im_end|>", "Answer"),
        ("<|im_assistant|>assistant<|im_middle|>Answer<|im_end|>", "Answer"),
        ("<bos><start_of_turn>model\nAnswer<end_of_turn>\n<eos>", "Answer"),
        ("<|begin_of_text|><|start_header_id|>assistant<|end_header_id|>\n\nAnswer<|eot_id|>", "Answer"),
        ("Answer<｜end▁of▁sentence｜>", "Answer"),
        ("```\nx<|im_end|>\n```", "```\nx<|im_end|>\n```"),
        ("The mark `<|im_end|>`", "The mark `<|im_end|>`"),
        ("Between </s> and <|eot_id|> it stays", "Between </s> and <|eot_id|> it stays"),
        ("<s>old</s> x", "<s>old</s> x"),
    ],
)
def test_marks_at_the_end(answer: str, text: str) -> None:
    check(answer, text, "")


@pytest.mark.parametrize(
    ("answer", "text", "alt"),
    [
        (f"See: ![a cat]({URL}) Nice.", "See:  Nice.", "a cat"),
        (f'![cat](<{URL}> "title")', "", "cat"),
        (f'x <img alt="a cat" width=3 src="{URL}"/> y', "x  y", "a cat"),
        (f"It is {URL}", "It is ", ""),
        (f"It is {URL} so", "It is  so", ""),
    ],
)
def test_pictures_in_the_text(answer: str, text: str, alt: str) -> None:
    for size in (1, 7, 50, 5000):
        seen = said(answer, size)
        assert (seen.text, seen.pictures) == (text, [Picture(data=PNG, mime="image/png", alt=alt)])


def test_base64_that_is_no_picture() -> None:
    assert said(f"`{URL}`", 9).text == f"`{URL}`"
    seen = said(f"![half]({URL}", 9)
    assert (seen.text, seen.pictures, seen.unsupported) == ("", [], ["image/png"])
    seen = said("[file](data:application/pdf;base64,AAAA)", 9)
    assert (seen.text, seen.unsupported) == ("[file]()", ["application/pdf"])
    check("![cat](https://a.example/cat.png) data: and dat", "![cat](https://a.example/cat.png) data: and dat", "")


def test_words_show_as_they_come() -> None:
    parser = CompletionParser("chat")
    for word in ("Why ", "2 < 3", " and `x` is", " a dog", ".\n", "Next: <b>", " **so**"):
        seen = Seen()
        seen.add(parser.feed(chunk(word)))
        assert seen.text == word


def test_a_long_answer_at_once_takes_no_long_time() -> None:
    answer = "a <b> `c` ![d] [e]\n" * 50_000
    began = time.process_time()
    assert said(answer, len(answer)).text == answer
    assert time.process_time() - began < 10


# -- cut anywhere --------------------------------------------------------------------------------------------


def frame(data: dict[str, Any], event: str = "") -> bytes:
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def delta(**fields: Any) -> bytes:
    return frame({"choices": [{"index": 0, "delta": fields, "finish_reason": None}]})


def block(index: int, **fields: Any) -> bytes:
    return frame({"type": "content_block_delta", "index": index, "delta": fields}, "content_block_delta")


END = chunk(finish="stop") + DONE
STREAMS: dict[str, tuple[Dialect, bytes]] = {
    "mark": ("chat", b"\xef\xbb\xbf" + chunk("Hello ") + chunk("world") + END),
    "unopened": ("chat", chunk("secret plan</think>\n\nAnswer") + END),
    "harmony": ("chat", chunk(f"<|channel|>analysis<|message|>secret{FINAL}Answer") + END),
    "ends": ("chat", chunk("Answer<|im_end|><|endoftext|>") + END),
    "images": ("chat", chunk("Here: ") + delta(images=[{"image_url": {"url": URL}}]) + END),
    "data URL": ("chat", b"".join(chunk(f"![cat]({URL})"[n : n + 11]) for n in range(0, 1300, 11)) + END),
    "citations": (
        "chat",
        frame({"citations": ["https://a.example/1"], "choices": [{"delta": {"content": "Blue [1]."}}]}) + END,
    ),
    "tool": ("chat", delta(tool_calls=[{"index": 0, "function": {"name": "search", "arguments": "{}"}}]) + END),
    "reasoning": ("chat", delta(reasoning_content="海é") + delta(reasoning="👩‍👧") + chunk("so ") + chunk("是") + END),
    "crlf": ("chat", (chunk("a\u2028b") + chunk("<think>c") + END).replace(b"\n", b"\r\n")),
    "parts": (
        "chat",
        delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}])
        + delta(content=[{"type": "text", "text": "so"}])
        + END,
    ),
    "messages": (
        "messages",
        frame({"type": "message_start", "message": {"model": "claude", "usage": {"input_tokens": 3}}})
        + block(0, type="thinking_delta", thinking="hm ")
        + block(0, type="signature_delta", signature="x")
        + block(1, type="text_delta", text="Ans")
        + block(1, type="text_delta", text="wer")
        + block(1, type="citations_delta", citation={"url": "https://a.example", "title": "A"})
        + block(2, type="input_json_delta", partial_json='{"q":1}')
        + frame({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}})
        + frame({"type": "message_stop"}),
    ),
}


STREAMS |= {name: ("chat", b"".join(row.frames)) for name, row in TABLE.items()}


def test_the_table_of_streams() -> None:
    for name, row in TABLE.items():
        seen = parsed(CompletionParser("chat"), row.frames)
        found = (seen.text.strip().replace("`", ""), seen.reasoning, tuple(picture.alt for picture in seen.pictures))
        assert found == (row.text, row.reasoning, row.pictures), name
        assert tuple(seen.sources) == row.sources, name


@pytest.mark.parametrize("name", STREAMS)
@settings(deadline=None, max_examples=40)
@given(cuts=st.lists(st.integers(0, 1_000_000), max_size=12))
def test_a_stream_is_the_same_wherever_it_is_cut(name: str, cuts: list[int]) -> None:
    dialect, data = STREAMS[name]
    whole, parser = parsed(CompletionParser(dialect), [data]), CompletionParser(dialect)
    assert whole != Seen()
    places = [0, *sorted(place % (len(data) + 1) for place in cuts), len(data)]
    assert parsed(parser, [data[start:end] for start, end in pairwise(places)]) == whole
    finish = "length" if "early" in name else "stop"
    assert (parser.finish, parser.done_seen, parser.error) == (finish, True, None)
