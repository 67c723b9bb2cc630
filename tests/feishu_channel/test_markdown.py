"""Markdown as models write it, in the cards' dialect: what is shown, what is harmless, and how long it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from channels.feishu import cards
from channels.feishu.markdown import MAX_LENGTH, MAX_TABLES, measure, plain, render, summary
from tests.emulators.feishu import screen

TABLE = "| a | b |\n|---|---|\n| 1 | 2 |\n"
BEYOND = "<b> </b> <u> </u> <details> </details> > [!NOTE] [^1] [^1]: __init__ 。**"
MARKS = "``` ```py ~~~ ` `` $ \\( \\) \\[ \\] ![ ]( ) [ | |---|---| - # > * ** x^2 word 你好 \\"
TAGS = "<at id=all>~<at id='ou_1'></at>~</at>~&lt;at id=all&gt;~&#60;at ~<br>~<font color=red>~https://e.org/a.png"
LINES = ("```\n", "```py\n", "~~~\n", "$$\n", "| a | b |\n", "|---|---|\n", "\n", "\n\n", "    ", " ", '"')
PIECES = st.sampled_from((*MARKS.split(" "), *BEYOND.split(" "), *TAGS.split("~"), *LINES))


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
        ("so $x^2 + 1$ and \\(a_1\\)", "so `x² + 1` and `a₁`"),
        ("costs $5 or $6, not $7", "costs $5 or $6, not $7"),
        ("$HOME and $PATH", "$HOME and $PATH"),
        ("$$\nE = mc^2\n$$\nafter", "```\nE = mc²\n```\nafter"),
        ("\\[ a = b \\]", "```\na = b\n```"),
        ("$$x$$", "```\nx\n```"),
        ("1. one\n   ```py\n   x = 1\n     y\n   ```\n2. two", "1. one\n```py\nx = 1\n  y\n```\n2. two"),
        ("~~~\n<b>\n~~~", "```\n<b>\n```"),
        ("a <int> c </int> 1 < 2", "a &#60;int> c &#60;/int> 1 < 2"),
        ("<at id=all></at>", "&#60;at id=all>&#60;/at>"),
        ("&lt;at id=all&gt; &lt;b&gt;", "&#38;lt;at id=all&gt; &lt;b&gt;"),
        ("这是**重点：**内容", "这是**重点：\u200b**内容"),
        ("请看**《书名》**吧", "请看**\u200b《书名》\u200b**吧"),
        ("$$\n\\frac{a}{b}\n$$", "```\na/b\n```"),
        ("snake __init__ case", "snake &#95;&#95;init&#95;&#95; case"),
        ("<u>a</u><sup>2</sup> <kbd>Ctrl</kbd> <b>b</b><br>c", "a² `Ctrl` **b**\nc"),
        ("| a |\n|---|\n| x<br>y |\n", "| a |\n|---|\n| x<br>y |\n"),
        ("<details><summary>More</summary> text </details>", "**More**\n> text\n"),
        ("> [!TIP]\n> 多试试", "> **提示**\n> 多试试"),
        ("Term[^1]\n\n[^1]: note", "Term¹\n\n¹ note"),
        ("```mermaid\ngraph TD\n```", "**mermaid**\n```mermaid\ngraph TD\n```"),
        ("![a](data:image/png;base64,AAAA)", "a"),
        ("`![x](y)` and `$x^2$`", "`![x](y)` and `$x^2$`"),
    ],
)
def test_the_dialect(written: str, rendered: str) -> None:
    assert render(written) == rendered


def test_stars_beside_chinese_marks_do_not_show() -> None:
    written = "数字**100%**增长，他说**“你好。”**然后"
    assert seen(written).text.replace("\u200b", "") == "数字100%增长，他说“你好。”然后"


def test_a_fourth_table_is_code() -> None:
    shown = seen("\n".join([TABLE] * 5))
    assert shown.tables == MAX_TABLES and len(shown.code) == 2
    assert "1 | 2" in shown.code[0]


@given(st.lists(PIECES, max_size=40).map("".join))
@example("](<at id=all>")
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
