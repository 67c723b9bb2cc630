"""Single faults at the moments that matter, on all three platforms at once: what is left is one whole answer each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from bridge.inbox.inbox import CLAIM_SECONDS
from bridge.store import open_store
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
        assert len(world.duplicates()["telegram"]) == 1, "it stood twice, and does no more"


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
    async with World(["p0", "p1", "p2"], processes=2) as world:
        asked = [
            Question(100 * at + number, 0, name, who, "direct", 60, 20)
            for at, name in enumerate(CHANNELS)
            for number, who in enumerate(world.people, 1)
        ]
        for question in asked:
            await world.ask(question)
        await shown(world, asked)
        sleeper = max(world.workers, key=lambda worker: worker.links.gateway.live)
        assert sleeper.links.gateway.live > 1
        await sleeper.freeze(CLAIM_SECONDS + 8)
        await whole(world, asked)


async def test_a_process_that_slept_on_its_last_word_ends_nothing() -> None:
    """What it would end when it wakes is the turn of another question, which another process answers."""
    async with World(["p0"], processes=2, channels=["telegram"]) as world:
        first = Question(1, 0, "telegram", "p0", "direct", 5, 100)
        second = Question(2, 0, "telegram", "p0", "direct", 300, 20)
        before = [worker.links.gateway.carried for worker in world.workers]
        await world.ask(first)
        await shown(world, [first])
        await world.ask(second)
        await asyncio.sleep(0.3)  # the post has been answered; what follows is the last word
        proxies = [worker.links.platforms["telegram"] for worker in world.workers]
        for proxy in proxies:
            proxy.hold_answers()

        async def complete() -> bool:
            return world.platforms["telegram"].bubbles(who="p0")[0].text.endswith("w4")

        await world.until(complete, "the last word")
        sleeper = max(world.workers, key=lambda worker: worker.links.gateway.carried - before[worker.number])
        sleeping = asyncio.create_task(sleeper.freeze(2 * CLAIM_SECONDS + 4))
        for proxy in proxies:
            proxy.flow()
        await sleeping
        assert world.gateway.attempts[1] == 2, "another took it over"
        await whole(world, [first, second])


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


async def kept(world: World) -> bool:
    """Whether a turn's record holds a rate limit."""
    async with open_store(world.store.url(world.store.port), world.home) as store:
        heads = [name async for name in store.redis.scan_iter(match="cherry:*:head")]
        return any([await store.redis.hexists(name, "quiet") for name in heads])


async def test_a_process_that_takes_over_waits_as_the_last_was_told() -> None:
    """Who writes while a rate limit lasts is made to wait twice as long, every time."""
    async with World(["p0"], processes=2, channels=["telegram"], speed=1.0) as world:
        platform = world.platforms["telegram"]
        asked = Question(1, 0, "telegram", "p0", "direct", 100, 20)
        await world.ask(asked)
        await shown(world, [asked])
        platform.flood(14.0)

        async def refused() -> bool:
            return platform.refusals == 1

        await world.until(refused, "the rate limit")
        await world.until(partial(kept, world), "the rate limit in the turn's record")
        await asyncio.gather(*(worker.kill() for worker in world.workers))
        await whole(world, [asked])
        assert platform.refusals == 1
