"""However an answer comes in, what is printed for good is the same, and holds every word of it once."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from channels.console.growing import Growing
from channels.console.typeset import Typesetter

TYPESETTER = Typesetter({"NO_COLOR": "1"})

PIECES = [
    "w%d w%d",
    "w%d **w%d** `w%d` w%d",
    "# w%d",
    "w%d\nw%d",
    "w%d\n---",
    "---",
    "- w%d\n- w%d\n  - w%d\n- w%d",
    "- w%d\n\n- w%d",
    "3. w%d\n4. w%d\n\n   w%d\n5. w%d",
    "> w%d\n> w%d\nw%d",
    "```py\nw%d = w%d\n\n    w%d\n```",
    "~~~\nw%d\n```\nw%d\n~~~",
    "```\nw%d\nw%d",
    "    w%d",
    "| w%d | w%d |\n|---|--:|\n| w%d | w%d |\n| w%d |",
    "[w%d](https://w%d.org) ![w%d](w%d.png)",
    "[w%d]: https://w%d",
    "<div>w%d</div> a<w%d> &lt;w%d",
    "是w%d，很长的。w%d",
    "- w%d\n  ```\n  w%d\n  ```\n  w%d",
    "* * *\n+ w%d\n+",
    "w%d  \nw%d\\\nw%d",
    "\\[ w%d \\]",
    "$$\nw%d\n$$",
    "<details><summary>w%d</summary>\n\nw%d\n\n</details> w%d",
    "<u>w%d</u><sup>w%d 中</sup> <b>w%d **w%d：**w%d</b><br>w%d <a href='w%d'>w%d</a>",
    "> [!NOTE]\n> w%d",
    "w%d[^1] w%d\n\n[^1]: w%d",
    "| w%d |\n|---|\n| <b>w%d | w%d</b><br>w%d |",
    "\\(w%d\\) $w%d = x$",
    "\tw%d",
]


@st.composite
def answers(draw: st.DrawFn) -> str:
    """Markdown of all sorts, each word of it different."""
    chosen = draw(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(["\n\n", "\n", "\n\n\n", " "]))))
    count = 0
    text = ""
    for piece, end in chosen:
        words = piece.count("%d")
        text += piece % tuple(range(count, count + words)) + end
        count += words
    return text


def printed(text: str, cuts: list[int], width: int, height: int) -> list[str]:
    growing, rows = Growing(TYPESETTER), list[str]()
    for cut in cuts:
        done, live = growing.feed(text[:cut], width=width, height=height, final=False)
        assert len(live) <= height and all(cell_len(row) <= width for row in live)
        rows += done
    done, live = growing.feed(text, width=width, height=height, final=True)
    assert live == []
    return rows + done


@settings(max_examples=120, deadline=None)
@given(answers(), st.lists(st.integers(0, 400)), st.integers(1, 30))
def test_every_word_is_printed_once(text: str, cuts: list[int], height: int) -> None:
    rows = printed(text, sorted(cuts), 1000, height)  # so wide that no word is broken
    assert Counter(re.findall(r"w\d+", "\n".join(rows))) == Counter(re.findall(r"w\d+", text))


@settings(max_examples=120, deadline=None)
@given(answers(), st.data())
def test_how_it_comes_in_does_not_matter(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=40)))
    height = data.draw(st.integers(1, 30))
    assert printed(text, cuts, 60, height) == printed(text, [], 60, 1000)


@pytest.mark.parametrize("height", [3, 1000])
def test_it_may_come_letter_by_letter(height: int) -> None:
    text = "\n\n".join(piece.replace("%d", "7") for piece in PIECES)
    assert printed(text, list(range(len(text))), 60, height) == printed(text, [], 60, 1000)


def feed(growing: Growing, text: str, *, final: bool = False) -> tuple[list[str], list[str]]:
    return growing.feed(text, width=60, height=20, final=final)


def test_only_the_last_block_is_alive() -> None:
    growing = Growing(TYPESETTER)
    assert feed(growing, "one") == ([], ["one"])
    assert feed(growing, "one\n\ntw") == ([], ["one", "", "tw"])
    assert feed(growing, "one\n\ntwo\nlines") == (["one"], ["", "two", "lines"])
    assert feed(growing, "one\n\ntwo\nlines", final=True) == (["", "two", "lines"], [])
    assert feed(growing, "one\n\ntwo\nlines", final=True) == ([], [])


def test_a_text_taken_up_from_its_start_adds_nothing_until_new() -> None:
    growing = Growing(TYPESETTER)
    feed(growing, "one\n\ntwo", final=True)
    assert feed(growing, "on") == ([], [])
    assert feed(growing, "one\n\ntwo") == ([], [])
    assert feed(growing, "one\n\ntwo\n\nthree", final=True) == (["", "three"], [])


def test_another_text_is_printed_whole() -> None:
    growing = Growing(TYPESETTER)
    feed(growing, "one\n\ntwo", final=True)
    assert feed(growing, "one or the other", final=True) == (["one or the other"], [])


TABLE = ["│ A  │ B │    │   │", "├────┼───┼────┼───┤", "│ `x │   │ y` │ z │"]


@pytest.mark.parametrize(
    ("source", "rows"),
    [
        ("[red]not markup[/red] :smile:", ["[red]not markup[/red] :smile:"]),
        ("[a](https://b.org) <https://c.org> [x@y.z](mailto:x@y.z)", ["a (https://b.org) https://c.org x@y.z"]),
        ("[![p](q.png)](r.org)", ["p (q.png) (r.org)"]),
        ("vector<int> v; <int> &amp;", ["vector<int> v; <int> &"]),
        ("9. nine\n10. ten", [" 9 nine", " 10 ten"]),
        ("A|B\n-|-\n`x||y`|z", ["╭────┬───┬────┬───╮", *TABLE, "╰────┴───┴────┴───╯"]),
        ("> |A|\n> |-|\n> b|c|", ["▌ ╭───┬───╮", "▌ │ A │   │", "▌ ├───┼───┤", "▌ │ b │ c │", "▌ ╰───┴───╯"]),
        ("这是**重点：**内容 <u>a</u><sup>2</sup> <kbd>Ctrl</kbd><br>__init__", ["这是重点：内容 a² Ctrl", "__init__"]),
        ("\\( a+b \\)\n\n\\[ \\frac{a}{b} \\]", ["a+b", "", "a/b"]),
        ("<details><summary>More</summary>\n\ntext\n\n</details>\n\nEnd", ["More", "", "text", "", "End"]),
        ("> [!NOTE]\n> Keep it.", ["▌ Note", "▌ Keep it."]),
        ("Term[^b] and[^2]\n\n[^b]: note\n[^2]: two", ["Term¹ and²", "", "¹ note", "² two"]),
        ("![cat](data:image/png;base64,AAAA)", ["cat"]),
        ("|A|\n|-|\n|<b>x</b><br>y|", ["╭───╮", "│ A │", "├───┤", "│ x │", "│ y │", "╰───╯"]),
        ("a\n\n---\n\nb", ["a", "", "─" * 60, "", "b"]),
        ("```\n\ttab\n```", ["─" * 60, "    tab", "─" * 60]),
        ("`" * 3 + "no-such-language\nx\n", ["no-such-language " + "─" * 43, "x", "─" * 60]),
    ],
)
def test_how_it_reads(source: str, rows: list[str]) -> None:
    assert feed(Growing(TYPESETTER), source, final=True) == (rows, [])


def test_a_table_that_is_too_wide_becomes_a_list() -> None:
    source = "|Name|Age|\n|-|-|\n|Mia Müller|7|\n|Tom|8|"
    done, _ = Growing(TYPESETTER).feed(source, width=18, height=9, final=True)
    assert done == ["Name: Mia Müller", "Age: 7", "", "Name: Tom", "Age: 8"]


def test_a_table_with_folded_cells_has_lines_between_its_rows() -> None:
    source = "|A|B|\n|-|-|\n|one two three|four|\n|five|六七八九十|"
    done, _ = Growing(TYPESETTER).feed(source, width=20, height=9, final=True)
    assert sum(row.startswith("├") for row in done) == 2 and {cell_len(row) for row in done} == {cell_len(done[0])}
    kept = sorted(re.findall(r"\w", " ".join(done)))
    assert kept == sorted("ABonetwothreefourfive六七八九十")


def test_code_is_printed_as_it_is_for_the_terminal_to_wrap() -> None:
    line = "x = " + "'长' " * 60
    done, _ = feed(Growing(TYPESETTER), f"```py\n{line}|\n```", final=True)
    assert done[1] == f"{line}|"
    _, live = feed(Growing(TYPESETTER), f"```py\n{line}|\n```")
    assert "".join(live[1:-1]) == f"{line}|" and all(cell_len(row) <= 60 for row in live)


def test_colours_end_where_their_row_ends() -> None:
    rows = Typesetter({"COLORTERM": "truecolor", "TERM": "xterm"})
    growing = Growing(rows)
    done, _ = growing.feed("**bold\nbold**\n\n```py\nx = '''a\nb'''\n```", width=60, height=9, final=True)
    assert any("\x1b[1m" in row for row in done)
    for row in done:
        codes = re.findall(r"\x1b\[([\d;]*)m", row)
        assert not codes or codes[-1] == "0"
        assert all(code == "0" or after == "0" for code, after in pairwise(codes))
