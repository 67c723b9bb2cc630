"""Markdown as models write it, as Discord's people see it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.discord.dialect import convert, measure
from tests.emulators.discord.screen import show


def seen(text: str) -> str:
    return show(convert(text), {}).text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("#### Deep *down*", "Deep down"),
        ("###### **Deeper** ##", "Deeper"),
        ("# Title", "Title"),
        ("> #### Quoted", "Quoted"),
        ("---", "───"),
        ("- [ ] buy\n- [x] sell", "• ☐ buy\n• ☑ sell"),
        ("+ one\n+ two", "• one\n• two"),
        (">>> only this line\nnot this", "only this line\nnot this"),
        ("![a cat](https://cats.example/1.png)", "a cat"),
        ("![](https://cats.example/1.png)", "https://cats.example/1.png"),
        ("one<br>two", "one\ntwo"),
        (r"so $E = mc^2$ holds", "so E = mc² holds"),
        (r"and \(\alpha \leq \frac{1}{2}\) too", "and α ≤ 1/2 too"),
        (r"$$\sqrt{x+1} \to \infty$$", "√(x+1) → ∞"),
        ("\\[\nx_{12} \\in \\mathbb{R}\n\\]", "x₁₂ ∈ ℝ"),
        ("It costs $5 to $10, not $7.50.", "It costs $5 to $10, not $7.50."),
        ("echo $HOME and $PATH", "echo $HOME and $PATH"),
        ("~~~python\nprint(1)\n~~~", "print(1)"),
        ("这是**重点：**内容，**“好。”**的", "这是重点：内容，“好。”的"),
        (r"so \( a+b \) is", "so a+b is"),
        (r"\[ \frac{a}{b} \]", "a/b"),
        ("$$\n\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}\n$$", "a = b\nc = d"),
        ("snake __init__ case", "snake __init__ case"),
        ("<u>a</u> <sup>2</sup> H<sub>2</sub>O <kbd>Ctrl</kbd> <b>b</b> <int>", "a ² H₂O Ctrl b <int>"),
        ('<a href="https://x.y">z</a> and the <b> tag', "z and the <b> tag"),
        ("<details><summary>More</summary> text </details>", "More\ntext"),
        ("<details>\n<summary>More</summary>\n\n- one", "More\n• one"),
        ("> [!NOTE]\n> Keep it.", "Note\nKeep it."),
        ("> [!WARNING]\n> 别碰。", "警告\n别碰。"),
        ("```mermaid\ngraph TD\n```", "mermaid\ngraph TD"),
        ("Term[^1] and that[^b].\n\n[^1]: note\n[^b]: other\n\nEnd", "Term¹ and that².\n\nEnd\n\n¹ note\n² other"),
        ("match [^abc]+ or [^a-z]", "match [^abc]+ or [^a-z]"),
        ("![cat](data:image/png;base64,AAAA) ![](data:image/png;base64,AA)", "cat picture"),
        ("[![build](https://e.org/b.svg)](https://e.org)", "build"),
    ],
)
def test_what_discord_cannot_show_reads_well(written: str, shown: str) -> None:
    assert seen(written) == shown


def test_a_table_lines_up_whatever_its_script() -> None:
    table = "| Name | Preis |\n|:--|--:|\n| **苹果** | 3 |\n| `pear` \\| x | 12 |\n\nthat is all"
    screen = show(convert(table), {})
    assert screen.code == ["Name     │ Preis\n─────────┼──────\n苹果     │     3\npear | x │    12"]
    assert screen.text.endswith("\n\nthat is all")


def test_a_wide_table_is_a_block_for_each_row() -> None:
    wide = "长" * 60
    shown = convert(
        f"See:\n| 方案 | 说明 | 链接 |\n|---|---|---|\n| A | {wide} | [x](https://x.y) |\n| **B** | **好** | |\n\nEnd"
    )
    a = f"**A**\n说明: {wide}\n链接: [x](https://x.y)"
    assert shown == f"See:\n\n方案\n\n{a}\n\n**B**\n说明: **好**\n链接: —\n\nEnd"


def test_folded_text_is_a_spoiler_once_it_is_complete() -> None:
    assert convert("<details><summary>More</summary>\n\ntext\n\n</details>") == "**More**\n||text||"
    assert convert("<details><summary>More</summary>\n\na || b\n\n</details>") == "**More**\na || b"


def test_a_table_that_is_still_being_written_is_left_alone() -> None:
    assert convert("| a | b |\n|---|-") == "| a | b |\n|---|-"
    assert "│" in convert("| a | b |\n|---|---|\n| 1")


@pytest.mark.parametrize(
    "code",
    [
        "```python\n# ![x](y)\n#### no heading $x$\n| a | b |\n|---|---|\n| 1 | 2 |\n```",
        "```\n>>> 1\n<br>\n- [ ] x\n---\n```",
        "`$x$` and `<br>` and ``![a](b)``",
    ],
)
def test_nothing_inside_code_is_touched(code: str) -> None:
    assert convert(code) == code


def test_a_fence_within_a_fence_does_not_end_it() -> None:
    screen = show(convert("````markdown\n```python\nx\n```\n````\nafter **it**"), {})
    assert len(screen.code) == 1
    assert screen.text.endswith("\nafter it")


def test_an_info_string_does_not_become_code() -> None:
    assert show(convert('```python title="a.py"\nx = 1\n```'), {}).code == ["x = 1"]


PIECES = [
    *(
        "| a | b |\n",
        "|---|---|\n",
        "| 你好 | long cell here |\n",
        "|",
        "| x",
        "\n",
        "\n\n",
        "```",
        "```python\n",
        "~~~\n",
    ),
    *(
        "$$\n",
        "$$",
        "\\[\n",
        "\\]\n",
        "$x^2$",
        r"\frac{a}{b}",
        "#### ",
        "**",
        "![alt](https://x.y)",
        "`",
        "- [ ] ",
        ">>> ",
    ),
    *("word ", "你好，", "e\u0301", "👩\u200d👩\u200d👧", " ", "\\", "---\n", "<br>", "+ ", "    ", "a|b\n", "-|-\n"),
    *("> ", ">", "> [!NOTE]\n", "<details>", "<summary>More</summary>", "</details>", "<u>", "</u>", "<sup>2</sup>"),
    *("[^1]", "[^a]: b\n", "__init__", "```mermaid\n", "<b>", "</b>", "<kbd>", "</kbd>", "**重点：**内", "||"),
]
MANY = 400
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=40).map("".join)


@pytest.mark.parametrize("cell", ["y" * 200, "e\u0301" * 40, "👩\u200d👧" * 20, "**" + "长" * 50 + "**", "x"])
def test_a_table_of_uneven_cells_keeps_within_its_measure(cell: str) -> None:
    wide = "w" * 30
    table = (
        f"| a | b | c | d |\n|---|---|---|---|\n| {wide} | {wide} | {wide} | {wide} |\n" + f"| {cell} | | | z |\n" * 5
    )
    assert len(convert(table)) <= measure(table)


@settings(max_examples=MANY, deadline=None)
@given(texts)
def test_nothing_grows_beyond_its_measure(text: str) -> None:
    assert len(convert(text)) <= measure(text)


@settings(max_examples=MANY, deadline=None)
@given(texts, st.sampled_from(PIECES) | st.text(max_size=3))
def test_the_measure_never_falls_while_a_text_grows(text: str, more: str) -> None:
    assert measure(text + more) >= measure(text) >= len(text)
