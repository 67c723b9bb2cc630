"""The demo gateway, heard through a door that lets a few tokens pass at each beat.

The recorder decides when the model goes on, and looks at what became of it before the next beat. So the same words are
seen in the same steps, however busy the machine is.
"""

from __future__ import annotations

import asyncio
from typing import Self

import aiohttp
from aiohttp import web

from bridge.demo import DemoGateway


class BeatGateway:
    """Used with ``async with``."""

    key = "any"

    def __init__(self) -> None:
        self.url = ""
        """Where it listens, once entered."""
        self.speaking = False
        """Whether an answer is under way and waits for its next beat."""
        self._demo = DemoGateway(pace=0)
        self._beats: asyncio.Queue[int] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        await self._demo.__aenter__()
        self._client = aiohttp.ClientSession(self._demo.url)
        app = web.Application()
        app.router.add_get("/{path:.*}", self._list)
        app.router.add_post("/{path:.*}", self._speak)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()
        await self._client.close()
        await self._demo.__aexit__(*exc)

    async def beat(self, tokens: int) -> None:
        """Let the next `tokens` of the answer under way pass."""
        if self.speaking:
            self._beats.put_nowait(tokens)
            await self._beats.join()

    async def _list(self, request: web.Request) -> web.Response:
        async with self._client.get(request.path_qs) as answer:
            return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        sent = await request.read()
        async with self._client.post(request.path, data=sent, headers={"Content-Type": "application/json"}) as answer:
            events = (await answer.read()).split(b"\n\n")
            response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
        await response.prepare(request)
        self.speaking = True
        try:
            while events:
                tokens = await self._beats.get()
                said, events = events[:tokens], events[tokens:]
                await response.write(b"\n\n".join(said) + b"\n\n" * bool(events))
                self.speaking = bool(events)
                self._beats.task_done()
        finally:
            self.speaking = False
        return response
