"""Sentences with a number in them read right for every number."""

from __future__ import annotations

import pytest

from bridge.access import Limit
from bridge.words import words_for


@pytest.mark.parametrize(
    ("limit", "said"), [((1, 0), "1 turn"), ((2, 1), "2 turns, 1 token"), ((0, 200_000), "200000 tokens")]
)
def test_a_limit_reads_right_and_is_read_again(limit: tuple[int, int], said: str) -> None:
    assert str(Limit(*limit)) == said
    assert Limit.parse(said) == Limit(*limit)


@pytest.mark.parametrize("language", ["en", "zh-CN", "zh-TW"])
def test_what_was_tried_is_counted(language: str) -> None:
    assert "4" in words_for(language, None).gave_up.format(count=4)
