"""Single faults at the moments that matter, on all three platforms at once: what is left is one whole answer each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tests.faults.plan import CHANNELS, Question
from tests.faults.world import World

# The emulators answer into connections whose other end was killed.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.timeout(180),
]
PATIENCE_SECONDS = 60.0


def one_each(first: int, words: int, rate: float) -> list[Question]:
    """A question on each channel, in p0's direct chat."""
    return [Question(first + at, 0, name, "p0", "direct", words, rate) for at, name in enumerate(CHANNELS)]


async def shown(world: World, questions: Sequence[Question], messages: int = 1) -> None:
    """Wait until so many messages of each answer are there."""

    async def look() -> bool:
        texts = [[b.text for b in world.platforms[q.channel].bubbles("direct", q.who)] for q in questions]
        pairs = zip(questions, texts, strict=True)
        return all(sum(text.startswith(f"q{q.number}r") for text in each) >= messages for q, each in pairs)

    await world.until(look, f"{messages} messages of each answer")


async def whole(world: World, asked: Sequence[Question]) -> None:
    verdict = await world.settle(asked, PATIENCE_SECONDS)
    assert not verdict.complaints, f"{verdict.complaints}\n{world.tail()}"
    assert verdict.whole == len(asked)


async def test_killed_between_a_post_and_its_answer() -> None:
    """The post is there and nobody knows it: on Telegram it stands twice until it is found."""
    async with World(["p0"], processes=2) as world:
        before = one_each(1, 5, 100)
        for question in before:
            await world.ask(question)
        await whole(world, before)
        asked = one_each(11, 60, 20)
        world.gateway.first_word = 1.5
        for question in asked:
            await world.ask(question)
        await world.until(lambda: _asked(world, asked), "the gateway to be asked")
        proxies = [worker.links.platforms[name] for worker in world.workers for name in CHANNELS]
        for proxy in proxies:
            proxy.hold_answers()
        await shown(world, asked)
        await asyncio.gather(*(worker.kill() for worker in world.workers))
        for proxy in proxies:
            proxy.flow()
        await whole(world, [*before, *asked])
        [stood] = world.duplicates()["telegram"]
        assert stood < 30


async def _asked(world: World, questions: Sequence[Question]) -> bool:
    return all(world.gateway.attempts[question.number] for question in questions)


async def test_killed_in_the_middle_of_a_second_message() -> None:
    async with World(["p0"], processes=2) as world:
        asked = one_each(1, 800, 80)
        for question in asked:
            await world.ask(question)
        await shown(world, asked[:2], 2)  # one message of Feishu holds all of it
        await asyncio.gather(*(worker.kill() for worker in world.workers))
        await whole(world, asked)


async def test_a_process_that_slept_writes_nothing_any_more() -> None:
    """Its claims have expired and others have answered; what it still had to say was said by then."""
    async with World(["p0"], processes=2) as world:
        asked = one_each(1, 200, 20)
        for question in asked:
            await world.ask(question)
        await shown(world, asked)
        await world.workers[0].freeze(8.5)
        await whole(world, asked)
        again = one_each(11, 5, 100)
        for question in again:
            await world.ask(question)
        await world.workers[1].freeze(8.5)
        await whole(world, [*asked, *again])


async def test_a_message_that_comes_again_is_answered_once() -> None:
    async with World(["p0"], processes=2) as world:
        asked = one_each(1, 5, 100)
        for question in asked:
            id = await world.ask(question)
            await world.platforms[question.channel].redeliver(id)
        await whole(world, asked)
        for question in asked:
            await world.platforms[question.channel].redeliver(world.ids[question.number])
        more = one_each(11, 5, 100)
        for question in more:
            await world.ask(question)
        await whole(world, [*asked, *more])
        assert sum(world.gateway.attempts.values()) == 6, "nothing was asked twice"
