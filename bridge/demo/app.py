"""The routes of the gateway, and what holds for all of them: keys, CORS, request ids, Express's way of saying 404."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from uuid import uuid4

from aiohttp import web
from aiohttp.typedefs import Handler

from bridge.demo import completions, docs, keys, listing
from bridge.demo.wire import reply

MOST_BYTES = 50 * 1024 * 1024
"""The largest request that v1.7 and later read."""
VERSION = "1.0.0"
"""What every version of the API server calls itself."""


def application(*, key: str, pace: float) -> web.Application:
    app = web.Application(middlewares=[_around], client_max_size=MOST_BYTES)
    app[_KEY], app[completions.PACE] = key, pace
    app.on_response_prepare.append(_sign)
    app.add_routes(
        [
            web.get("/", _root),
            web.get("/health", _health),
            web.get("/api-docs", _to_docs),
            web.get("/api-docs/", _docs),
            web.get("/api-docs.json", _docs_json),
            web.get("/v1/models", listing.models),
            web.post("/v1/chat/completions", completions.chat_completions),
            web.post("/v1/messages", completions.messages),
            web.post("/{provider}/v1/messages", completions.provider_messages),
        ]
    )
    return app


_KEY = web.AppKey("key", str)


@web.middleware
async def _around(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.method == "OPTIONS":
        allowed = {"Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS"}
        return web.Response(
            status=204, headers={**allowed, "Access-Control-Allow-Headers": "Content-Type,Authorization"}
        )
    if (key := request.app[_KEY]) and _guarded(request) and (refused := keys.refuse(request, key)) is not None:
        return refused
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
        return _not_found(request)


def _guarded(request: web.Request) -> bool:
    return request.path.startswith("/v1/") or request.path.endswith("/v1/messages")


async def _sign(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["X-Request-ID"] = str(uuid4())
    response.headers["Access-Control-Allow-Origin"] = "*"


def _not_found(request: web.Request) -> web.Response:
    said = escape(f"Cannot {request.method} {request.raw_path.partition('?')[0]}")
    page = f'<!DOCTYPE html>\n<html lang="en"><head><title>Error</title></head><body><pre>{said}</pre></body></html>\n'
    policy = {"Content-Security-Policy": "default-src 'none'"}
    return web.Response(text=page, status=404, content_type="text/html", headers=policy)


async def _root(request: web.Request) -> web.Response:
    endpoints = {
        "health": "GET /health",
        "docs": "GET /api-docs",
        "docs_json": "GET /api-docs.json",
        "chat_completions": "POST /v1/chat/completions",
        "models": "GET /v1/models",
        "messages": "POST /v1/messages",
        "messages_provider": "POST /:provider/v1/messages",
    }
    return reply({"name": docs.TITLE, "version": VERSION, "endpoints": endpoints})


async def _health(request: web.Request) -> web.Response:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return reply({"status": "ok", "timestamp": now, "version": VERSION})


async def _to_docs(request: web.Request) -> web.Response:
    return web.Response(status=301, headers={"Location": "/api-docs/"})


async def _docs(request: web.Request) -> web.Response:
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return web.Response(text=docs.page(), content_type="text/html", headers={"Content-Security-Policy": policy})


async def _docs_json(request: web.Request) -> web.Response:
    return reply(docs.document())
