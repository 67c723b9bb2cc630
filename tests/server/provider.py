"""A provider that plays a script: it answers in any of the three dialects, fails as told, and remembers what came."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.server.answers import Answer, sse, whole

Reply = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Seen:
    path: str
    headers: dict[str, str]
    body: Any
    raw: bytes


@dataclass
class ScriptedProvider:
    """`replies` are played in turn, one for each request; without any, `answer` is told in the dialect of the path."""

    answer: Answer = field(default_factory=Answer)
    replies: list[Reply] = field(default_factory=list)
    by_model: dict[str, Answer | Reply] = field(default_factory=dict)
    """What is answered where a model of this name is asked for, once nothing is to be played."""
    models: Any = field(default_factory=lambda: {"object": "list", "data": [{"id": "m1"}, {"id": "m2"}]})
    seen: list[Seen] = field(default_factory=list)
    listed: int = 0
    """How often the list of models was read."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a client has left before its answer was complete."""
    url: str = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**30)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def last(self) -> Seen:
        return self.seen[-1]

    async def _models(self, request: web.Request) -> web.Response:
        self.listed += 1
        return web.json_response(self.models)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        body = json.loads(raw) if request.content_type == "application/json" else None
        self.seen.append(Seen(request.path, dict(request.headers), body, raw))
        try:
            if self.replies:
                return await self.replies.pop(0)(request)
            answer = self.by_model.get(body["model"], self.answer) if body is not None else self.answer
            if not isinstance(answer, Answer):
                return await answer(request)
            dialect = request.path.rpartition("/")[2].replace("completions", "chat")
            if body is not None and body.get("stream"):
                return await stream(*sse(dialect, answer))(request)
            return web.json_response(whole(dialect, answer))
        except asyncio.CancelledError:
            self.gone.set()
            raise


def status(code: int, body: Any = None, **headers: str) -> Reply:
    """One response; a string as HTML."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}

    async def reply(request: web.Request) -> web.StreamResponse:
        if isinstance(body, str):
            return web.Response(status=code, text=body, content_type="text/html", headers=sent)
        return web.json_response(body, status=code, headers=sent)

    return reply


def stream(*frames: bytes, pause: float = 0.0, then: Reply | None = None) -> Reply:
    """Server-sent events, and after them what `then` does with the connection."""

    async def reply(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for each in frames:
            await response.write(each)
            await asyncio.sleep(pause)
        if then is not None:
            await then(request)
        await response.write_eof()
        return response

    return reply


async def silence(request: web.Request) -> web.StreamResponse:
    """Nothing comes, until the client leaves."""
    await asyncio.Event().wait()
    raise AssertionError


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    await asyncio.sleep(10)
    raise AssertionError
