"""The numbers in a text that refer to sources become links, and nothing else does."""

from __future__ import annotations

import pytest

from bridge.channel import Limits
from bridge.events import Source
from bridge.reply import Draft, deliver
from bridge.reply.citations import link_citations
from tests.fakes import FakeChannel
from tests.reply.speech import address, speak
from tests.virtual_clock import run

SOURCES = [Source("https://a.example/1", "A", 1), Source("https://b.example/(2)", "B", 2), Source("https://c.example")]
ONE, TWO = "[[1]](<https://a.example/1>)", "[[2]](<https://b.example/(2)>)"


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("Blue [1][2].", f"Blue {ONE}{TWO}."),
        ("Blue[1, 2] and [1，2]", f"Blue{ONE}{TWO} and {ONE}{TWO}"),
        ("Blue 【1†source】 or [ref_2] or [^1]", f"Blue {ONE} or {TWO} or {ONE}"),
        ("`a[1]` and [1](https://z.example) and [text][1] and [3]", None),
        ("```\na[1]\n```\nBlue [2]", f"```\na[1]\n```\nBlue {TWO}"),
        ("[1]: https://z.example", None),
        ("Blue[^1]\n\n[^1]: so they say", None),
        ("https://z.example/[1] [12345] [1", None),
    ],
)
def test_numbers_of_sources_become_links(text: str, linked: str | None) -> None:
    assert link_citations(text, SOURCES) == (linked if linked is not None else text)
    assert link_citations(text, []) == text


def test_they_are_linked_once_the_answer_is_complete() -> None:
    """Also in messages that were left behind, whose text grows by it."""
    channel = FakeChannel(Limits(200, 0.1))
    draft = Draft(speak(["Blue [1]. " * 10] * 6, 0.5))
    draft.sources = SOURCES
    run(deliver(draft, address(channel)))
    shown = "".join(channel.screen())
    assert shown.count(ONE) == 60
    assert draft.text == "Blue [1]. " * 60, "the history does not carry the addresses"
    assert all(len(text) <= 200 for text in channel.screen())
