"""The server of one kind: what it was asked, and what a script has it answer."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, Self

from aiohttp import web

from tests.emulators.servers.frames import END, Reply, chunk, refusal, streamed
from tests.emulators.servers.shapes import KINDS, Kind

KEY = "sk-emulated-0123456789abcdef"
NOT_FOUND = "404: Not Found"


class ServerEmulator:
    """Used with ``async with``. Without a script it answers each question of a model that it has.

    `key`: what it wants; nothing where it is empty. `listed`: what it answers in place of its list of models;
    `root`: the status of its root in place of its own.
    """

    def __init__(
        self, kind: Kind = "plain", *, key: str = "", listed: Reply | None = None, root: int | None = None
    ) -> None:
        self.shape = KINDS[kind]
        self.key = key
        self.listed = listed
        self.root = root
        self.models: list[str] = list(self.shape.models)
        self.requests: list[dict[str, Any]] = []
        """The body of each request for an answer."""
        self.loading = False
        """Everything is answered by 503, as llama.cpp does until its model is loaded."""
        self.failing = False
        """All but its root fails, as LiteLLM does without a data base where no key is sent."""
        self.context_tokens: dict[str, int] = {}
        """What its list says that models read, as vLLM's does."""
        self.port = 0
        self._script: list[Reply] = []
        self._runner: web.AppRunner | None = None
        self._guard: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.shape.path}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()
        if self._guard is not None:
            self._guard.close()

    def script(self, *replies: Reply) -> None:
        """Answer the next questions so, in this order; those after them as usual."""
        self._script += replies

    async def start(self) -> None:
        """Listen; after a `stop`, on the same port."""
        if self._guard is not None:
            self._guard.close()
            self._guard = None
        app = web.Application(client_max_size=1024**3)
        app.router.add_get(f"{self.shape.path}/v1/models", self._list)
        app.router.add_post(f"{self.shape.path}/v1/chat/completions", self._complete)
        app.router.add_route("*", "/{path:.*}", self._root)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.05, access_log=None)
        await self._runner.setup()
        sock = _bound(self.port)
        self.port = sock.getsockname()[1]
        await web.SockSite(self._runner, sock).start()

    async def stop(self) -> None:
        """Go away: its port refuses until `start`."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        await runner.cleanup()
        self._guard = _bound(self.port)

    async def _root(self, request: web.Request) -> web.Response:
        if request.path.rstrip("/") != self.shape.path:
            return self._respond(Reply(NOT_FOUND.encode(), 404, "text/plain"))
        status, kind, text = self.shape.root
        return self._respond(Reply(text.encode(), self.root or status, kind))

    async def _list(self, request: web.Request) -> web.Response:
        if self.listed is not None:
            return self._respond(self.listed)
        if not self.shape.open_list and (locked := self._locked(request)) is not None:
            return self._respond(locked)
        told = {model: {"max_model_len": tokens} for model, tokens in self.context_tokens.items()}
        entries = [self.shape.entry(model) | told.get(model, {}) for model in self.models]
        return self._respond(refusal(200, {"object": "list", "data": entries} | self.shape.list_more))

    async def _complete(self, request: web.Request) -> web.Response:
        if (locked := self._locked(request)) is not None:
            return self._respond(locked)
        body = await request.json()
        self.requests.append(body)
        if self._script:
            return self._respond(self._script.pop(0))
        model = body["model"]
        if model not in self.models:
            return self._respond(refusal(*self.shape.no_model(model)))
        said = body["messages"][-1]["content"]
        if body.get("stream"):
            await asyncio.sleep(0)
            return self._respond(streamed(chunk("You said: "), chunk(said), END))
        message = {"role": "assistant", "content": f"You said: {said}"}
        return self._respond(refusal(200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}))

    def _locked(self, request: web.Request) -> Reply | None:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self.key or given == self.key:
            return None
        return refusal(*(self.shape.wrong_key if given else self.shape.no_key))

    def _respond(self, reply: Reply) -> web.Response:
        if self.loading:
            loading = {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}
            reply = refusal(503, loading)
        if self.failing and reply.content.decode() != self.shape.root[2]:
            reply = Reply(b"Internal Server Error", 500, "text/plain; charset=utf-8")
        headers = {"Content-Type": reply.kind, **self.shape.headers}
        return web.Response(status=reply.status, body=reply.content, headers=headers)


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock
