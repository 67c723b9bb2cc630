"""What Markdown becomes on the screen, and what it must not become."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.telegram.markdown import MAX_LENGTH, Content, measure, plain, render

JOINER = "\u2060"


def under(content: Content, kind: str) -> list[str]:
    """The stretches of text under the entities of this kind."""
    units = content.text.encode("utf-16-le")
    return [
        units[2 * each["offset"] : 2 * (each["offset"] + each["length"])].decode("utf-16-le")
        for each in content.entities
        if each["type"] == kind
    ]


def test_what_models_write() -> None:
    got = render("# Plan\n\nSome **bold** 🍒 and *slanted* `code`:\n\n- one\n- [x] two\n\n```py\nprint(1)\n```\n")
    assert got.text == "Plan\n\nSome bold 🍒 and slanted code:\n\n• one\n☑ two\n\nprint(1)"
    assert under(got, "bold") == ["Plan", "bold"]
    assert (under(got, "italic"), under(got, "code"), under(got, "pre")) == (["slanted"], ["code"], ["print(1)"])
    assert [each.get("language") for each in got.entities if each["type"] == "pre"] == ["py"]


@pytest.mark.parametrize(
    "words",
    [
        "a std::vector<int> and a <br-like> thing",
        "<div>\nhello\n</div>",
        "<!-- only a comment -->",
        "see [1]\n\n[1]: https://example.com/a",
        "```\n",
        "x\u0301 <",
    ],
)
def test_nothing_that_was_written_is_lost(words: str) -> None:
    assert render(words).text.strip() == words.strip()


def test_a_line_break_in_html_is_one() -> None:
    assert render("one<br>two").text == "one\ntwo"


def test_definitions_inside_code_stay_as_they_are() -> None:
    assert render("```\n[1]: https://example.com\n```").text == "[1]: https://example.com"


def test_tables_line_up_by_what_characters_take_on_the_screen() -> None:
    got = render("| name | 名字 |\n|---|---|\n| sea | 海 |\n| a | 大海啊 |\n")
    assert got.text.split("\n") == [
        "name | 名字",
        "-----+-------",
        "sea  | 海",
        "a    | 大海啊",
    ]
    assert under(got, "pre") == [got.text]


def test_a_wide_table_is_a_block_for_each_row() -> None:
    wide = "长" * 60
    got = render(
        f"| 方案 | 说明 | 链接 |\n|---|---|---|\n| A | {wide} | [x](https://example.com) |\n| **B** | **好** | |\n"
    )
    assert got.text == f"方案\n\nA\n说明: {wide}\n链接: x\n\nB\n说明: 好\n链接: —"
    assert under(got, "bold") == ["A", "B", "好"]
    assert [each["url"] for each in got.entities if each["type"] == "text_link"] == ["https://example.com"]
    assert not under(got, "pre")


def test_links_lead_where_they_say() -> None:
    got = render(
        "[docs](https://example.com/x) <https://example.com> [bank.com](https://evil.example/x) "
        "[Mia](tg://user?id=5) [file](docs/a.md) [mail](mailto:a@b.co)"
    )
    links = [each["url"] for each in got.entities if each["type"] == "text_link"]
    assert links == [
        "https://example.com/x",
        "https://example.com",
        "https://evil.example/x",
        "mailto:a@b.co",
    ]
    assert "bank.com (evil.example)" in got.text
    assert "Mia (tg://user?id=5)" in got.text
    assert "file (docs/a.md)" in got.text


@pytest.mark.parametrize("words", ["@mia hi", "ask (@mia)", "@**mia**", "*@mia*"])
def test_mentions_are_inert(words: str) -> None:
    assert f"@{JOINER}mia" in render(words).text


def test_mentions_are_inert_in_plain_text_too() -> None:
    assert plain("**@mia** `hi`").text == f"**@{JOINER}mia** `hi`"


@pytest.mark.parametrize("words", ["`@app.get`", "```\n@mia\n```", "a@b.co", "https://x.com/@mia?by=@tom"])
def test_what_is_no_mention_stays_as_it_is(words: str) -> None:
    assert JOINER not in render(words).text


def test_entities_move_with_the_joiners() -> None:
    got = render("🍒 @mia **bold** @tom `@code` **@end**")
    assert under(got, "bold") == ["bold", f"@{JOINER}end"]
    assert under(got, "code") == ["@code"]


def test_tabs_in_code_keep_their_width() -> None:
    assert render("```go\n\tif x {\n```").text == "    if x {"


def test_many_entities_cost_the_least_of_them_and_no_words() -> None:
    source = "*i* " * 120 + "**b** `c` [l](https://example.com) ```x``` \n\n```\nblock\n```\n"
    got = render(source)
    assert len(got.entities) == 100
    assert under(got, "pre") == ["block"]
    assert under(got, "bold") == ["b"]
    assert got.text.count("i ") == 120
    heavy = render(" ".join(f"[{n}](https://example.com/{'x' * 150}/{n})" for n in range(90)))
    assert heavy.text.endswith(" 89")
    assert len(str(heavy.entities)) < 12_000


def test_maths_too_deep_for_the_reader_is_shown_as_it_is() -> None:
    deep = "\\frac{" * 300 + "x" + "}" * 300
    assert render(f"${deep}$").text == deep
    assert render("$\\frac{a}{b}$").text == "a/b"


def test_half_a_surrogate_pair_does_not_stop_an_answer() -> None:
    assert render("so \ud83d **far**").text == "so \ufffd far"


def test_what_models_write_beyond_markdown() -> None:
    got = render(
        "这是**重点：**内容，**“好。”**的。~~删：~~了 <u>a</u><sup>2</sup> <kbd>Ctrl</kbd> <b>b</b><br>__init__ <int>"
    )
    assert got.text == "这是重点：内容，“好。”的。删：了 a² Ctrl b\n__init__ <int>"
    assert under(got, "bold") == ["重点：", "“好。”", "b"]
    assert (under(got, "underline"), under(got, "strikethrough"), under(got, "code")) == (["a"], ["删："], ["Ctrl"])
    got = render("so \\( a+b \\)\n\n\\[ \\frac{a}{b} \\]\n\nTerm[^1]\n\n[^1]: note\n\n> [!NOTE]\n> Keep.")
    assert got.text == "so a+b\n\na/b\n\nTerm¹\n\nNote\nKeep.\n\n¹ note"
    assert under(got, "bold") == ["Note"] and under(got, "blockquote") == ["Note\nKeep."]


def test_details_fold_once_all_of_them_is_there() -> None:
    written = "<details><summary>More</summary>\n\n- one\n\n```py\nx\n```\n"
    open_, closed = render(written), render(written + "</details>\nafter")
    assert under(open_, "blockquote") == ["• one\n\nx"] and under(open_, "bold") == ["More"]
    assert under(closed, "expandable_blockquote") == ["• one\n\nx"] and closed.text.endswith("\nafter")


def test_no_base64_reaches_the_screen() -> None:
    got = render("![cat](data:image/png;base64,AAAA) ![](data:image/png;base64,AAAA) [f](data:x/y;base64,AAAA)")
    assert (got.text, got.entities) == ("cat picture f", [])


BEYOND = ["</b>", "<details>", "</details>", "<summary>a</summary>", "\n> ", "[!NOTE]\n", "[^a]", "\\(", "\\)", "。"]
MORSELS = ["**", "```", "```\n", "\n\n", "| a |\n|--|\n", "海", "🍒", "http://x.y", "||", "<b>", "[a]: b\n", *BEYOND]
MARKUP = st.lists(st.sampled_from([*"ab @_*`~|[]()<>#$\\{}:/-.\n\t", *MORSELS]), max_size=200).map("".join)


@settings(max_examples=400, deadline=None)
@given(MARKUP)
def test_whatever_comes_is_within_telegrams_rules(source: str) -> None:
    for got in (render(source), plain(source)):
        units = len(got.text.encode("utf-16-le")) // 2
        assert len(got.text) <= MAX_LENGTH
        assert len(got.entities) <= 100
        for each in got.entities:
            assert 0 <= each["offset"] < each["offset"] + each["length"] <= units
        under(got, "bold")  # no entity cuts a character in two
    assert bool(render(source).text.strip()) == bool(source.strip())


@settings(max_examples=200, deadline=None)
@given(MARKUP, MARKUP)
def test_the_measure_never_falls_and_bounds_the_plain_text(text: str, more: str) -> None:
    assert measure(text) <= measure(text + more)
    assert len(plain(text).text) <= measure(text)


CELLS = st.lists(
    st.sampled_from(["a", "**长**", "x" * 30, "[l](https://e.org)", "`c`", "@mia", "<br>", "e\u0301", "👩\u200d👧", ""])
)


@settings(max_examples=200, deadline=None)
@given(st.lists(CELLS.map(lambda cells: "| " + " | ".join(cells) + " |\n"), max_size=20), st.integers(0, 3))
def test_a_table_keeps_within_its_measure(rows: list[str], columns: int) -> None:
    table = "| @name " * (columns + 1) + "|\n" + "|---" * (columns + 1) + "|\n" + "".join(rows)
    assert len(render(table).text) <= measure(table)
    measures = [measure(table[:end]) for end in range(len(table))]
    assert measures == sorted(measures)
