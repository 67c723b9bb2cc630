"""Streams as they run: their pace, many at once, and what becomes of one that nobody reads."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from bridge.demo import DemoGateway

LONG = 20.0
"""Seconds; only a fault takes so long."""


def _asked(model: str, text: str = "hello", stream: bool = True) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], "stream": stream}


async def _deltas(response: aiohttp.ClientResponse) -> AsyncIterator[str]:
    async for line in response.content:
        if line.startswith(b"data: {"):
            choices = json.loads(line[6:]).get("choices")
            if choices and (text := choices[0]["delta"].get("content")):
                yield text


async def _read(response: aiohttp.ClientResponse, said: list[str]) -> None:
    async for text in _deltas(response):
        said.append(text)  # noqa: PERF401 - what came before a failure counts


async def _some(things: Sequence[Any]) -> None:
    deadline = time.monotonic() + LONG
    while not things and time.monotonic() < deadline:
        await asyncio.sleep(0.01)


async def test_words_come_one_by_one_at_the_pace_that_was_set() -> None:
    """None is early; where the machine is late, they catch up."""
    async with DemoGateway(pace=0.1) as gateway, aiohttp.ClientSession(gateway.url) as http:
        began = time.monotonic()
        async with http.post("/v1/chat/completions", json=_asked("demo:guide")) as response:
            arrivals = [time.monotonic() - began async for _ in _deltas(response)]
    assert len(arrivals) > 80
    assert all(arrival >= 0.9 * 0.1 * (0.6 + number / 45) for number, arrival in enumerate(arrivals))
    assert arrivals[-1] < LONG


async def test_a_person_s_pace_is_30_to_60_tokens_a_second() -> None:
    async with DemoGateway() as gateway, aiohttp.ClientSession(gateway.url) as http:
        began = time.monotonic()
        async with http.post("/v1/chat/completions", json=_asked("demo:guide")) as response:
            deltas = _deltas(response)
            await anext(deltas)
            assert time.monotonic() - began >= 0.5, "a short pause comes first"
            for _ in range(30):
                await anext(deltas)
    assert time.monotonic() - began >= 0.5 + 30 / 60, "a slow machine may be later than 0.5 + 30 / 30"


async def test_the_whole_takes_as_long_as_the_stream() -> None:
    async with DemoGateway(pace=0.1) as gateway, aiohttp.ClientSession(gateway.url) as http:
        began = time.monotonic()
        async with http.post("/v1/chat/completions", json=_asked("demo:guide", stream=False)) as response:
            usage = (await response.json())["usage"]
    assert time.monotonic() - began >= 0.1 * (0.6 + usage["completion_tokens"] / 45) * 0.9


async def test_thirty_at_once() -> None:
    """None waits for another, and each gets its own words."""

    async def one(http: aiohttp.ClientSession, number: int) -> tuple[float, str]:
        words = f"{number} " + "and so on, " * 40
        async with http.post("/v1/chat/completions", json=_asked("echo:plain", words)) as response:
            first, said = 0.0, ""
            async for text in _deltas(response):
                first = first or time.monotonic()
                said += text
            assert said == words
            return first, said

    async with (
        DemoGateway(pace=0.2) as gateway,
        aiohttp.ClientSession(gateway.url, connector=aiohttp.TCPConnector(limit=0)) as http,
    ):
        began = time.monotonic()
        answers = await asyncio.wait_for(asyncio.gather(*(one(http, number) for number in range(30))), LONG)
        took = time.monotonic() - began
    assert len({said for _, said in answers}) == 30
    alone = 0.2 * (0.6 + 160 / 60)
    assert took < 30 * alone / 3, "one after the other they would take thirty times as long"


async def test_a_stream_that_is_closed_ends() -> None:
    """The client hangs up in the middle of an answer that would take minutes; the log says that it left."""
    with capture_logs() as logs:
        async with DemoGateway(pace=1) as gateway, aiohttp.ClientSession(gateway.url) as http:
            response = await http.post("/v1/chat/completions", json=_asked("demo:long"))
            await anext(_deltas(response))
            response.close()
            await _some(logs)
    (line,) = logs
    assert (line["event"], line["model"], line["status"]) == ("gateway answer", "demo:long", 499)


@pytest.mark.parametrize("stream", [True, False])
async def test_silence_is_not_even_a_status_and_ends_with_the_client(stream: bool) -> None:
    with capture_logs() as logs:
        async with DemoGateway(pace=0) as gateway, aiohttp.ClientSession(gateway.url) as http:
            asking = asyncio.create_task(http.post("/v1/chat/completions", json=_asked("demo:silent", stream=stream)))
            done, _ = await asyncio.wait([asking], timeout=0.3)
            assert not done
            asking.cancel()
            await _some(logs)
    assert [line["status"] for line in logs] == [499]


async def test_a_stall_says_something_first() -> None:
    async with DemoGateway(pace=0) as gateway, aiohttp.ClientSession(gateway.url) as http:
        said: list[str] = []
        async with http.post("/v1/chat/completions", json=_asked("demo:stall")) as response:
            reading = asyncio.create_task(_read(response, said))
            await _some(said)
            done, _ = await asyncio.wait([reading], timeout=0.3)
            assert not done
            reading.cancel()
        assert "".join(said).startswith("This answer breaks off")


async def test_a_lost_connection_is_one() -> None:
    """Not a stream that ends: the last chunk of HTTP never comes."""
    async with DemoGateway(pace=0) as gateway, aiohttp.ClientSession(gateway.url) as http:
        said: list[str] = []
        async with http.post("/v1/chat/completions", json=_asked("demo:lost")) as response:
            with pytest.raises(aiohttp.ClientPayloadError):
                await _read(response, said)
        with pytest.raises(aiohttp.ClientConnectionError):
            await http.post("/v1/chat/completions", json=_asked("demo:lost", stream=False))


async def test_it_closes_while_answers_are_under_way() -> None:
    async with aiohttp.ClientSession() as http:
        async with DemoGateway(pace=1) as gateway:
            url = f"{gateway.url}/v1/chat/completions"
            response = await http.post(url, json=_asked("demo:long"))
            await anext(_deltas(response))
            silent = asyncio.create_task(http.post(url, json=_asked("demo:silent")))
            await asyncio.sleep(0.05)
            began = time.monotonic()
        assert time.monotonic() - began < LONG / 2
        with pytest.raises(aiohttp.ClientConnectionError):
            await silent
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_slow_and_fast_are_what_they_say() -> None:
    async with DemoGateway(pace=0.02) as gateway, aiohttp.ClientSession(gateway.url) as http:
        rates = {}
        for model in ("demo:slow", "demo:fast"):
            began = time.monotonic()
            async with http.post("/v1/chat/completions", json=_asked(model, "why?")) as response:
                tokens = len([text async for text in _deltas(response)])
            rates[model] = tokens / (time.monotonic() - began)
    assert rates["demo:fast"] > 2 * rates["demo:slow"]


async def test_a_port_that_is_taken_and_an_impossible_pace() -> None:
    async with DemoGateway() as gateway:
        port = int(gateway.url.rpartition(":")[2])
        with pytest.raises(OSError, match=str(port)):
            await DemoGateway(port=port).__aenter__()
    async with DemoGateway(port=port) as again:
        assert again.url == gateway.url
    with pytest.raises(ValueError, match="pace"):
        DemoGateway(pace=-1)


async def test_nobody_s_words_are_logged() -> None:
    with capture_logs() as logs:
        async with DemoGateway(key="cs-sk-secret", pace=0) as gateway, aiohttp.ClientSession(gateway.url) as http:
            headers = {"Authorization": "Bearer cs-sk-secret"}
            for model in ("echo:plain", "demo:cut", "demo:error", "demo:context"):
                async with http.post(
                    "/v1/chat/completions", json=_asked(model, "a private matter"), headers=headers
                ) as response:
                    await response.read()
    assert len([line for line in logs if line["event"] == "gateway answer"]) == 4
    assert "private" not in str(logs)
    assert "secret" not in str(logs)
