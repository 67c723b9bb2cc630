"""Single situations of a reply: its first words, its end, its footer, and what goes wrong in between."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from bridge.channel import Limits
from bridge.errors import AnswerCut, ChannelError, Gone, Refused
from bridge.events import Event, Finished, ReasoningDelta, TextDelta, TextReclassified
from bridge.reply import Address, Draft, Footer, Pace, Unrecorded, deliver
from bridge.types import Body, Button, Chat
from tests.fakes import CHAT, LATENCY_SECONDS, FakeChannel
from tests.reply.speech import (
    STOP,
    address,
    how_long,
    speak,
)
from tests.virtual_clock import run


def test_the_first_words_are_shown_at_once() -> None:
    channel = FakeChannel(Limits(1000, 1))

    async def live() -> float:
        asyncio.get_running_loop().call_later(2.1, lambda: seen.append(channel.screen()))
        await deliver(Draft(speak(["Hello", ", world"], 2)), address(channel))
        return asyncio.get_running_loop().time()

    seen: list[list[str]] = []
    run(live())
    assert seen == [["Hello"]]


def test_typing_lasts_until_the_first_words() -> None:
    channel = FakeChannel(Limits(1000, 1))
    run(deliver(Draft(speak(["\n", "Hello"], 30)), address(channel)))
    assert channel.typed == 15


def test_a_stalled_stream_still_shows_its_tail() -> None:
    async def stall() -> AsyncIterator[Event]:
        yield TextDelta("hello ")
        yield TextDelta("world")
        await asyncio.sleep(60)
        yield TextDelta("!")

    channel = FakeChannel(Limits(1000, 1))

    async def live() -> None:
        asyncio.get_running_loop().call_later(5, lambda: seen.append(channel.screen()))
        await deliver(Draft(stall()), address(channel))

    seen: list[list[str]] = []
    run(live())
    assert seen == [["hello world"]]
    assert channel.screen() == ["hello world!"]


def test_a_broken_stream_keeps_what_came_first_and_says_so() -> None:
    async def broken() -> AsyncIterator[Event]:
        yield TextDelta("so far ```py\nx = 1")
        raise AnswerCut("reset")

    again = Button("Regenerate", "/retry")

    def footer(draft: Draft) -> Footer:
        return Footer("It was cut off.", [again]) if isinstance(draft.error, AnswerCut) else Footer()

    channel = FakeChannel(Limits(1000, 1))
    draft = Draft(broken())
    run(deliver(draft, address(channel), footer=footer))
    assert channel.screen() == ["so far ```py\nx = 1\n\nIt was cut off."]
    assert draft.text == "so far ```py\nx = 1"
    assert [message.buttons for message in channel.messages.values()] == [(again,)]


def test_what_is_shown_is_made_once_for_each_change() -> None:
    made: list[int] = []

    def footer(draft: Draft) -> Footer:
        made.append(len(draft.text))
        return Footer("The end.")

    channel = FakeChannel(Limits(1000, 1))
    run(deliver(Draft.whole("word " * 900), address(channel), footer=footer))
    assert len(channel.screen()) > 4
    assert made == [4500]


def test_what_is_made_of_the_whole_text_comes_with_it() -> None:
    told: list[str] = []

    async def made_of(text: str) -> AsyncIterator[Event]:
        told.append(text)
        yield TextDelta(" And that was all.")

    channel = FakeChannel(Limits(1000, 1))
    run(deliver(Draft(ends(speak(["So ", "far."], 1)), made_of=made_of), address(channel)))
    assert channel.screen() == ["So far. And that was all."]
    run(deliver(Draft(speak(["It breaks"], 1), made_of=made_of), address(channel)))
    assert told == ["So far."]


async def ends(events: AsyncIterator[Event]) -> AsyncIterator[Event]:
    async for event in events:
        yield event
    yield Finished("stop")


def test_a_footer_after_open_code_stands_outside_of_it() -> None:
    channel = FakeChannel(Limits(1000, 1))
    run(deliver(Draft.whole("```py\nx = 1"), address(channel), footer=lambda _: Footer("Cut.")))
    assert channel.screen() == ["```py\nx = 1\n```\n\nCut."]


def test_a_footer_that_no_longer_fits_gets_a_message_of_its_own() -> None:
    channel = FakeChannel(Limits(100, 1))
    run(deliver(Draft.whole("x" * 79), address(channel), footer=lambda _: Footer("A remark of some length.")))
    assert channel.screen() == ["x" * 79, "A remark of some length."]


def test_stop_keeps_what_was_said_and_stops_reading() -> None:
    read = []

    async def endless() -> AsyncIterator[Event]:
        for number in itertools.count():
            read.append(number)
            yield TextDelta(f"{number} ")
            await asyncio.sleep(0.1)

    channel = FakeChannel(Limits(1000, 1))
    draft = Draft(endless())

    async def live() -> float:
        asyncio.get_running_loop().call_later(5.05, draft.stop)
        await deliver(
            draft,
            address(channel),
            buttons_while_streaming=[STOP],
            footer=lambda d: Footer("stopped" if d.stopped else ""),
        )
        return asyncio.get_running_loop().time()

    assert run(live()) < 6.2
    assert len(read) < 55
    assert channel.screen()[0].endswith("\n\nstopped")
    assert not channel.messages["1"].buttons


def test_gone_stops_reading() -> None:
    channel = FakeChannel(Limits(1000, 1))
    draft = Draft(speak(["word "] * 1000, 1))

    async def live() -> None:
        asyncio.get_running_loop().call_later(5, lambda: setattr(channel, "gone", True))
        with pytest.raises(Gone):
            await deliver(draft, address(channel))

    run(live())
    assert len(draft.text) < 50


def test_a_shorter_second_answer_leaves_nothing_of_the_first() -> None:
    channel, record = FakeChannel(Limits(100, 1)), Unrecorded()
    run(deliver(Draft.whole("long words " * 40), address(channel), record=record))
    assert len(channel.messages) > 3
    run(deliver(Draft.whole("Short."), address(channel), record=record))
    assert channel.screen() == ["Short."]


def test_an_error_of_ours_never_looks_like_the_end() -> None:
    async def faulty() -> AsyncIterator[Event]:
        yield TextDelta("half an")
        raise ZeroDivisionError

    channel = FakeChannel(Limits(100, 1))
    with pytest.raises(ZeroDivisionError):
        run(deliver(Draft(faulty()), address(channel), buttons_while_streaming=[STOP]))
    assert not any(message.final for message in channel.messages.values())


def test_a_platform_that_never_answers_is_given_up_after_an_hour() -> None:
    channel = FakeChannel(Limits(100, 1), ["dropped"] * 1000)

    async def live() -> float:
        with pytest.raises(ChannelError):
            await deliver(Draft.whole("hello"), address(channel))
        return asyncio.get_running_loop().time()

    assert 3600 < run(live()) < 3800
    assert len(channel.calls) < 100


def test_a_platform_that_takes_no_text_at_all_refuses_the_reply() -> None:
    channel = FakeChannel(Limits(1000, 1), really=1)
    with pytest.raises(Refused):
        run(deliver(Draft.whole("hello"), address(channel)))


def test_urgent_words_overtake_the_middle_of_other_answers() -> None:
    """Thirty answers share an account that takes one write a second; a new chat's first words do not queue."""
    limits = Limits(4000, 0.1, writes_per_second=1)
    channel, pace = FakeChannel(limits), Pace()
    shown: list[float] = []

    async def live() -> None:
        loop = asyncio.get_running_loop()
        many = [
            asyncio.create_task(
                deliver(
                    Draft(speak(["word "] * 600, 0.2)),
                    Address(channel, pace, CHAT, f"k{n}"),
                    buttons_while_streaming=[STOP],
                )
            )
            for n in range(30)
        ]
        await asyncio.sleep(60)
        asked = loop.time()
        await deliver(Draft.whole("A short one."), Address(channel, pace, CHAT, "new"))
        shown.append(loop.time() - asked)
        await asyncio.gather(*many)

    run(live())
    assert shown[0] < 3
    assert channel.screen().count(("word " * 600).rstrip()) == 30


def test_the_thought_is_shown_before_the_first_word() -> None:
    channel = FakeChannel(Limits(4000, 1))
    seen: list[Body] = []

    async def live() -> None:
        thought = [ReasoningDelta("Hm. ")] * 25
        draft = Draft(speak(["Blue", "."], 1, thought))
        delivery = asyncio.create_task(deliver(draft, address(channel), buttons_while_streaming=[STOP], aside=how_long))
        for _ in range(3):
            await asyncio.sleep(10)
            seen.extend(message.body for message in channel.messages.values())
        await delivery

    run(live())
    texts, asides = [body.text for body in seen], [body.aside for body in seen]
    assert (texts, asides) == (["…", "…", "Blue."], ["thought 0", "thought 1", "thought 2"])
    assert seen[0].buttons == (STOP,)
    assert len(channel.calls) < 8  # a step of the time costs an edit, a step of the thought does not


def test_pages_of_what_was_no_answer_are_taken_back() -> None:
    channel = FakeChannel(Limits(100, 1))
    thought: list[Event] = [TextDelta("Is it so? " * 40), TextReclassified()]
    run(deliver(Draft(speak(["Yes."], 5, thought)), address(channel)))
    assert [message.text for message in channel.messages.values()] == ["Yes."]


def test_a_rate_limit_widens_the_pause_and_is_forgotten_slowly() -> None:
    channel = FakeChannel(Limits(4000, 1), ["fine", "fine", 7.0])
    run(deliver(Draft(speak(["word "] * 300, 0.2)), address(channel)))
    gaps = [later - earlier for earlier, later in itertools.pairwise(channel.calls)]
    assert gaps[0] == pytest.approx(1, abs=0.21)
    assert gaps[2] == pytest.approx(7 + LATENCY_SECONDS / 2, abs=0.3)
    assert gaps[3] > 1.7
    assert gaps[-2] == pytest.approx(1, abs=0.21)


def test_a_rate_limit_of_a_quarter_of_an_hour_is_waited_out() -> None:
    channel = FakeChannel(Limits(4000, 1), ["fine", 900.0, "fine", 900.0])
    run(deliver(Draft(speak(["word "] * 300, 0.2)), address(channel)))
    assert channel.screen() == [("word " * 300).rstrip()]
    assert channel.too_early == 0


@pytest.mark.parametrize("processes", [1, 2, 3, 5, 10])
def test_processes_together_keep_the_rate_of_an_account(processes: int) -> None:
    """A hundred answers begin at once, spread over the processes; each makes several writes."""
    limits = Limits(4000, 0.5, writes_per_second=28)
    channels = [FakeChannel(limits) for _ in range(processes)]
    paces = [Pace(share=processes) for _ in range(processes)]

    async def live() -> None:
        await asyncio.gather(
            *(
                deliver(
                    Draft(speak(["word "] * 30, 0.2)),
                    Address(channels[n % processes], paces[n % processes], Chat("fake", str(n)), "k"),
                )
                for n in range(100)
            )
        )

    run(live())
    calls = sorted(at for channel in channels for at in channel.calls)
    assert max(sum(at <= other < at + 1 for other in calls) for at in calls) <= 29
    assert len(calls) / (calls[-1] - calls[0]) > 28 - processes - 1
