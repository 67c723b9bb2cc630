"""Pages: everything fits, nothing is lost, what is left behind stays, blocks are closed and opened again."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from wcwidth import iter_graphemes

from bridge.channel import Limits
from bridge.reply.blocks import block_at_end
from bridge.reply.pages import Page, Pages


def utf8(text: str) -> int:
    return len(text.encode())


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


PIECES = [
    "```",
    "```python\n",
    "\n```\n",
    "~~~~\n",
    "    ```sh\n",
    "`",
    "\n",
    "\n\n",
    " ",
    "    indented",
    "\t",
    "word ",
    "A sentence. ",
    "中文。",
    "😀",
    "👨‍👩‍👧‍👦",
    "🇩🇪",
    "e\u0301",
    "שלום ",
    "مرحبا ",
    "| a | b |\n",
    "|---|---|\n",
    "| 1 | 2 |\n",
    "$$\n",
    "\n\\[\n",
    "\\]\n",
    "x" * 70,
    "\r\n",
    "\u2028",
]
markdown = st.lists(st.sampled_from(PIECES), max_size=80).map("".join)
measures = st.sampled_from([len, utf8, utf16])
sizes = st.integers(100, 400)


def pages(text: str, size: int, measure: object = len) -> list[Page]:
    return Pages(Limits(size, 1, measure=measure)).of(text)  # type: ignore[arg-type]


@settings(max_examples=400, deadline=None)
@given(markdown, sizes, measures)
def test_every_page_fits(text: str, size: int, measure: object) -> None:
    assert all(measure(page.text) <= size for page in pages(text, size, measure))  # type: ignore[operator]


@settings(max_examples=400, deadline=None)
@given(markdown, st.integers(33, 400), measures)
@example(text="x" * 1000, size=33, measure=len)
def test_no_character_is_lost_or_doubled(text: str, size: int, measure: object) -> None:
    bodies = "".join(page.body for page in pages(text, size, measure))
    # Only pages of nothing but white space are left out.
    assert "".join(bodies.split()) == "".join(text.split())
    assert text.strip() == "" or bodies.strip() in text


@settings(max_examples=400, deadline=None)
@given(markdown, markdown, sizes, measures)
def test_pages_left_behind_never_change(text: str, more: str, size: int, measure: object) -> None:
    before, after = pages(text, size, measure)[:-1], pages(text + more, size, measure)
    assert after[: len(before)] == before


@settings(max_examples=200, deadline=None)
@given(st.lists(markdown, min_size=1, max_size=5), sizes)
def test_growing_in_steps_ends_as_all_at_once(steps: list[str], size: int) -> None:
    growing = Pages(Limits(size, 1))
    text = ""
    for step in steps:
        text += step
        shown = growing.of(text)
    assert shown == pages(text, size)


@settings(max_examples=400, deadline=None)
@given(markdown, sizes)
def test_every_fence_is_closed_on_its_page(text: str, size: int) -> None:
    for page in pages(text, size):
        assert block_at_end(page.text).fence == ""


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab 😀👍🏽e\u0301中"), min_size=300, max_size=900), sizes)
def test_no_character_is_cut_in_two(text: str, size: int) -> None:
    text += "."  # or a blank last page would be left out
    shown = [each for page in pages(text, size) for each in iter_graphemes(page.body)]
    assert shown == list(iter_graphemes(text))


def test_code_split_over_messages_keeps_language_and_indentation() -> None:
    code = "\n".join(f"    line_{number} = {number}" for number in range(60))
    first, *middle, last = pages(f"Look:\n\n```python\n{code}\n```\n\nDone.", 300)
    assert first.text.startswith("Look:\n\n```python\n    line_0 = 0\n")
    assert all(page.text.startswith("```python\n    line_") and page.text.endswith("\n```") for page in middle)
    assert last.text.endswith("```\n\nDone.")


def code_blocks(text: str) -> str:
    return "".join(token.content for token in MarkdownIt().parse(text) if token.type == "fence")


def test_a_real_parser_finds_all_the_code_and_only_the_code() -> None:
    code = "".join(f"def f{number}(x):\n    return x * {number}\n\n" for number in range(200))
    text = f"Intro with `inline` code.\n\n```python\n{code}```\n\nThe end, with some prose after it. " * 2
    assert "".join(code_blocks(page.text) for page in pages(text, 500)) == code_blocks(text)


def test_a_table_that_crosses_a_border_gets_its_header_again() -> None:
    rows = [f"| row {number} | {number * number} |" for number in range(60)]
    text = "\n".join(["Squares:", "", "| n | n² |", "|---|---:|", *rows, "", "That is all."])
    shown = pages(text, 400)
    assert len(shown) > 2
    for page in shown[1:]:
        assert page.text.startswith("| n | n² |\n|---|---:|\n| row")
    seen = [line for page in shown for line in page.text.splitlines() if line.startswith("| row")]
    assert seen == rows


@pytest.mark.parametrize("size", range(120, 200))
def test_a_fence_line_is_never_parted(size: int) -> None:
    text = "some words here, and then\n" * 5 + "```python\nprint('hello')\n```\n" + "and on\n" * 30
    for page in pages(text, size):
        ticks = [line for line in page.text.splitlines() if line.startswith("`")]
        assert set(ticks) <= {"```python", "```"}


def test_a_formula_that_crosses_a_border_is_closed_and_reopened() -> None:
    rows = "".join(f"x_{number} &= {number} \\\\\\\\\n" for number in range(30))
    first, *rest = pages(f"So:\n\n$$\n{rows}$$\n\nDone.", 200)
    assert first.text.startswith("So:\n\n$$\nx_0") and first.text.endswith("\n$$")
    assert all(page.text.startswith("$$\nx_") for page in rest) and rest[-1].text.endswith("$$\n\nDone.")


def test_a_pictures_data_fills_no_messages() -> None:
    text = "Here: ![cat](data:image/png;base64," + "iVBORw0KGgo" * 6000 + ") and more."
    growing = Pages(Limits(200, 1))
    for end in range(0, len(text), 5000):
        growing.of(text[:end])
    assert [page.text for page in growing.of(text)] == ["Here: ![cat](data:image/png;base64,) and more."]


def test_a_page_the_platform_finds_too_long_is_cut_again() -> None:
    text = "word " * 400
    cut = Pages(Limits(1000, 1))
    assert [len(page.body) for page in cut.of(text)] == [980, 980, 40]
    assert cut.shrink(1)
    shown = cut.of(text)
    assert len(shown[0].body) == 980  # accepted before, so it stays
    assert len(shown[1].body) == 730
    assert "".join(page.body for page in shown) == text


def test_shrinking_ends() -> None:
    cut = Pages(Limits(4096, 1))
    cut.of("x" * 9000)
    assert sum(1 for _ in range(99) if cut.shrink(0)) < 30
