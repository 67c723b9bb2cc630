"""What a person finally sees is what the model said, exactly once: over speeds, limits, lost answers and restarts."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.channel import Limits
from bridge.errors import StoreError
from bridge.events import Event
from bridge.reply import Address, Draft, Pace, Unrecorded, deliver
from bridge.types import BodyFile
from tests.fakes import CHAT, FakeChannel, Weather
from tests.reply.speech import (
    STOP,
    address,
    edits,
    expected,
    files,
    how_long,
    measures,
    speak,
    speech,
    thoughts,
    told,
    waiting,
    weather,
)
from tests.virtual_clock import run

StoreWeather = Literal["fine", "lost", "refused"]
STORE_WEATHER: tuple[StoreWeather, ...] = ("fine", "fine", "fine", "lost", "refused")
"""What becomes of one write of the record: kept, kept but the answer lost, not kept."""


@dataclass
class RoughRecord(Unrecorded):
    """A record in a store far away: each write takes a moment, in which the process may die, and may fail."""

    sky: Iterator[StoreWeather] = field(default_factory=lambda: iter(()))

    async def begin(self, fingerprint: str) -> None:
        async with self._written():
            await super().begin(fingerprint)

    async def posted(self, ref: str) -> None:
        async with self._written():
            await super().posted(ref)

    async def replaced(self, number: int, ref: str) -> None:
        async with self._written():
            await super().replaced(number, ref)

    async def drop(self) -> None:
        async with self._written():
            await super().drop()

    async def dropped(self) -> None:
        async with self._written():
            await super().dropped()

    @asynccontextmanager
    async def _written(self) -> AsyncIterator[None]:
        await asyncio.sleep(0.5)
        weather = next(self.sky, "fine")
        if weather == "refused":
            raise StoreError("away")
        yield
        await asyncio.sleep(0.5)
        if weather == "lost":
            raise StoreError("away")


@settings(max_examples=700, deadline=None)
@given(
    deltas=speech,
    gap=st.floats(0, 5),
    size=st.integers(100, 300),
    measure=measures,
    interval=st.floats(0.1, 4),
    sky=weather,
    keys=st.booleans(),
    restarts=st.lists(st.tuples(st.floats(0, 30), st.booleans()), max_size=4),
    store=st.lists(st.sampled_from(STORE_WEATHER), max_size=12),
    edits=edits,
    held=st.sampled_from([0.0, 0.0, 3.0]),
    thought=thoughts,
    pictures=files,
    earlier_pictures=files,
    together=st.sampled_from([None, 6, 9]),
)
def test_in_the_end_the_text_stands_there_exactly_once(
    deltas: list[str],
    gap: float,
    size: int,
    measure: Callable[[str], int],
    interval: float,
    sky: list[Weather],
    keys: bool,
    restarts: list[tuple[float, bool]],
    store: list[StoreWeather],
    edits: tuple[Literal["free", "counted", "none"], int],
    held: float,
    thought: list[Event],
    pictures: list[BodyFile],
    earlier_pictures: list[BodyFile],
    together: int | None,
) -> None:
    kind, most = edits
    limits = Limits(
        *(size, interval, kind, most, measure),
        files={"image": 5, "file": 100},
        max_files=3,
        max_files_bytes=together,
        max_caption=4,
    )
    channel = FakeChannel(limits, sky, keys=keys)
    record = RoughRecord(sky=iter(store))

    async def live() -> None:
        for lifetime, chatty in restarts:
            # A process that dies in the middle or loses the store, and a model that then says something else at first.
            said = [*deltas[::-1], "and more " * 30] if chatty else ["Hm."]
            earlier = told(waiting(speak(said, gap), held), earlier_pictures)
            with suppress(TimeoutError, StoreError):
                delivery = deliver(
                    earlier, address(channel), record=record, buttons_while_streaming=[STOP], aside=how_long
                )
                await asyncio.wait_for(delivery, lifetime)
        record.sky = iter(())
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
