"""While a text grows nobody sees half a mark; and what is whole is left as it is."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bridge.reply.open_markup import close_open_markup

PARSER = MarkdownIt("commonmark").enable("strikethrough")


def visible(text: str) -> str:
    """The words that stand there once it is rendered."""
    tokens = [child for token in PARSER.parse(text) for child in token.children or []]
    return "".join(token.content for token in tokens if token.type in ("text", "code_inline"))


WHOLE = [
    "some words ",
    "一些字 ",
    "**bold words** ",
    "中间**粗体**的字 ",
    "***both* of two** ",
    "*slanted* ",
    "***both*** ",
    "~~gone~~ ",
    "`code = 1` ",
    "``a ` tick`` ",
    "[a link](https://example.org/a_b?c=d) ",
    "**bold with `code` in it** ",
    "[a **bold** link](https://example.org) ",
    "2 * 3 is 2*3. ",
    "a[0] ",
    "snake_case_name ",
    "escaped \\* star ",
    "\n",
    "\n\n",
    "\n- item ",
    "\n1. item ",
]
wholes = st.lists(st.sampled_from(WHOLE), max_size=12).map("".join)


@settings(deadline=None)
@given(wholes)
def test_at_no_moment_does_half_a_mark_stand_there(whole: str) -> None:
    for prefix in accumulate(whole):
        seen = visible(close_open_markup(prefix))
        for harmless in ("2 * 3 is 2*3", "2 * 3 is 2*", "2 * 3", "2 *", "a ` tick", "a ` ", "escaped *"):
            seen = seen.replace(harmless, "")
        assert not set(seen) & set("*`~"), (prefix, close_open_markup(prefix))
        assert "](" not in seen, (prefix, close_open_markup(prefix))


@settings(deadline=None)
@given(wholes)
def test_what_is_whole_is_left_as_it_is(whole: str) -> None:
    assert close_open_markup(whole) == whole


@given(st.text(alphabet="*`~[]()!\\ab \n中", max_size=40))
def test_no_word_is_lost_and_little_is_added(text: str) -> None:
    shown = close_open_markup(text)
    start = text.rfind("\n") + 1
    assert shown[:start] == text[:start]
    if "](" not in text[start:]:
        assert [letter for letter in shown if letter in "ab中"] == [letter for letter in text if letter in "ab中"]
    assert len(shown) <= len(text) + len(text[start:]) + 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It is **very imp", "It is **very imp**"),
        ("It is **very ", "It is **very**"),
        ("It is **", "It is "),
        ("Run `make te", "Run `make te`"),
        ("Run `", "Run "),
        ("See [the docs](https://exam", "See the docs"),
        ("**See [the docs](https://exam", "**See the docs**"),
        ("- **Name", "- **Name**"),
        ("2 * 3 and", "2 * 3 and"),
        ("closed **before**\nnow", "closed **before**\nnow"),
        ("open **above\nnow", "open **above\nnow"),
        ("```", ""),
        ("so \\( a+b", "so \\( a+b\\)"),
        ("so \\( ", "so "),
        ("so \\(a\\) an", "so \\(a\\) an"),
        ("x<sup>2", "x<sup>2</sup>"),
        ("**x<sup>2", "**x<sup>2</sup>**"),
        ("press <kb", "press "),
        ("press <kbd>", "press "),
        ("vector<int", "vector<int"),
        ("`a <b", "`a <b`"),
        ("Term[^", "Term"),
        ("![cat](data:image/png;base64,AAAA", "cat"),
    ],
)
def test_as_it_reads(text: str, shown: str) -> None:
    assert close_open_markup(text) == shown
