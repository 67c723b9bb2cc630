"""What waits when there is more to do than the processor can, on a clock that jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from bridge.channel import Limits
from bridge.reply import Pace
from bridge.turn import load as module
from bridge.turn.load import CALM_ANSWERS, FULL_LAG_SECONDS, LONG_WAIT_SECONDS, MAX_PRESSURE, Load
from bridge.types import Chat
from tests.virtual_clock import VirtualLoop, run


async def take_slots(load: Load, stack: AsyncExitStack, count: int) -> None:
    for _ in range(count):
        await stack.enter_context(load.slot()).take(lambda: None)


def busy(seconds: float) -> None:
    """Let a pass of the loop last so long, as a thousand readers that wake together do."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.now += seconds


def play(
    check: Callable[[Load, AsyncExitStack], Awaitable[None]], *, taken: int, max_answers: int | None = None
) -> None:
    """Run `check` with a load of which so many slots are taken; leaving the stack gives them up."""

    async def checked() -> None:
        load = Load(max_answers)
        async with AsyncExitStack() as stack:
            await take_slots(load, stack, taken)
            await check(load, stack)

    run(checked())


def test_few_answers_are_read_as_they_come() -> None:
    async def check(load: Load, stack: AsyncExitStack) -> None:
        assert load.pause() == 0
        await take_slots(load, stack, 1)
        assert load.pause() > 0

    play(check, taken=CALM_ANSWERS)


def test_first_words_are_looked_for_more_often() -> None:
    async def check(load: Load, stack: AsyncExitStack) -> None:
        assert load.pause(silent=True) <= 0.1 < 0.4 <= load.pause() <= 0.5

    play(check, taken=1000)


def test_what_nobody_can_see_yet_is_read_less_often() -> None:
    async def check(load: Load, stack: AsyncExitStack) -> None:
        limits, pace = Limits(max_length=4096, edit_interval=1, writes_per_second=10), Pace()
        writers = [asyncio.create_task(write(pace, Chat("x", str(n)), limits)) for n in range(200)]
        await asyncio.sleep(0)
        assert 19 < pace.backlog < 20
        assert load.pause(backlog=pace.backlog) > 1.5
        assert load.pause(silent=True, backlog=pace.backlog) <= 0.1
        await asyncio.wait(writers)
        assert pace.backlog == 0
        assert load.pause(backlog=pace.backlog) <= 0.1

    async def write(pace: Pace, chat: Chat, limits: Limits) -> None:
        async with pace.turn(chat, limits, urgent=False):
            pass

    play(check, taken=100)


def test_a_late_loop_raises_the_pressure_until_it_is_calm() -> None:
    async def check(load: Load, stack: AsyncExitStack) -> None:
        assert load.pause() <= 0.1
        for _ in range(40):
            await asyncio.sleep(0.04)
            busy(0.2)
        assert load.pressure == MAX_PRESSURE
        assert load.pause() > 0.15
        await asyncio.sleep(30)
        assert load.pressure == 1
        await stack.aclose()
        await asyncio.sleep(1)
        assert len(asyncio.all_tasks()) == 1  # nobody is watched over, so nothing wakes

    play(check, taken=100)


def test_no_answer_begins_while_the_loop_is_late_by_seconds() -> None:
    async def check(load: Load, stack: AsyncExitStack) -> None:
        for _ in range(10):
            await asyncio.sleep(0.05)
            busy(2 * FULL_LAG_SECONDS)
        waiting = asyncio.create_task(take_slots(load, stack, 1))
        await asyncio.sleep(0)
        assert not waiting.done()
        await asyncio.sleep(5)
        assert waiting.done()

    play(check, taken=100)


def test_those_who_waited_longer_begin_first() -> None:
    async def check(load: Load, stack: AsyncExitStack) -> None:
        began: list[int] = []

        async def answer(number: int) -> None:
            with load.slot() as slot:
                await slot.take(lambda: None)
                began.append(number)
                await asyncio.sleep(1)

        tasks = [asyncio.create_task(answer(number)) for number in range(6)]
        await asyncio.sleep(3)
        assert began == []
        await stack.aclose()
        tasks.append(asyncio.create_task(answer(6)))  # there is room now, but not for who has just come
        await asyncio.wait(tasks)
        assert began == [0, 1, 2, 3, 4, 5, 6]
        assert load.answers == 0

    play(check, taken=2, max_answers=2)


def test_who_stops_while_waiting_leaves_no_slot_taken() -> None:
    async def check(load: Load, stack: AsyncExitStack) -> None:
        later = AsyncExitStack()
        first, second = (asyncio.create_task(take_slots(load, later, 1)) for _ in range(2))
        await asyncio.sleep(1)
        first.cancel()
        await asyncio.wait([first])
        await stack.aclose()
        await second
        assert load.answers == 1
        await later.aclose()
        assert load.answers == 0

    play(check, taken=2, max_answers=2)


def test_who_waits_for_ten_seconds_is_told_once() -> None:
    async def check(load: Load, stack: AsyncExitStack) -> None:
        told: list[float] = []
        loop = asyncio.get_running_loop()
        began = loop.time()
        with load.slot() as slot:
            waiting = asyncio.create_task(slot.take(lambda: told.append(loop.time() - began)))
            await asyncio.sleep(60)
            waiting.cancel()
            await asyncio.wait([waiting])
        assert told == [LONG_WAIT_SECONDS]

    play(check, taken=2, max_answers=2)


def test_as_many_answers_as_files_may_be_open() -> None:
    assert 100 < module.answers_that_fit() <= module.MAX_ANSWERS


def test_under_pressure_only_what_is_not_urgent_waits_longer() -> None:
    limits, chat = Limits(1000, 1.0), Chat("t", "1")

    async def gap(urgent: bool) -> float:
        loop, pace = asyncio.get_running_loop(), Pace(pressure=lambda: 8.0)
        async with pace.turn(chat, limits, urgent=True):
            began = loop.time()
        async with pace.turn(chat, limits, urgent=urgent):
            return loop.time() - began

    assert run(gap(urgent=True)) == 1.0
    assert run(gap(urgent=False)) == 8.0


def test_a_write_under_pressure_hurries_when_it_becomes_the_last() -> None:
    limits, chat = Limits(1000, 1.0), Chat("t", "1")

    async def gap() -> float:
        loop, pace = asyncio.get_running_loop(), Pace(pressure=lambda: 8.0)
        async with pace.turn(chat, limits, urgent=True):
            began = loop.time()
        turn = pace.turn(chat, limits, urgent=False)
        loop.call_later(3.0, turn.hurry)
        async with turn:
            return loop.time() - began

    assert run(gap()) == 3.0
