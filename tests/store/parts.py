"""What the tests of the store have in common: messages, and workers that answer them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager, suppress

from bridge.inbound import Said
from bridge.inbox import Claim, CommandCall, Inbox, Question, Turn
from bridge.store import Exchange, Store
from bridge.types import Chat, ChatMessage, User

ACCOUNT = "telegram:4711"
PATIENCE = 60.0
"""Seconds after which a test gives up on something that should have happened: far beyond what it takes."""


def chat(id: str = "1", thread: str = "") -> Chat:
    return Chat("telegram", id, thread, direct=not thread)


def message(id: str, where: Chat | None = None, text: str = "why?") -> Said:
    return Said(id, where or chat(), User("telegram", "7", "Mia"), text, sent_at=1.0)


def question(id: str, where: Chat | None = None, text: str = "why?") -> Question:
    return Question(id, message(id, where, text))


def command(id: str, where: Chat | None = None) -> CommandCall:
    return CommandCall(id, where or chat(), User("telegram", "7", "Mia"), "model")


def exchange(id: str, answer: str = "because", at: float = 2.0) -> Exchange:
    return Exchange.plain(id, (ChatMessage.user(f"question {id}"),), answer, model="demo:fast", at=at)


@asynccontextmanager
async def taking(inbox: Inbox, *accounts: str, room: Callable[[], int] = lambda: 100) -> AsyncIterator[Take]:
    """Inside, calling it waits for the next claim."""
    async with aclosing(inbox.ready(accounts or (ACCOUNT,), room)) as claims:

        async def take() -> Claim:
            return await asyncio.wait_for(anext(claims), PATIENCE)

        yield take


Take = Callable[[], Awaitable[Claim]]


async def nothing(take: Take, seconds: float = 0.3) -> bool:
    """Whether no claim comes for a while. The reader of claims is of no use afterwards."""
    with suppress(TimeoutError):
        await asyncio.wait_for(take(), seconds)
        return False
    return True


async def taken(inbox: Inbox) -> Claim:
    """Return the next claim."""
    async with taking(inbox) as take:
        return await take()


async def begun(inbox: Inbox, *ids: str) -> tuple[Claim, Turn]:
    """Put a question for each of `ids`, or one, and return the first turn with its claim."""
    for id in ids or ("1",):
        await inbox.put(ACCOUNT, question(id))
    claim = await taken(inbox)
    return claim, await first(claim)


async def first(claim: Claim) -> Turn:
    turn = await claim.next()
    assert turn is not None
    return turn


def asked(turn: Turn) -> Said:
    """What is asked in a turn that holds a question."""
    assert isinstance(turn.job, Question)
    return turn.job.message


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0.02)


class Mortal:
    """A worker in this process that answers each chat with `answer`. Now and then it drops dead with all it holds.

    `ttl` is that of its claims. Each life but the last takes some seconds between those of `span`.
    """

    def __init__(
        self,
        store: Store,
        answer: Callable[[Claim], Coroutine[None, None, None]],
        *,
        ttl: float,
        span: tuple[float, float],
        chance: random.Random,
    ) -> None:
        self.deaths = 0
        self._store = store
        self._answer = answer
        self._ttl = ttl
        self._span = span
        self._chance = chance

    async def live(self, lives: int) -> None:
        """Live so often. The last life ends by cancelling it."""
        for life in range(lives):
            inbox = Inbox(self._store, ttl=self._ttl)
            try:
                async with asyncio.timeout(None if life == lives - 1 else self._chance.uniform(*self._span)):
                    await work(inbox, self._answer, 8)
            except TimeoutError:
                self.deaths += 1
            finally:
                await inbox.close()


async def work(inbox: Inbox, answer: Callable[[Claim], Coroutine[None, None, None]], most: int) -> None:
    """Answer in `most` chats at once, until cancelled; what is under way is then cancelled too."""
    tasks: set[asyncio.Task[None]] = set()
    try:
        async with aclosing(inbox.ready([ACCOUNT], lambda: most - len(tasks))) as claims:
            async for claim in claims:
                task = asyncio.create_task(answer(claim))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
    finally:
        for task in list(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
