"""Markdown as models write it, in the cards' dialect: what is shown, what is harmless, and how long it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.feishu import cards
from channels.feishu.markdown import MAX_LENGTH, MAX_TABLES, measure, plain, render, summary
from tests.emulators.feishu import screen

TABLE = "| a | b |\n|---|---|\n| 1 | 2 |\n"
MARKS = "``` ```py ~~~ ` `` $ \\( \\) \\[ \\] ![ ]( ) [ | |---|---| - # > * ** x^2 word 你好 \\"
TAGS = "<at id=all>~<at id='ou_1'></at>~</at>~&lt;at id=all&gt;~&#60;at ~<br>~<font color=red>~https://e.org/a.png"
LINES = ("```\n", "```py\n", "~~~\n", "$$\n", "| a | b |\n", "|---|---|\n", "\n", "\n\n", "    ", " ", '"')
PIECES = st.sampled_from((*MARKS.split(" "), *TAGS.split("~"), *LINES))


def seen(text: str) -> screen.Seen:
    return screen.card(json.loads(cards.card(render(text), summary="")))


@pytest.mark.parametrize(
    ("written", "rendered"),
    [
        ("plain **bold** `code`", "plain **bold** `code`"),
        ("![a cat](https://e.org/c.png)", "[a cat](https://e.org/c.png)"),
        ("![](https://e.org/c.png)", "[https://e.org/c.png](https://e.org/c.png)"),
        ("[![b](https://e.org/b.svg)](https://e.org)", "[b](https://e.org)"),
        ("see <https://e.org>", "see [https://e.org](https://e.org)"),
        ("so $x^2 + 1$ and \\(a_1\\)", "so `x^2 + 1` and `a_1`"),
        ("costs $5 or $6, not $7", "costs $5 or $6, not $7"),
        ("$HOME and $PATH", "$HOME and $PATH"),
        ("$$\nE = mc^2\n$$\nafter", "```latex\nE = mc^2\n```\nafter"),
        ("\\[ a = b \\]", "```latex\n a = b \n```"),
        ("$$x$$", "```latex\nx\n```"),
        ("1. one\n   ```py\n   x = 1\n     y\n   ```\n2. two", "1. one\n```py\nx = 1\n  y\n```\n2. two"),
        ("~~~\n<b>\n~~~", "```\n<b>\n```"),
        ("a <b> c </b> 1 < 2", "a &#60;b> c &#60;/b> 1 < 2"),
        ("<at id=all></at>", "&#60;at id=all>&#60;/at>"),
        ("&lt;at id=all&gt; &lt;b&gt;", "&#38;lt;at id=all&gt; &lt;b&gt;"),
        ("`![x](y)` and `$x^2$`", "`![x](y)` and `$x^2$`"),
    ],
)
def test_the_dialect(written: str, rendered: str) -> None:
    assert render(written) == rendered


def test_a_fourth_table_is_code() -> None:
    shown = seen("\n".join([TABLE] * 5))
    assert shown.tables == MAX_TABLES and len(shown.code) == 2
    assert "| 1 | 2 |" in shown.code[0]


@given(st.lists(PIECES, max_size=40).map("".join))
def test_nothing_a_model_writes_calls_people_or_breaks_a_card(text: str) -> None:
    shown = seen(text)
    assert shown.called == [] and shown.images == [] and shown.tables <= MAX_TABLES
    assert "<at" not in render(text).lower() and "<at" not in plain(text).lower()


@given(st.lists(PIECES | st.text(max_size=5), max_size=60).map("".join), st.text(max_size=10))
def test_a_length_never_falls_as_a_text_grows(text: str, more: str) -> None:
    assert measure(text) <= measure(text + more)


@given(st.lists(PIECES | st.text(max_size=20), max_size=60).map("".join))
def test_a_length_covers_what_the_card_holds(text: str) -> None:
    bytes_of_card = len(cards.card(render(text), summary=summary(text)).encode())
    # Per formula, picture or address a few bytes more, for which a card of 30 KB leaves 6 KB.
    extra = 400 + 16 * sum(map(text.count, ("$", "\\", "~", "|", "`"))) + text.count("https") * 40
    assert bytes_of_card <= measure(text) + extra


def test_too_many_tables_never_fit() -> None:
    assert measure(TABLE * 3) < MAX_LENGTH
    fourth = "\n".join([TABLE] * 4)
    assert measure(fourth) > MAX_LENGTH
    assert measure(f"```\n{fourth}\n```\n") < MAX_LENGTH
    assert measure("a | b\n\n---\n" * 9) < MAX_LENGTH


def test_the_summary_is_short_and_bare() -> None:
    assert summary("# Title\n\n**Bold** [link](x)") == "Title Bold link(x)"
    assert len(summary("字" * 500)) == 50
