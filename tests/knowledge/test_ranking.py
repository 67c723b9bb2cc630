"""Which passages fit a question, and how a document is cut into them."""

from __future__ import annotations

import time

import pytest

from bridge.knowledge.passages import WANTED_CHARACTERS, cut
from bridge.knowledge.ranking import rank, words_of

TEXTS = [
    "The refund is paid within fourteen days.",
    "Cats may sleep on the sofa, dogs may not.",
    "退款会在十四天内支付到原来的账户。",
    "会议室在三楼，请提前预订。",
    "Das Büro öffnet um neun Uhr.",
]


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("When are refunds paid?", 0),
        ("May a cat sleep here?", 1),
        ("退款多久到账？", 2),
        ("会议室在哪里", 3),
        ("Wann öffnet das BÜRO?", 4),
        ("ＤＯＧＳ", 1),
    ],
)
def test_the_best_comes_first(question: str, best: int) -> None:
    assert rank(question, TEXTS, 3)[0] == best


@pytest.mark.parametrize("question", ["", "?!", "What is it?", "a zebra", "什么是"])
def test_nothing_fits(question: str) -> None:
    assert rank(question, TEXTS, 3) == []


def test_a_word_that_is_rare_counts_more() -> None:
    texts = ["house rules house rules house rules", "the house has a cellar", *["house rules"] * 20]
    assert rank("house rules cellar", texts, 1) == [1]


def test_no_question_has_more_than_forty_words() -> None:
    assert len(words_of(" ".join(f"word{number}" for number in range(1000)))) == 40


def test_a_megabyte_is_searched_in_little_time() -> None:
    texts = [
        f"Passage {number}. " + "Some words of no importance at all, again and again. " * 15 for number in range(1200)
    ]
    began = time.process_time()
    assert rank("Which passage has number 777 of importance, please, and again?", texts, 1) == [777]
    assert time.process_time() - began < 2


def test_passages_know_their_page() -> None:
    text = "Before.\n\n## Page 1\n\nOne.\n\n## Page 2\n\nTwo.\n" + "A sentence. " * 200
    found = cut(text)
    assert found[:2] == [("", "Before."), ("Page 1", "One.")]
    assert {where for where, _ in found[2:]} == {"Page 2"} and len(found) > 4
    assert all(len(passage) <= 2 * WANTED_CHARACTERS for _, passage in found)
    assert "".join("".join(passage.split()) for _, passage in found).count("Asentence.") == 200


def test_one_long_line_loses_nothing() -> None:
    text = "x" * 5000
    assert "".join(passage for _, passage in cut(text)) == text
