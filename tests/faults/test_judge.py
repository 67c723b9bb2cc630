"""The judge itself: what it must not let pass, each alone."""

from __future__ import annotations

import pytest

from tests.faults.gateway import answer
from tests.faults.judge import Row, judge
from tests.faults.mutations import MUTATIONS, ROOT, Mutation
from tests.faults.plan import Plan, Question, Size
from tests.platform import Bubble

ONE = Question(1, 0, "telegram", "p0", "direct", 20, 10)
TWO = Question(2, 1, "telegram", "p0", "direct", 20, 10)


def shown(*texts: str) -> list[Bubble]:
    return [Bubble(str(number), text) for number, text in enumerate(texts)]


def kept(*rows: tuple[Question, str]) -> list[Row]:
    return [Row(question.text, text) for question, text in rows]


A, B = answer(1, 1, 20), answer(2, 3, 20)
HALF = A[: len(A) // 2]
NOTE = "⚠️ The answer was cut off."


def test_what_is_right_is_right() -> None:
    verdict = judge([ONE, TWO], shown(A, B), kept((ONE, A), (TWO, B)))
    assert (verdict.complaints, verdict.whole, verdict.told) == ([], 2, 0)


def test_an_answer_over_two_messages_is_one() -> None:
    first, second = A[:40].rsplit(" ", 1)[0], A[len(A[:40].rsplit(" ", 1)[0]) :]
    assert not judge([ONE], shown(first, second), kept((ONE, A))).complaints


def test_a_half_with_a_note_is_told() -> None:
    verdict = judge([ONE, TWO], shown(f"{HALF}\n\n{NOTE}", B), kept((ONE, HALF), (TWO, B)))
    assert (verdict.complaints, verdict.whole, verdict.told) == ([], 1, 1)


def test_a_note_alone_stands_for_an_answer() -> None:
    verdict = judge([ONE, TWO], shown(NOTE, B), kept((TWO, B)))
    assert (verdict.complaints, verdict.told) == ([], 1)


@pytest.mark.parametrize(
    ("texts", "rows"),
    [
        ([B], [(TWO, B)]),
        ([A, B, B], [(ONE, A), (TWO, B)]),
        ([A, A, B], [(ONE, A), (TWO, B)]),
        ([B, A], [(ONE, A), (TWO, B)]),
        ([HALF, B], [(ONE, HALF), (TWO, B)]),
        ([A + " " + A, B], [(ONE, A), (TWO, B)]),
        ([HALF + answer(1, 2, 20)[len(HALF) :], B], [(ONE, A), (TWO, B)]),
        ([A, B, "…"], [(ONE, A), (TWO, B)]),
        ([A, B, NOTE], [(ONE, A), (TWO, B)]),
        ([A, B], [(ONE, A)]),
        ([A, B], [(ONE, A), (ONE, A), (TWO, B)]),
        ([A, B], [(TWO, B), (ONE, A)]),
        ([A, B], [(ONE, HALF), (TWO, B)]),
        ([A, B], [(ONE, answer(1, 2, 20)), (TWO, B)]),
    ],
    ids=[
        "lost",
        "twice",
        "twice in a row",
        "out of order",
        "half",
        "twice in one message",
        "two attempts mixed",
        "left over",
        "told for nothing",
        "not in the history",
        "twice in the history",
        "history out of order",
        "history half",
        "history of another attempt",
    ],
)
def test_what_is_wrong_is_found(texts: list[str], rows: list[tuple[Question, str]]) -> None:
    assert judge([ONE, TWO], shown(*texts), kept(*rows)).complaints


def test_where_a_platform_makes_it_possible_what_is_left_over_is_counted() -> None:
    for texts in ([HALF, A, B], [A, A, B], ["q1r1", A, B], [NOTE, A, B], [A, B, B[:40]]):
        verdict = judge([ONE, TWO], shown(*texts), kept((ONE, A), (TWO, B)), repeats=True)
        assert (verdict.complaints, verdict.whole, verdict.twice) == ([], 2, 1), texts
    for texts in ([HALF, HALF, B], [A], [B, A]):
        assert judge([ONE, TWO], shown(*texts), kept((ONE, A), (TWO, B)), repeats=True).complaints, texts


def test_a_page_that_stands_twice_is_counted() -> None:
    words = A.split()
    first, second, third = (" ".join(words[at : at + 7]) for at in (0, 7, 14))
    begun, other = " ".join(words[7:10]), answer(1, 2, 20).split()[7]
    for texts in ([first, begun, second, third], [first, other, second, third], [first, second, third, second]):
        pages = [Bubble(str(at), text, buttons=["Stop"] * (text == begun)) for at, text in enumerate([*texts, B])]
        verdict = judge([ONE, TWO], pages, kept((ONE, A), (TWO, B)), repeats=True)
        assert (verdict.complaints, verdict.whole, verdict.twice) == ([], 2, 1), texts
        assert judge([ONE, TWO], pages, kept((ONE, A), (TWO, B))).complaints
    for texts in ([first, third], [first, second, begun], [second, third]):
        assert judge([ONE, TWO], shown(*texts, B), kept((ONE, A), (TWO, B)), repeats=True).complaints, texts


BOTH = f"{A}\n{B}"
JOINED = Row(f"{ONE.text}\n\n{TWO.text}", BOTH)


def test_questions_that_were_joined_share_an_answer() -> None:
    first, second = f"{A}\n{B[:40].rsplit(' ', 1)[0]}", B[len(B[:40].rsplit(" ", 1)[0]) :]
    for texts in ([BOTH], [first, second]):
        verdict = judge([ONE, TWO], shown(*texts), [JOINED], joined=[{1, 2}])
        assert (verdict.complaints, verdict.whole) == ([], 2)
    cut = judge([ONE, TWO], shown(f"{HALF}\n\n{NOTE}"), [Row(JOINED.question, HALF)], joined=[{1, 2}])
    assert (cut.complaints, cut.told) == ([], 2)
    broken = Row(JOINED.question, f"{A}\nq2")
    assert not judge([ONE, TWO], shown(f"{A}\nq2\n\n{NOTE}"), [broken], joined=[{1, 2}]).complaints


@pytest.mark.parametrize(
    ("texts", "rows"),
    [
        ([A], [JOINED]),
        ([BOTH], [Row(JOINED.question, A)]),
        ([BOTH, B], [JOINED]),
        ([f"{B}\n{A}"], [Row(JOINED.question, f"{B}\n{A}")]),
        ([f"{A}\n{B[:40]}"], [Row(JOINED.question, f"{A}\n{B[:40]}")]),
    ],
    ids=["one lost", "history half", "one twice", "out of order", "half"],
)
def test_what_is_wrong_with_joined_questions_is_found(texts: list[str], rows: list[Row]) -> None:
    assert judge([ONE, TWO], shown(*texts), rows, joined=[{1, 2}]).complaints


def test_a_note_is_not_for_questions_that_did_not_join() -> None:
    assert judge([ONE, TWO], shown(f"{HALF}\n\n{NOTE}"), kept((ONE, HALF))).complaints


def test_notes_in_a_row_are_shared_out_among_those_that_joined() -> None:
    asked = [Question(each, each, "telegram", "p0", "direct", 20, 10) for each in range(1, 6)]
    last, joined = answer(5, 1, 20), [{1, 2}, {3, 4}]
    for notes in (2, 3, 4):
        verdict = judge(asked, shown(*[NOTE] * notes, last), kept((asked[4], last)), joined=joined)
        assert (verdict.complaints, verdict.told) == ([], 4), notes
    for notes in (1, 5):
        assert judge(asked, shown(*[NOTE] * notes, last), kept((asked[4], last)), joined=joined).complaints, notes
    half = judge(asked[:3], shown(f"{HALF}\n\n{NOTE}", NOTE), kept((asked[0], HALF)), joined=joined)
    assert (half.complaints, half.told) == ([], 3)


def test_an_answer_that_still_grows_is_found() -> None:
    bubbles = [Bubble("1", A, buttons=["Stop"])]
    assert judge([ONE], bubbles, kept((ONE, A))).complaints


def test_a_late_question_may_be_answered_late() -> None:
    assert not judge([ONE, TWO], shown(B, A), kept((TWO, B), (ONE, A)), late={1}).complaints
    assert judge([ONE, TWO], shown(B), kept((TWO, B)), late={1}).complaints


def test_a_plan_is_drawn_by_its_seed_and_survives_print() -> None:
    plan = Plan.draw(7, Size())
    assert Plan.draw(7, Size()) == plan
    assert Plan.draw(8, Size()) != plan
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_each_mutation_still_finds_its_line(mutation: Mutation) -> None:
    assert (ROOT / mutation.file).read_text().count(mutation.old) == 1
