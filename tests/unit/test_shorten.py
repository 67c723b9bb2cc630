"""A text that is too long ends between two words, or two letters of a script without spaces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.shorten import shorten


@pytest.mark.parametrize(
    ("text", "most", "said"),
    [
        ("A refund is paid within 14 days.", 40, "A refund is paid within 14 days."),
        ("A refund is paid within 14 days.", 22, "A refund is paid…"),
        ("A refund is paid within 14 days.", 17, "A refund is paid…"),
        ("猫可以睡在沙发上，狗不行。", 7, "猫可以睡在沙…"),
        ("Cats sleep, dogs bark", 14, "Cats sleep…"),
        ("猫可以 sleep", 7, "猫可以…"),
        ("a" * 80, 40, "a" * 39 + "…"),
        ("cafe\u0301s", 5, "caf…"),
        ("ab👨\u200d👩\u200d👧", 6, "ab…"),
        ("word", 0, ""),
    ],
)
def test_it_is_cut_between_words(text: str, most: int, said: str) -> None:
    assert shorten(text, most) == said


@given(st.text(max_size=80), st.integers(0, 60))
def test_it_is_never_longer_and_begins_the_same(text: str, most: int) -> None:
    said = shorten(text, most)
    assert len(said) <= most
    assert said == text or text.startswith(said.removesuffix("…"))
