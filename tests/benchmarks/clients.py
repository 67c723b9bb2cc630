"""Gateway clients alone, each in a process of its own, started as
`python -m tests.benchmarks.clients KIND PORT STREAMS TOKENS RATE FIRST-ID`.

`floor` is the least that asyncio can do: one protocol a stream, every read decoded at once. The lazy ones rest for a
quarter of a second after each read, as a reader at the pace of a screen may. `floor-messages` asks in Anthropic's
dialect.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

from tests.benchmarks.fake_gateway import MODEL, question
from tests.benchmarks.http_server import raise_file_limit
from tests.benchmarks.processes import usage

KINDS = ("floor", "floor-lazy", "ours", "ours-lazy", "openai")
REST = 0.25
FIRST, JITTER = 1.5, 2.0

Read = Callable[[str], None]
"""Takes a piece of text as it comes."""
Ask = Callable[[str, Read], Awaitable[None]]
"""Asks a question, and returns at the end of its answer."""


class _Floor(asyncio.Protocol):
    def __init__(self, text: str, read: Read, rest: float, path: str) -> None:
        body = {"model": MODEL, "stream": True, "max_tokens": 9999, "messages": [{"role": "user", "content": text}]}
        self._body = json.dumps(body).encode()
        self._path = path
        self._read = read
        self._rest = rest
        self._line = b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        head = b"POST " + self._path.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        self._transport.write(head + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(self._body) + self._body)

    def data_received(self, data: bytes) -> None:
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            if line.startswith(b"data: {"):  # the chunked coding is not looked at
                event = json.loads(line[6:])
                choices = event.get("choices")
                delta = choices[0]["delta"] if choices else event.get("delta", {})
                if text := delta.get("content") or delta.get("text"):
                    self._read(text)
        if self._rest:
            self._transport.pause_reading()
            asyncio.get_running_loop().call_later(self._rest, self._resume)

    def _resume(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.ended.set_result(None)


@asynccontextmanager
async def floor(port: int, rest: float, path: str) -> AsyncIterator[Ask]:
    async def ask(text: str, read: Read) -> None:
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(lambda: _Floor(text, read, rest, path), "127.0.0.1", port)
        await protocol.ended

    yield ask


@asynccontextmanager
async def ours(port: int, rest: float) -> AsyncIterator[Ask]:
    from bridge.gateway import Gateway
    from bridge.types import ChatMessage, ModelId

    async with Gateway(f"http://127.0.0.1:{port}", "key") as gateway:

        async def ask(text: str, read: Read) -> None:
            messages = [ChatMessage.user(text)]
            async for piece in gateway.stream(ModelId.parse(MODEL), messages, pause=lambda *, silent: rest):
                read(piece)

        yield ask


@asynccontextmanager
async def openai(port: int) -> AsyncIterator[Ask]:
    from openai import AsyncOpenAI

    # With its own limit of 1,000 connections.
    async with AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="key", max_retries=0, timeout=300) as client:

        async def ask(text: str, read: Read) -> None:
            stream = await client.chat.completions.create(
                model=MODEL, stream=True, messages=[{"role": "user", "content": text}]
            )
            async for chunk in stream:
                if chunk.choices and (content := chunk.choices[0].delta.content):
                    read(content)

        yield ask


async def measure(kind: str, port: int, streams: int, tokens: int, rate: float, first_id: int) -> dict[str, object]:
    raise_file_limit()
    rest = REST if kind.endswith("-lazy") else 0.0
    path = "/v1/messages" if kind == "floor-messages" else "/v1/chat/completions"
    opened = (
        floor(port, rest, path)
        if kind.startswith("floor")
        else ours(port, rest)
        if kind.startswith("ours")
        else openai(port)
    )
    firsts: dict[int, float] = {}
    words = [0] * streams
    failed: list[str] = []
    async with opened as ask:

        async def one(index: int) -> None:
            def read(text: str) -> None:
                firsts.setdefault(first_id + index, time.monotonic())
                words[index] += text.count("w")

            try:
                await ask(question(first_id + index, tokens, rate, FIRST, JITTER), read)
            except Exception as error:  # noqa: BLE001 - counted; the others go on
                failed.append(repr(error))

        memory = peak = usage(os.getpid()).memory
        began, cpu = time.monotonic(), time.process_time()
        running = asyncio.gather(*(one(index) for index in range(streams)))
        while not running.done():
            await asyncio.wait([running], timeout=0.5)
            peak = max(peak, usage(os.getpid()).memory)
        cpu, wall = time.process_time() - cpu, time.monotonic() - began
    return {
        "kind": kind,
        "per_1000_tokens_ms": cpu * 1e6 / (streams * tokens),
        "cores": cpu / wall,
        "kb_per_stream": (peak - memory) * 1024 / streams,
        "whole": words.count(tokens),
        "failed": len(failed),
        "failure": failed[0][:200] if failed else "",
        "firsts": firsts,
    }


if __name__ == "__main__":
    import uvloop

    _, kind, port, streams, tokens, rate, first_id = sys.argv
    print(json.dumps(uvloop.run(measure(kind, int(port), int(streams), int(tokens), float(rate), int(first_id)))))
