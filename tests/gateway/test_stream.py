"""Answers as they come: what is sent, and how it is read."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Callable

import pytest

from bridge.events import Usage
from bridge.gateway import Gateway
from bridge.types import ChatMessage, ModelId
from tests.emulators.gateway import GatewayEmulator
from tests.gateway.conftest import only
from tests.gateway.server import DONE, HEAD, ask, chunk, hear, serving, until

if sys.platform == "win32":
    LOOPS = [asyncio.new_event_loop]
else:
    import uvloop

    LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


async def test_an_answer(emulator: GatewayEmulator, gateway: Gateway) -> None:
    completion = ask(gateway, question="What is 海?")
    finish = completion.finish
    pieces, error = await hear(completion)
    assert error is None
    assert "".join(pieces) == "You said: What is 海?"
    assert completion.usage == Usage(11, 7)
    assert (finish, completion.finish) == ("", "stop")
    assert not completion.reasoning


async def test_the_words_come_while_they_are_made(emulator: GatewayEmulator, gateway: Gateway) -> None:
    text = "one two three four five six seven eight nine ten"
    emulator.answer(text, tokens_per_second=50, first_token=0.05)
    pieces, error = await hear(ask(gateway))
    assert error is None
    assert "".join(pieces) == text
    assert len(pieces) > 2


async def test_only_what_every_generation_understands_is_sent(emulator: GatewayEmulator, gateway: Gateway) -> None:
    talk = [
        ChatMessage.system("Be brief."),
        ChatMessage.user(" "),
        ChatMessage.user("hello"),
        ChatMessage.assistant(""),
        ChatMessage.user("half a \ud83d pair"),
    ]
    await hear(gateway.stream(ModelId("fake-openai", "vendor/ok:free"), talk))
    (request,) = emulator.requests
    assert request.body == {
        "model": "fake-openai:vendor/ok:free",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "hello"},
            {"role": "user", "content": "half a ? pair"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert request.headers["Authorization"] == f"Bearer {emulator.key}"
    assert request.headers["Content-Type"] == "application/json"
    assert "X-API-Key" not in request.headers


async def test_nothing_is_sent_where_nothing_is_said(emulator: GatewayEmulator, gateway: Gateway) -> None:
    with pytest.raises(ValueError, match="no message holds text"):
        await anext(gateway.stream(ModelId("fake-openai", "ok"), [ChatMessage.user("\n")]))
    assert not emulator.requests


@only("B")
@pytest.mark.parametrize("warm", [True, False], ids=["list read before", "list never read"])
async def test_anthropic_models_speak_their_own_dialect(
    emulator: GatewayEmulator, gateway: Gateway, warm: bool
) -> None:
    if warm:
        await gateway.models()
    talk = [
        ChatMessage.system("Be brief."),
        ChatMessage.assistant("left over"),
        ChatMessage.user("hello"),
    ]
    completion = gateway.stream(ModelId("fake-anthropic", "claude-ok"), talk)
    pieces, error = await hear(completion)
    assert (pieces, error) == (["You said: hello"], None)
    assert completion.usage == Usage(11, 7)
    assert [request.path for request in emulator.requests] == ["/v1/messages"]
    assert emulator.refused == (0 if warm else 1)
    assert emulator.requests[0].body == {
        "model": "fake-anthropic:claude-ok",
        "max_tokens": 64_000,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "hello"}],
        "stream": True,
    }


async def test_length_is_an_end_and_no_error(emulator: GatewayEmulator, gateway: Gateway) -> None:
    completion = ask(gateway, "fake-openai:length")
    assert await hear(completion) == (["你好，world"], None)
    assert completion.finish == "length"


@pytest.mark.parametrize("model", ["fake-openai:reason", "fake-openai:thinktag"])
async def test_thought_is_not_the_answer(emulator: GatewayEmulator, gateway: Gateway, model: str) -> None:
    completion = ask(gateway, model)
    pieces, error = await hear(completion)
    assert error is None
    assert "".join(pieces) in {"你好，world", "visible"}
    assert completion.reasoning


async def test_proxies_of_the_environment_are_passed_by(
    emulator: GatewayEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with Gateway(emulator.url, emulator.key) as gateway:
        assert await gateway.models()
        assert (await hear(ask(gateway)))[1] is None


async def test_connections_that_idled_too_long_do_no_harm(emulator: GatewayEmulator, gateway: Gateway) -> None:
    """The gateway closes them after 5 s or 60 s; a restart closes them all at once."""
    await hear(ask(gateway))
    await emulator.stop()
    await emulator.start()
    assert (await hear(ask(gateway)))[1] is None
    assert len(emulator.requests) == 2


async def test_what_came_in_one_read_is_one_piece() -> None:
    body = b"".join(chunk(f"{n} ") for n in range(40)) + chunk(finish="stop") + DONE
    async with serving(HEAD + body) as url, Gateway(url) as gateway:
        pieces, error = await hear(ask(gateway))
    assert error is None
    assert len(pieces) == 1
    assert pieces[0] == "".join(f"{n} " for n in range(40))


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.__module__)
def test_what_nobody_asks_for_waits_in_the_kernel(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """A reader at the pace of the screen must not make us hoard: the gateway is slowed down instead."""
    sent = 0
    frame = chunk("x" * 65_000)

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD)
        for _ in range(600):  # 39 MB, far more than two sockets buffer
            writer.write(frame)
            await writer.drain()
            sent += 1
        writer.write(chunk(finish="stop") + DONE)

    async def read() -> None:
        async with serving(pour) as url, Gateway(url) as gateway:
            completion = ask(gateway)
            total = len(await anext(completion))
            await asyncio.sleep(0.5)
            assert sent < 600
            async for piece in completion:
                total += len(piece)
        assert total == 600 * 65_000

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(read())


async def test_what_waits_is_whole_though_the_server_has_gone() -> None:
    """Each piece a chunk of HTTP's own, as the gateways send them, and the connection closed right after the last."""

    def chunked(data: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(data), data)

    burst = random.Random(7)

    async def hurry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"))
        for n in range(60):
            writer.write(chunked(chunk(f"{n} ")))
            if n % burst.randint(1, 30) == 0:
                await asyncio.sleep(0.002)
        writer.write(chunked(chunk(finish="stop") + DONE) + b"0\r\n\r\n")

    async def slowly(gateway: Gateway) -> str:
        text = ""
        async for piece in ask(gateway):
            text += piece
            await asyncio.sleep(0.02)
        return text

    async with serving(hurry) as url, Gateway(url) as gateway:
        texts = await asyncio.gather(*(slowly(gateway) for _ in range(150)))
    assert set(texts) == {"".join(f"{n} " for n in range(60))}


async def test_a_slow_reader_is_not_a_silent_model(emulator: GatewayEmulator) -> None:
    emulator.answer("one two three", tokens_per_second=100)
    async with Gateway(emulator.url, emulator.key, first_token=5, idle=0.3) as gateway:
        completion = ask(gateway)
        text = await anext(completion)
        await asyncio.sleep(0.5)
        async for piece in completion:
            text += piece
    assert text == "one two three"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
async def test_frames_and_characters_split_anywhere(size: int) -> None:
    text = "naïve 海 👩‍👩‍👧 \u2028 \x85 end"
    body = chunk(text[:9]) + chunk(text[9:]) + chunk(finish="stop") + DONE

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        for start in range(0, len(body), size):
            writer.write(body[start : start + size])
            await asyncio.sleep(0)

    async with serving(drip) as url, Gateway(url) as gateway:
        pieces, error = await hear(ask(gateway))
    assert error is None
    assert "".join(pieces) == text


@only("B")
async def test_many_at_once_and_none_waits_for_another(emulator: GatewayEmulator, gateway: Gateway) -> None:
    readers = [asyncio.create_task(hear(ask(gateway, "fake-openai:hang"))) for _ in range(150)]
    await until(lambda: len(emulator.requests) == 150, seconds=20)
    assert (await hear(ask(gateway)))[1] is None
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    await until(lambda: emulator.disconnects() == 150, seconds=20)


async def test_a_word_of_patience_before_the_answer() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    async with serving(interim + HEAD + chunk("Blue.", "stop") + DONE) as url, Gateway(url) as gateway:
        assert await hear(ask(gateway)) == (["Blue."], None)


async def test_a_gateway_by_name() -> None:
    async with serving(HEAD + chunk("Blue.", "stop") + DONE) as url:
        async with Gateway(url.replace("127.0.0.1", "localhost")) as gateway:
            assert await hear(ask(gateway)) == (["Blue."], None)
