"""How long a silent model is waited for, and what is asked a second time."""

from __future__ import annotations

import asyncio

import pytest

from bridge.errors import AnswerCut, GatewaySilent, ProviderLimited
from bridge.gateway import Gateway, completion
from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.gateway.server import DONE, HEAD, ask, chunk, hear, serving, until


async def test_no_first_token(emulator: GatewayEmulator) -> None:
    async with Gateway(emulator.url, emulator.key, first_token=0.2) as gateway:
        pieces, error = await hear(ask(gateway, "fake-openai:hang"))
    assert not pieces
    assert isinstance(error, GatewaySilent)
    assert (error.seconds, error.before_first) == (0.2, True)
    assert len(emulator.requests) == 1
    await until(lambda: emulator.disconnects() == 1)


async def test_silence_in_the_middle(emulator: GatewayEmulator) -> None:
    async with Gateway(emulator.url, emulator.key, first_token=20, idle=0.2) as gateway:
        pieces, error = await hear(ask(gateway, "fake-openai:midhang"))
    assert pieces
    assert isinstance(error, GatewaySilent)
    assert (error.seconds, error.before_first) == (0.2, False)
    await until(lambda: emulator.disconnects() == 1)


async def test_a_long_thought_is_not_silence() -> None:
    thought = b'data: {"choices":[{"delta":{"reasoning_content":"hm"}}]}\n\n'

    async def ponder(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        for _ in range(12):
            writer.write(thought)
            await asyncio.sleep(0.1)
        writer.write(chunk("so", "stop") + DONE)

    async with serving(ponder) as url, Gateway(url, first_token=0.8, idle=0.8) as gateway:
        completion = ask(gateway)
        assert await hear(completion) == (["so"], None)
        assert completion.reasoning


async def test_empty_frames_are_silence() -> None:
    async def mumble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        while not reader.at_eof():
            writer.write(b": keep-alive\n\n" + chunk())
            await asyncio.sleep(0.02)

    async with serving(mumble) as url, Gateway(url, first_token=0.3) as gateway:
        _, error = await hear(ask(gateway))
    assert isinstance(error, GatewaySilent)
    assert error.before_first


async def test_a_stream_that_stays_open_after_its_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "FINISH_GRACE_SECONDS", 0.2)

    async def linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk("all of it") + chunk(finish="stop"))
        await reader.read()

    async with serving(linger) as url, Gateway(url) as gateway:
        asked = ask(gateway)
        assert await asyncio.wait_for(hear(asked), 5) == (["all of it"], None)
        assert asked.finish == "stop"


async def test_a_lost_connection_is_tried_again(emulator: GatewayEmulator, gateway: Gateway) -> None:
    emulator.drop(2)
    pieces, error = await hear(ask(gateway))
    assert error is None
    assert "".join(pieces) == "You said: Why is the sky blue?"
    assert len(emulator.requests) == 3


async def test_a_rate_limit_that_passes(emulator: GatewayEmulator, gateway: Gateway) -> None:
    pieces, error = await hear(ask(gateway, "fake-openai:flaky"))
    assert (pieces, error) == (["You said: Why is the sky blue?"], None)
    assert len(emulator.requests) == 2


async def test_nothing_is_said_twice(emulator: GatewayEmulator, gateway: Gateway) -> None:
    pieces, error = await hear(ask(gateway, "fake-openai:cut"))
    assert pieces == ["你好，wor"]
    assert isinstance(error, AnswerCut)
    assert len(emulator.requests) == 1


async def test_no_second_try_once_the_model_has_begun_to_think(emulator: GatewayEmulator, gateway: Gateway) -> None:
    emulator.behave("ok", Behaviour(text="", reasoning=("hm",), end="cut"))
    pieces, error = await hear(ask(gateway))
    assert not pieces
    assert isinstance(error, AnswerCut)
    assert len(emulator.requests) == 1


async def test_no_second_try_of_a_thought_that_met_a_limit() -> None:
    thought = b'data: {"choices":[{"delta":{"reasoning":"hm"}}]}\n\n'
    limit = b'data: {"error":{"message":"slow down","code":429}}\n\n'
    asked = 0

    async def think(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.write(HEAD + thought + limit)

    async with serving(think) as url, Gateway(url, retry_delay=0.01) as gateway:
        pieces, error = await hear(ask(gateway))
    assert not pieces
    assert isinstance(error, ProviderLimited)
    assert asked == 1


async def test_the_gateway_comes_back(emulator: GatewayEmulator, gateway: Gateway) -> None:
    emulator.answer("word " * 5000, tokens_per_second=20)
    reader = asyncio.create_task(hear(ask(gateway)))
    await until(lambda: bool(emulator.requests and emulator.requests[0].written > 1000))
    await emulator.stop()
    pieces, error = await reader
    assert pieces
    assert isinstance(error, AnswerCut)
    assert emulator.disconnects() == 0
    await emulator.start()
    emulator.answer("back")
    assert await hear(ask(gateway)) == (["back"], None)
