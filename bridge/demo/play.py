"""Play a performance over HTTP, in either dialect, whole or token by token at a person's pace."""

from __future__ import annotations

import asyncio
from time import monotonic

import structlog
from aiohttp import web

from bridge.demo.performance import Performance
from bridge.demo.wire import STREAM_HEADERS, Dialect, reply
from bridge.events import Usage

PATIENCE = 904.0
"""Seconds that v1.9.12 waits for a provider that accepts a request and says nothing: three tries of 300 s."""
IDLE_PATIENCE = 301.0
"""Seconds that it waits for the rest of an answer that has begun."""
TRIES = 2.0
"""Seconds that it spends on trying again before it passes on a rate limit or a provider's failure."""

_log = structlog.get_logger(__name__)


async def play(
    request: web.Request,
    performance: Performance,
    dialect: Dialect,
    *,
    model: str,
    prompt_tokens: int,
    stream: bool,
    pace: float,
) -> web.StreamResponse:
    """Answer `request`. It is cancelled where the client leaves; either way one line of the log tells what came of it.

    `pace` multiplies every wait but those for a provider that has fallen silent.
    """
    began, ended = monotonic(), "left"
    try:
        turn = _Turn(request, performance, dialect, prompt_tokens, pace)
        response = await (turn.streamed() if stream else turn.whole())
        ended = turn.ending if performance.refusal is None else "refused"
        return response
    finally:
        seconds = round(monotonic() - began, 2)
        _log.info("demo answer", model=model, stream=stream, ended=ended, seconds=seconds)


class _Turn:
    def __init__(
        self, request: web.Request, performance: Performance, dialect: Dialect, prompt_tokens: int, pace: float
    ) -> None:
        self._request = request
        self._performance = performance
        self._dialect = dialect
        self._pace = pace
        self._deltas, self.ending = performance.deltas()
        self._usage = Usage(prompt_tokens, len(self._deltas))
        self._first_token = asyncio.get_running_loop().time() + performance.pause * pace

    async def streamed(self) -> web.StreamResponse:
        if (refused := await self._refused(stream=True)) is not None:
            return refused
        response = web.StreamResponse(headers=STREAM_HEADERS)
        await response.prepare(self._request)
        await response.write(self._dialect.opening(self._usage))
        for number, (kind, text) in enumerate(self._deltas):
            await self._moment(number)
            await response.write(self._dialect.delta(kind, text))
        await self._moment(len(self._deltas))
        match self.ending:
            case "lost":
                self._hang_up()
                return response
            case "stalled":
                await asyncio.sleep(IDLE_PATIENCE)
                last = self._dialect.broken()
            case "cut":
                last = self._dialect.broken()
            case "unfinished":
                last = self._dialect.unfinished()
            case _:
                last = self._dialect.closing(self.ending, self._usage)
        await response.write(last)
        await response.write_eof()
        return response

    async def whole(self) -> web.StreamResponse:
        if (refused := await self._refused(stream=False)) is not None:
            return refused
        await self._moment(len(self._deltas))
        match self.ending:
            case "lost":
                self._hang_up()  # what follows reaches nobody
            case "stalled":
                await asyncio.sleep(PATIENCE)
                return self._dialect.failure("Request timed out.")
            case "cut":
                return self._dialect.failure("Connection error.")
        parts = {kind: "".join(text for of, text in self._deltas if of == kind) for kind in ("reasoning", "text")}
        return reply(self._dialect.whole(parts["reasoning"], parts["text"], self.ending, self._usage))

    async def _refused(self, *, stream: bool) -> web.Response | None:
        """What happens before there is a status, where it is not the answer."""
        refusal = self._performance.refusal
        if self.ending == "silent":
            await asyncio.sleep(PATIENCE)
            return self._dialect.failure("Request timed out.")
        if self.ending == "unreachable":
            await asyncio.sleep(TRIES * self._pace)
            return self._dialect.failure("Connection error.")
        if refusal is None:
            return None
        again = refusal.status == 429 or refusal.status >= 500
        await asyncio.sleep((TRIES if again else self._performance.pause) * self._pace)
        return self._dialect.refusal(refusal, stream=stream)

    async def _moment(self, number: int) -> None:
        """Wait until token `number` is due. Late tokens catch up; even at no pace, others get their turn."""
        due = self._first_token + number * self._pace / self._performance.rate
        await asyncio.sleep(max(due - asyncio.get_running_loop().time(), 0))

    def _hang_up(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()
