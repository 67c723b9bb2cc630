"""How reading ends when somebody wants it to, from within and from elsewhere."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from bridge.gateway import Completion, Gateway
from bridge.types import ModelId
from tests.emulators.gateway import GatewayEmulator
from tests.gateway.server import HELLO, ask, hear, until


@pytest.mark.parametrize("moment", ["before the first word", "between words"])
async def test_cancelling_closes_the_connection(emulator: GatewayEmulator, gateway: Gateway, moment: str) -> None:
    emulator.answer("word " * 5000, tokens_per_second=20, first_token=30 if moment.startswith("before") else 0)
    reader = asyncio.create_task(hear(ask(gateway)))
    await until(lambda: bool(emulator.requests))
    await asyncio.sleep(0.1)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await until(lambda: emulator.disconnects() == 1)


@pytest.mark.parametrize("moment", ["before the first word", "between words"])
async def test_closing_from_elsewhere_ends_the_reading(
    emulator: GatewayEmulator, gateway: Gateway, moment: str
) -> None:
    emulator.answer("word " * 5000, tokens_per_second=20, first_token=30 if moment.startswith("before") else 0)
    completion = ask(gateway)
    reader = asyncio.create_task(hear(completion))
    await until(lambda: bool(emulator.requests))
    await asyncio.sleep(0.1)
    await completion.aclose()
    pieces, error = await asyncio.wait_for(reader, 5)
    assert error is None
    assert bool(pieces) == (moment == "between words")
    await until(lambda: emulator.disconnects() == 1)
    assert await hear(completion) == ([], None)


async def test_closing_does_not_wait_for_a_reader_that_rests(emulator: GatewayEmulator, gateway: Gateway) -> None:
    emulator.answer("word " * 5000, tokens_per_second=20)
    resting = asyncio.Event()

    def pause(*, silent: bool) -> float:
        resting.set()
        return 3600

    completion = gateway.stream(ModelId.parse("fake-openai:ok"), HELLO, pause=pause)
    reader = asyncio.create_task(hear(completion))
    await asyncio.wait_for(resting.wait(), 30)
    await completion.aclose()
    _, error = await asyncio.wait_for(reader, 30)
    assert error is None
    await until(lambda: emulator.disconnects() == 1)


async def test_closing_between_two_pieces(emulator: GatewayEmulator, gateway: Gateway) -> None:
    emulator.answer("word " * 5000, tokens_per_second=20)
    async with aclosing(ask(gateway)) as completion:
        assert await anext(completion)
    await until(lambda: emulator.disconnects() == 1)


async def hear_one(completion: Completion) -> str:
    return await anext(completion, "")


async def test_closing_while_a_piece_is_on_its_way(emulator: GatewayEmulator, gateway: Gateway) -> None:
    """The reader has its piece, but has not run yet, when somebody else closes."""
    emulator.answer("word " * 5000, tokens_per_second=20)
    for n in range(20):
        completion = ask(gateway)
        first = asyncio.create_task(hear_one(completion))
        while not (emulator.requests[n:] and emulator.requests[n].written):
            await asyncio.sleep(0)
        for _ in range(n % 5):
            await asyncio.sleep(0)
        await completion.aclose()
        await first
    await until(lambda: emulator.disconnects() == 20)


async def test_closing_what_was_never_asked(emulator: GatewayEmulator, gateway: Gateway) -> None:
    completion = ask(gateway)
    await completion.aclose()
    assert await hear(completion) == ([], None)
    assert not emulator.requests
