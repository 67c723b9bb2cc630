"""Several equal processes on one store: who listens, who answers, who is stopped; people notice nothing of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from bridge.app import HEARTBEAT_SECONDS
from tests.emulators.telegram import TelegramPlatform
from tests.faults.plan import CHANNELS, Question
from tests.faults.world import World
from tests.platform import Bubble

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.timeout(180),
]
PATIENCE_SECONDS = 60.0
NO_BUBBLE = Bubble("", "")
TAKEOVER_SECONDS = 10.0
"""Within which another process listens after a kill."""


def listeners(world: World) -> list[int]:
    """The numbers of the processes that have begun to listen, once for each time."""
    return [worker.number for worker in world.workers for event in worker.events() if event.get("event") == "listening"]


def question(number: int, channel: str, words: int = 5, rate: float = 100) -> Question:
    return Question(number, 0, channel, "p0", "direct", words, rate)


async def answered(world: World, asked: Sequence[Question]) -> None:
    verdict = await world.settle(asked, PATIENCE_SECONDS)
    assert not verdict.complaints, f"{verdict.complaints}\n{world.tail()}"
    assert verdict.whole == len(asked)


@pytest.mark.parametrize("clean", [True, False], ids=["stopped", "killed"])
async def test_another_takes_over_listening(clean: bool) -> None:
    """Within 10 seconds of a kill, and at once after a clean stop."""
    async with World(["p0"], channels=["telegram"]) as world:
        await world.ask(question(1, "telegram"))
        await answered(world, [question(1, "telegram")])
        [first] = listeners(world)
        worker = world.workers[first]
        began = time.monotonic()
        ending = asyncio.create_task(worker.restart(20) if clean else worker.kill(20))
        await world.ask(question(2, "telegram"))

        async def taken_over() -> bool:
            return len(listeners(world)) > 1

        await world.until(taken_over, "another to listen")
        took = time.monotonic() - began
        assert took < (3.0 if clean else TAKEOVER_SECONDS)
        await answered(world, [question(1, "telegram"), question(2, "telegram")])
        assert time.monotonic() - began < 20, "the others have answered, not the one that comes back"
        ending.cancel()
        await asyncio.wait([ending])


async def test_a_rolling_restart_shows_nobody_an_error() -> None:
    async with World(["p0", "p1"]) as world:
        stop, asked = asyncio.Event(), list[Question]()

        async def talk(channel: str, who: str, first: int) -> None:
            number = first
            while not stop.is_set():
                asked.append(Question(number, 0, channel, who, "direct", 40, 20))
                await world.ask(asked[-1])
                number += 1
                await asyncio.sleep(2.5)

        talks = [
            asyncio.create_task(talk(channel, who, 100 * (2 * at + second)))
            for at, channel in enumerate(CHANNELS, 1)
            for second, who in enumerate(("p0", "p1"))
        ]
        await asyncio.sleep(2)
        for worker in world.workers:
            assert await worker.restart() == 0
            await world.until(world.all_up, "it to be up again")
            await asyncio.sleep(1)
        stop.set()
        await asyncio.gather(*talks)
        await answered(world, asked)
        assert not [failure for worker in world.workers for failure in worker.failures()]


@pytest.mark.parametrize("channel", CHANNELS)
async def test_stop_reaches_the_process_that_streams(channel: str) -> None:
    """By its command and by its button, whichever process hears it."""
    async with World(["p0", "p1", "p2", "p3"], channels=[channel]) as world:
        platform = world.platforms[channel]
        for number, who in enumerate(world.people, 1):
            await world.ask(Question(number, 0, channel, who, "direct", 400, 10))

        async def streaming() -> bool:
            return all(
                "Stop" in b.buttons for who in world.people for b in platform.bubbles("direct", who)[-1:] or [NO_BUBBLE]
            )

        await world.until(streaming, "all to stream")
        streams = [worker.links.gateway.live for worker in world.workers]
        assert sum(stream > 0 for stream in streams) > 1, f"several processes stream: {streams}"
        for number, who in enumerate(world.people):
            if number % 2:
                await platform.press(platform.bubbles("direct", who)[-1].id, "Stop", who=who)
            else:
                await platform.say("/stop", who=who)

        async def stopped() -> bool:
            return all(
                any(
                    bubble.text.endswith("stopped") and "Stop" not in bubble.buttons
                    for bubble in platform.bubbles("direct", who)
                )
                for who in world.people
            )

        took = await world.until(stopped, "all to be stopped")
        assert took < 10


async def test_what_an_account_may_write_is_shared() -> None:
    """At Telegram's own speed: three processes together keep what one alone would."""
    people = [f"p{number}" for number in range(45)]
    async with World(people, channels=["telegram"], speed=1.0) as world:
        telegram = world.platforms["telegram"]
        assert isinstance(telegram, TelegramPlatform)
        await asyncio.sleep(2 * HEARTBEAT_SECONDS)  # until each has counted the others
        asked = [Question(number, 0, "telegram", who, "direct", 60, 10) for number, who in enumerate(people, 1)]
        for each in asked:
            await world.ask(each)
        await answered(world, asked)
        writes = [call.at for call in telegram.server.called("sendMessage", "editMessageText")]
        most = max(sum(at <= other < at + 1 for other in writes) for at in writes)
        assert telegram.refusals == 0, f"{most} writes in one second"
