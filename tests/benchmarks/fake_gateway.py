"""A gateway that streams numbered tokens at a set rate: `python -m tests.benchmarks.fake_gateway` prints its port.

A question says how it is to be answered (`question`); the last one in the body counts, earlier ones are history. Frames
are made once for all streams, and one timer serves every stream that is due, so that a token costs little more than
its system call. `GET /records` tells when each question came and when its first and last token left.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from collections import defaultdict

import msgspec

from tests.benchmarks.http_server import BACKLOG, HttpConnection, raise_file_limit

TICK = 0.004
"""Seconds between two looks at what is due; a token leaves at most so much late."""
MODEL = "fake:numbers"
_QUESTION = re.compile(rb"\[q(\d+) tokens=(\d+) rate=([\d.]+) first=([\d.]+) jitter=([\d.]+)\]")
_WORD = re.compile(r"w(\d+)")
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
)
_MODELS = msgspec.json.encode(
    {
        "object": "list",
        "data": [
            {"id": MODEL, "object": "model", "owned_by": "fake", "name": "numbers", "provider": "fake"}
            | {"provider_name": "Fake", "provider_type": "openai"}
        ],
        "total": 1,
    }
)
_ROOT = msgspec.json.encode({"version": "1.0.0", "endpoints": {"health": "GET /health", "docs": "GET /openapi"}})


class Record(msgspec.Struct):
    """One request; times in seconds of CLOCK_MONOTONIC, 0 where it did not happen."""

    id: int
    asked: float
    tokens: int
    first: float = 0.0
    last: float = 0.0
    sent: int = 0
    late: float = 0.0
    """Seconds by which the gateway itself was late with a token, at worst."""


def question(id: int, tokens: int, rate: float, first: float = 0.3, jitter: float = 0.0) -> str:
    """The text of a question: its answer has `tokens` tokens at `rate` a second, the first one after `first` to
    `first` + `jitter` seconds."""
    return f"Tell me. [q{id} tokens={tokens} rate={rate:g} first={first:g} jitter={jitter:g}]"


def word(index: int) -> str:
    """A token of the answer: Markdown as models write it, with its number."""
    if index % 50 == 49:
        return f"w{index}.\n\n"
    if index % 25 == 12:
        return f"`w{index}` "
    return f"**w{index}** " if index % 10 == 5 else f"w{index} "


def is_whole(text: str, tokens: int) -> bool:
    """Whether `text` shows every token of an answer once and in order."""
    return [int(number) for number in _WORD.findall(text)] == list(range(tokens))


def _chunked(event: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(event), event)


def _frame(delta: dict[str, str], finish: str | None = None) -> bytes:
    chunk = {
        "id": "chatcmpl-msg_1795224152397_pjj2skknq",
        "object": "chat.completion.chunk",
        "created": 1795224152,
        "model": MODEL,
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }
    return _chunked(b"data: %b\n\n" % msgspec.json.encode(chunk))


def _ending(tokens: int) -> bytes:
    usage = {"prompt_tokens": 10, "completion_tokens": tokens, "total_tokens": tokens + 10}
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": MODEL, "choices": [], "usage": usage}
    last = _chunked(b"data: %b\n\ndata: [DONE]\n\n" % msgspec.json.encode(chunk))
    return _frame({}, "stop") + last + b"0\r\n\r\n"


class Clock:
    """One timer for all streams: each waits in the slot of the tick in which its next token is due."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: defaultdict[int, list[Stream]] = defaultdict(list)
        self._served = 0
        self._waiting = 0
        self.frames: list[bytes] = []

    def wait(self, stream: Stream, due: float) -> None:
        if not self._waiting:
            self._served = int(time.monotonic() / TICK)
            self._loop.call_later(TICK, self._serve)
        self._waiting += 1
        self._slots[max(int(due / TICK), self._served) + 1].append(stream)

    def _serve(self) -> None:
        tick = int(time.monotonic() / TICK)
        due = [stream for each in range(self._served + 1, tick + 1) for stream in self._slots.pop(each, ())]
        self._served = tick
        for stream in due:
            if (again := stream.send(time.monotonic())) is not None:
                self._slots[max(int(again / TICK), tick) + 1].append(stream)
            else:
                self._waiting -= 1
        if self._waiting:
            self._loop.call_later(TICK, self._serve)


class Stream(HttpConnection):
    """One connection: a small request, or a completion that ends it."""

    def __init__(self, clock: Clock, records: list[Record]) -> None:
        self._clock = clock
        self._records = records
        self._record: Record | None = None

    def handle(self, path: str, body: bytes) -> None:
        match path:
            case "/v1/chat/completions":
                self._begin(body)
            case "/v1/models":
                self.respond(_MODELS)
            case "/records":
                self.respond(msgspec.json.encode(self._records))
            case _:
                self.respond(_ROOT)

    def _begin(self, body: bytes) -> None:
        now = time.monotonic()
        *_, (id, tokens, rate, first, jitter) = _QUESTION.findall(body) or [(b"0", b"10", b"50", b"0.1", b"0")]
        self._record = Record(int(id), now, int(tokens))
        self._records.append(self._record)
        self._rate = float(rate)
        # Spread evenly over the jitter, and the same in every run.
        self._start = now + float(first) + float(jitter) * (int(id) * 0.6180339887 % 1)
        self._clock.frames += (
            _frame({"content": word(index)}) for index in range(len(self._clock.frames), self._record.tokens)
        )
        self._fd: int = self.transport.get_extra_info("socket").fileno()
        self.transport.write(_HEAD)
        self._clock.wait(self, self._start)

    def send(self, now: float) -> float | None:
        """Write the tokens that are due; when the next one is, None after the last or where nobody reads."""
        record = self._record
        if record is None or self.transport.is_closing():
            return None
        due = min(record.tokens, int((now - self._start) * self._rate) + 1)
        frames = self._clock.frames
        self._write(frames[record.sent] if due == record.sent + 1 else b"".join(frames[record.sent : due]))
        record.late = max(record.late, now - self._start - record.sent / self._rate)
        record.first = record.first or now
        record.sent = due
        if due < record.tokens:
            return self._start + due / self._rate
        record.last = now
        self.transport.write(_ending(record.tokens))
        self.transport.close()
        return None

    def _write(self, data: bytes) -> None:
        """Past the transport while the socket takes everything: that costs a third."""
        if not self.transport.get_write_buffer_size():
            try:
                written = os.write(self._fd, data)
            except BlockingIOError:
                written = 0
            except OSError:  # the reader has left; the transport notices by itself
                return
            if written == len(data):
                return
            data = data[written:]
        self.transport.write(data)


async def main() -> None:
    raise_file_limit()
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    clock, records = Clock(loop), list[Record]()
    server = await loop.create_server(lambda: Stream(clock, records), "127.0.0.1", 0, backlog=BACKLOG)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stop.wait()


if __name__ == "__main__":
    import uvloop

    sys.exit(uvloop.run(main()))
