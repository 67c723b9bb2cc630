"""The reply engine's promise: whatever the weather, what stands there in the end is the model's text, once."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.channel import Limits
from bridge.errors import AnswerCut, ChannelError, Gone, Refused
from bridge.events import Event, ReasoningDelta, TextDelta, TextReclassified
from bridge.reply import Address, Draft, Footer, Pace, Unrecorded, deliver
from bridge.reply.pages import Pages
from bridge.types import Body, BodyFile, Button, Chat
from tests.fakes import CHAT, LATENCY_SECONDS, FakeChannel, Weather
from tests.reply.test_pages import markdown, utf8, utf16
from tests.virtual_clock import run

STOP = Button("Stop", "/stop")


async def speak(deltas: Sequence[str], gap: float, thought: Sequence[Event] = ()) -> AsyncIterator[Event]:
    for event in thought:
        await asyncio.sleep(gap)
        yield event
    for delta in deltas:
        await asyncio.sleep(gap)
        yield TextDelta(delta)


def address(channel: FakeChannel, pace: Pace | None = None) -> Address:
    return Address(channel, pace or Pace(), CHAT, "k")


def expected(text: str, limits: Limits) -> list[str]:
    return [page.text.rstrip() for page in Pages(limits).of(text)]


def how_long(draft: Draft) -> str:
    """Return what stands above an answer: for how many tens of seconds the model has thought."""
    return f"thought {draft.thought_seconds // 10:.0f}" if draft.reasoning else ""


thoughts = st.lists(
    st.one_of(st.just(ReasoningDelta("Hm. ")), st.just(TextDelta("Perhaps so. " * 20)), st.just(TextReclassified())),
    max_size=6,
).map(lambda events: [*events, TextReclassified()] if events else [])
"""What comes before an answer, all of which turns out to be reasoning."""
speech = st.lists(markdown.filter(bool), min_size=1, max_size=12)
weather = st.lists(st.one_of(st.just("fine"), st.just("lost"), st.just("dropped"), st.floats(0.5, 400)), max_size=12)
measures = st.sampled_from([len, utf8, utf16])
edits = st.sampled_from([("free", 0), ("free", 0), ("counted", 5), ("counted", 20), ("none", 0)])
files = st.lists(
    st.builds(
        lambda kind, name: BodyFile.of(kind, name, "image/png", name.encode(), name.upper()),
        st.sampled_from(["image", "image", "file"]),
        st.text("abcdef", min_size=1, max_size=6),
    ),
    max_size=6,
)


def waiting(events: AsyncIterator[Event], seconds: float) -> Draft:
    """Return a draft that may begin after so many seconds, and says so meanwhile."""

    async def admission() -> None:
        if seconds:
            await asyncio.sleep(seconds / 2)
            draft.say_meanwhile("please wait")
            await asyncio.sleep(seconds / 2)

    draft = Draft(events, admission=admission)
    return draft


def told(draft: Draft, pictures: list[BodyFile]) -> Draft:
    """Have the draft end with files, as one whose model drew some does."""
    draft.files = pictures
    return draft


@settings(max_examples=700, deadline=None)
@given(
    deltas=speech,
    gap=st.floats(0, 5),
    size=st.integers(100, 300),
    measure=measures,
    interval=st.floats(0.1, 4),
    sky=weather,
    keys=st.booleans(),
    restarts=st.lists(st.floats(0, 30), max_size=4),
    edits=edits,
    held=st.sampled_from([0.0, 0.0, 3.0]),
    thought=thoughts,
    pictures=files,
    earlier_pictures=files,
)
def test_in_the_end_the_text_stands_there_exactly_once(
    deltas: list[str],
    gap: float,
    size: int,
    measure: Callable[[str], int],
    interval: float,
    sky: list[Weather],
    keys: bool,
    restarts: list[float],
    edits: tuple[Literal["free", "counted", "none"], int],
    held: float,
    thought: list[Event],
    pictures: list[BodyFile],
    earlier_pictures: list[BodyFile],
) -> None:
    kind, most = edits
    limits = Limits(size, interval, kind, most, measure, files={"image": 5, "file": 100}, max_files=3, max_caption=4)
    channel = FakeChannel(limits, sky, keys=keys)
    record = Unrecorded()

    async def live() -> None:
        for lifetime in restarts:
            # A process that dies in the middle, and a model that then says something else at first.
            earlier = told(waiting(speak([*deltas[::-1], "and more " * 30], gap), held), earlier_pictures)
            with suppress(TimeoutError):
                delivery = deliver(
                    earlier, address(channel), record=record, buttons_while_streaming=[STOP], aside=how_long
                )
                await asyncio.wait_for(delivery, lifetime)
        draft = told(waiting(speak(deltas, gap, thought), held), pictures)
        await deliver(draft, address(channel), record=record, buttons_while_streaming=[STOP], aside=how_long)

    run(live())
    words = [message.text for message in channel.messages.values() if not message.body.files]
    assert words == expected("".join(deltas), limits)
    shown = [file for message in channel.messages.values() for file in message.body.files]
    assert [file.name for file in shown] == [file.name for file in pictures]
    assert all(len(file.alt) <= 4 for file in shown)
    order = [bool(message.body.files) for message in channel.messages.values()]
    assert order == sorted(order), "the files stand under the text"
    assert all(message.final and not message.buttons for message in channel.messages.values())
    if not restarts:  # a new process has not heard the platform ask for quiet
        assert channel.too_early == 0
    if kind == "counted" and not restarts:
        assert all(message.edits <= most + len(sky) for message in channel.messages.values())
    if kind == "none":
        assert not any(message.edits for message in channel.messages.values())


@settings(max_examples=150, deadline=None)
@given(speech, speech, st.floats(0, 2), weather, st.lists(st.floats(0, 20), max_size=3), edits)
def test_two_named_replies_of_one_turn_stand_there_once_each(
    one: list[str],
    other: list[str],
    gap: float,
    sky: list[Weather],
    restarts: list[float],
    edits: tuple[Literal["free", "counted", "none"], int],
) -> None:
    """Two answers grow side by side in one chat; each has a record of its own."""
    kind, most = edits
    limits = Limits(200, 0.5, kind, most)
    channel, records = FakeChannel(limits, sky), {"a": Unrecorded(), "b": Unrecorded()}

    async def both(pace: Pace) -> None:
        await asyncio.gather(
            *(
                deliver(Draft(speak(said, gap)), Address(channel, pace, CHAT, f"k{name}"), record=records[name])
                for name, said in (("a", one), ("b", other))
            )
        )

    async def live() -> None:
        for lifetime in restarts:
            with suppress(TimeoutError):
                await asyncio.wait_for(both(Pace()), lifetime)
        await both(Pace())

    run(live())
    for name, said in (("a", one), ("b", other)):
        shown = [message.text for message in channel.messages.values() if message.key.startswith(f"k{name}.")]
        assert shown == expected("".join(said), limits)
    assert len(channel.messages) == sum(len(record.refs) for record in records.values())


@settings(max_examples=200, deadline=None)
@given(speech, st.integers(100, 300), st.integers(40, 100), weather)
@example(deltas=["x" * 500], size=300, really=50, sky=[])
def test_a_platform_that_takes_less_than_it_says_loses_nothing(
    deltas: list[str], size: int, really: int, sky: list[Weather]
) -> None:
    channel = FakeChannel(Limits(size, 1), sky, really=really)
    run(deliver(Draft(speak(deltas, 0.5)), address(channel)))
    assert all(len(text) <= really for text in channel.screen())

    def letters(text: str) -> str:
        return "".join(character for character in text if character.isalnum())

    if "|" not in "".join(deltas) and "```" not in "".join(deltas) and "~~~" not in "".join(deltas):
        assert letters("".join(channel.screen())) == letters("".join(deltas))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 60)), min_size=2, max_size=12), st.floats(0.5, 4))
def test_many_answers_in_one_chat_keep_the_platforms_interval(
    answers: list[tuple[float, int]], interval: float
) -> None:
    limits = Limits(2000, interval)
    channel, pace = FakeChannel(limits), Pace()

    async def live() -> None:
        await asyncio.gather(
            *(
                deliver(Draft(speak([f"<{number}> "] * length, gap)), Address(channel, pace, CHAT, f"k{number}"))
                for number, (gap, length) in enumerate(answers)
            )
        )

    run(live())
    assert sorted(channel.screen()) == sorted((f"<{n}> " * length).rstrip() for n, (_, length) in enumerate(answers))
    assert all(later - earlier >= interval - 1e-6 for earlier, later in itertools.pairwise(channel.calls))


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


def test_a_remark_after_open_code_stands_outside_of_it() -> None:
    channel = FakeChannel(Limits(1000, 1))
    run(deliver(Draft.whole("```py\nx = 1"), address(channel), footer=lambda _: Footer("Cut.")))
    assert channel.screen() == ["```py\nx = 1\n```\n\nCut."]


def test_a_remark_that_no_longer_fits_gets_a_message_of_its_own() -> None:
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


def test_a_fault_of_ours_never_looks_like_the_end() -> None:
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


def test_a_platform_that_takes_no_text_at_all_is_a_refusal() -> None:
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
