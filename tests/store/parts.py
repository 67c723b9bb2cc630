"""What the tests of the store have in common: messages, and a worker that answers them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress

from bridge.inbound import Said
from bridge.inbox import Claim, Inbox, Question, Turn
from bridge.store import Exchange
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
