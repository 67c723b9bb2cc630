"""An OpenAI-compatible server that is not Cherry Studio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tests.gateway.server import DONE, chunk

MODELS = {"object": "list", "data": [{"id": "gpt-4o", "owned_by": "openai"}, {"id": "llama3:8b", "owned_by": "meta"}]}


@asynccontextmanager
async def server(models: object = MODELS, *, status: int = 200, root: int = 404) -> AsyncIterator[str]:
    """A server whose root says nothing of Cherry Studio, and that answers every chat."""

    async def list_models(request: web.Request) -> web.Response:
        return web.json_response(models, status=status)

    async def say_root(request: web.Request) -> web.Response:
        return web.Response(status=root, text="<h1>proxy</h1>", content_type="text/html")

    async def complete(request: web.Request) -> web.Response:
        model = (await request.json())["model"]
        body = chunk(f"I am {model}.") + chunk(finish="stop") + DONE
        return web.Response(body=body, content_type="text/event-stream")

    app = web.Application()
    app.router.add_get("/v1/models", list_models)
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_get("/", say_root)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
