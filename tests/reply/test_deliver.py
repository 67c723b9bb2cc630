"""The reply engine's promise: whatever the weather, what stands there in the end is the model's text, once."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.channel import Limits
from bridge.errors import AnswerCut, ChannelError, Gone, Refused
from bridge.reply import Address, Draft, Footer, Pace, Unrecorded, deliver
from bridge.reply.pages import Pages
from bridge.types import Button
from tests.reply.paper import CHAT, LATENCY, Paper, Weather
from tests.reply.test_pages import markdown, utf8, utf16
from tests.virtual_clock import run

STOP = Button("Stop", "/stop")


async def speak(deltas: Sequence[str], gap: float) -> AsyncIterator[str]:
    for delta in deltas:
        await asyncio.sleep(gap)
        yield delta


def address(paper: Paper, pace: Pace | None = None) -> Address:
    return Address(paper, pace or Pace(), CHAT, "k")


def expected(text: str, limits: Limits) -> list[str]:
    return [page.text.rstrip() for page in Pages(limits).of(text)]


speech = st.lists(markdown.filter(bool), min_size=1, max_size=12)
weather = st.lists(st.one_of(st.just("fine"), st.just("lost"), st.just("dropped"), st.floats(0.5, 400)), max_size=12)
measures = st.sampled_from([len, utf8, utf16])


@settings(max_examples=500, deadline=None)
@given(
    deltas=speech,
    gap=st.floats(0, 5),
    size=st.integers(100, 300),
    measure=measures,
    interval=st.floats(0.1, 4),
    sky=weather,
    keys=st.booleans(),
    restarts=st.lists(st.floats(0, 30), max_size=4),
    edits=st.sampled_from([None, None, 5, 20]),
    pause=st.sampled_from([0.0, 0.25]),
)
def test_in_the_end_the_text_stands_there_exactly_once(
    deltas: list[str],
    gap: float,
    size: int,
    measure: object,
    interval: float,
    sky: list[Weather],
    keys: bool,
    restarts: list[float],
    edits: int | None,
    pause: float,
) -> None:
    limits = Limits(size, interval, measure=measure, max_edits=edits)  # type: ignore[arg-type]
    paper = Paper(limits, sky, keys=keys)
    record = Unrecorded()

    async def live() -> None:
        for lifetime in restarts:
            # A process that dies in the middle, and a model that then says something else at first.
            earlier = Draft(speak([*deltas[::-1], "and more " * 30], gap))
            with suppress(TimeoutError):
                await asyncio.wait_for(
                    deliver(earlier, address(paper), record=record, buttons_while_streaming=[STOP]), lifetime
                )
        await deliver(
            Draft(speak(deltas, gap), pause=lambda: pause),
            address(paper),
            record=record,
            buttons_while_streaming=[STOP],
        )

    run(live())
    assert paper.screen() == expected("".join(deltas), limits)
    assert all(sheet.final and not sheet.buttons for sheet in paper.sheets.values())
    if not restarts:  # a new process has not heard the platform ask for quiet
        assert paper.too_early == 0
    if edits is not None and not restarts:
        assert all(sheet.edits <= edits + len(sky) for sheet in paper.sheets.values())


@settings(max_examples=200, deadline=None)
@given(speech, st.integers(100, 300), st.integers(40, 100), weather)
@example(deltas=["x" * 500], size=300, really=50, sky=[])
def test_a_platform_that_takes_less_than_it_says_loses_nothing(
    deltas: list[str], size: int, really: int, sky: list[Weather]
) -> None:
    paper = Paper(Limits(size, 1), sky, really=really)
    run(deliver(Draft(speak(deltas, 0.5)), address(paper)))
    assert all(len(text) <= really for text in paper.screen())

    def letters(text: str) -> str:
        return "".join(character for character in text if character.isalnum())

    if "|" not in "".join(deltas) and "```" not in "".join(deltas) and "~~~" not in "".join(deltas):
        assert letters("".join(paper.screen())) == letters("".join(deltas))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 60)), min_size=2, max_size=12), st.floats(0.5, 4))
def test_many_answers_in_one_chat_keep_the_platforms_interval(
    answers: list[tuple[float, int]], interval: float
) -> None:
    limits = Limits(2000, interval)
    paper, pace = Paper(limits), Pace()

    async def live() -> None:
        await asyncio.gather(
            *(
                deliver(Draft(speak([f"<{number}> "] * length, gap)), Address(paper, pace, CHAT, f"k{number}"))
                for number, (gap, length) in enumerate(answers)
            )
        )

    run(live())
    assert sorted(paper.screen()) == sorted((f"<{n}> " * length).rstrip() for n, (_, length) in enumerate(answers))
    assert all(later - earlier >= interval - 1e-6 for earlier, later in itertools.pairwise(paper.calls))


def test_the_first_words_are_shown_at_once() -> None:
    paper = Paper(Limits(1000, 1))

    async def live() -> float:
        asyncio.get_running_loop().call_later(2.1, lambda: seen.append(paper.screen()))
        await deliver(Draft(speak(["Hello", ", world"], 2)), address(paper))
        return asyncio.get_running_loop().time()

    seen: list[list[str]] = []
    run(live())
    assert seen == [["Hello"]]


def test_typing_lasts_until_the_first_words() -> None:
    paper = Paper(Limits(1000, 1))
    run(deliver(Draft(speak(["\n", "Hello"], 30)), address(paper)))
    assert paper.typed == 15


def test_a_stalled_stream_still_shows_its_tail() -> None:
    async def stall() -> AsyncIterator[str]:
        yield "hello "
        yield "world"
        await asyncio.sleep(60)
        yield "!"

    paper = Paper(Limits(1000, 1))

    async def live() -> None:
        asyncio.get_running_loop().call_later(5, lambda: seen.append(paper.screen()))
        await deliver(Draft(stall()), address(paper))

    seen: list[list[str]] = []
    run(live())
    assert seen == [["hello world"]]
    assert paper.screen() == ["hello world!"]


def test_a_broken_stream_keeps_what_came_first_and_says_so() -> None:
    async def broken() -> AsyncIterator[str]:
        yield "so far ```py\nx = 1"
        raise AnswerCut("reset")

    again = Button("Regenerate", "/retry")

    def footer(draft: Draft) -> Footer:
        return Footer("It was cut off.", [again]) if isinstance(draft.error, AnswerCut) else Footer()

    paper = Paper(Limits(1000, 1))
    draft = Draft(broken())
    run(deliver(draft, address(paper), footer=footer))
    assert paper.screen() == ["so far ```py\nx = 1\n\nIt was cut off."]
    assert draft.text == "so far ```py\nx = 1"
    assert [sheet.buttons for sheet in paper.sheets.values()] == [(again,)]


def test_a_remark_after_open_code_stands_outside_of_it() -> None:
    paper = Paper(Limits(1000, 1))
    run(deliver(Draft.whole("```py\nx = 1"), address(paper), footer=lambda _: Footer("Cut.")))
    assert paper.screen() == ["```py\nx = 1\n```\n\nCut."]


def test_a_remark_that_no_longer_fits_gets_a_message_of_its_own() -> None:
    paper = Paper(Limits(100, 1))
    run(deliver(Draft.whole("x" * 79), address(paper), footer=lambda _: Footer("A remark of some length.")))
    assert paper.screen() == ["x" * 79, "A remark of some length."]


def test_stop_keeps_what_was_said_and_stops_reading() -> None:
    read = []

    async def endless() -> AsyncIterator[str]:
        for number in itertools.count():
            read.append(number)
            yield f"{number} "
            await asyncio.sleep(0.1)

    paper = Paper(Limits(1000, 1))
    draft = Draft(endless())

    async def live() -> float:
        asyncio.get_running_loop().call_later(5.05, draft.stop)
        await deliver(
            draft,
            address(paper),
            buttons_while_streaming=[STOP],
            footer=lambda d: Footer("stopped" if d.stopped else ""),
        )
        return asyncio.get_running_loop().time()

    assert run(live()) < 6.2
    assert len(read) < 55
    assert paper.screen()[0].endswith("\n\nstopped")
    assert not paper.sheets["1"].buttons


def test_gone_stops_reading() -> None:
    paper = Paper(Limits(1000, 1))
    draft = Draft(speak(["word "] * 1000, 1))

    async def live() -> None:
        asyncio.get_running_loop().call_later(5, lambda: setattr(paper, "gone", True))
        with pytest.raises(Gone):
            await deliver(draft, address(paper))

    run(live())
    assert len(draft.text) < 50


def test_an_answer_that_says_less_the_second_time_leaves_nothing_of_the_first() -> None:
    paper, record = Paper(Limits(100, 1)), Unrecorded()
    run(deliver(Draft.whole("long words " * 40), address(paper), record=record))
    assert len(paper.sheets) > 3
    run(deliver(Draft.whole("Short."), address(paper), record=record))
    assert paper.screen() == ["Short."]


def test_a_fault_of_ours_never_looks_like_the_end() -> None:
    async def faulty() -> AsyncIterator[str]:
        yield "half an"
        raise ZeroDivisionError

    paper = Paper(Limits(100, 1))
    with pytest.raises(ZeroDivisionError):
        run(deliver(Draft(faulty()), address(paper), buttons_while_streaming=[STOP]))
    assert not any(sheet.final for sheet in paper.sheets.values())


def test_a_platform_that_never_answers_is_given_up_after_an_hour() -> None:
    paper = Paper(Limits(100, 1), ["dropped"] * 1000)

    async def live() -> float:
        with pytest.raises(ChannelError):
            await deliver(Draft.whole("hello"), address(paper))
        return asyncio.get_running_loop().time()

    assert 3600 < run(live()) < 3800
    assert len(paper.calls) < 100


def test_a_platform_that_takes_no_text_at_all_is_a_refusal() -> None:
    paper = Paper(Limits(1000, 1), really=1)
    with pytest.raises(Refused):
        run(deliver(Draft.whole("hello"), address(paper)))


def test_urgent_words_overtake_the_middle_of_other_answers() -> None:
    """Thirty answers share an account that takes one write a second; a new chat's first words do not queue."""
    limits = Limits(4000, 0.1, writes_per_second=1)
    paper, pace = Paper(limits), Pace()
    shown: list[float] = []

    async def live() -> None:
        loop = asyncio.get_running_loop()
        many = [
            asyncio.create_task(
                deliver(
                    Draft(speak(["word "] * 600, 0.2)),
                    Address(paper, pace, CHAT, f"k{n}"),
                    buttons_while_streaming=[STOP],
                )
            )
            for n in range(30)
        ]
        await asyncio.sleep(60)
        asked = loop.time()
        await deliver(Draft.whole("A short one."), Address(paper, pace, CHAT, "new"))
        shown.append(loop.time() - asked)
        await asyncio.gather(*many)

    run(live())
    assert shown[0] < 3
    assert paper.screen().count(("word " * 600).rstrip()) == 30


def test_a_rate_limit_widens_the_pause_and_is_forgotten_slowly() -> None:
    paper = Paper(Limits(4000, 1), ["fine", "fine", 7.0])
    run(deliver(Draft(speak(["word "] * 300, 0.2)), address(paper)))
    gaps = [later - earlier for earlier, later in itertools.pairwise(paper.calls)]
    assert gaps[0] == pytest.approx(1, abs=0.21)
    assert gaps[2] == pytest.approx(7 + LATENCY / 2, abs=0.3)
    assert gaps[3] > 1.7
    assert gaps[-2] == pytest.approx(1, abs=0.21)
