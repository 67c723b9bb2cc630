"""An ASGI application behind a route of aiohttp: as much of it as one request and its answer need."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from aiohttp import web

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

_OURS = {b"authorization", b"x-api-key", b"api-key", b"cookie"}
"""Headers that are meant for the gateway alone."""


async def serve(application: Application, request: web.Request) -> web.StreamResponse:
    """Answer `request`. A client that leaves cancels it."""
    body = await request.read()
    response: web.StreamResponse | None = None
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            await asyncio.Event().wait()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal response
        if message["type"] == "http.response.start":
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
            response = web.StreamResponse(status=message["status"], headers=headers)
            await response.prepare(request)
        elif response is not None:
            if data := message.get("body"):
                await response.write(data)
            if not message.get("more_body"):
                await response.write_eof()

    headers = [(name.lower(), value) for name, value in request.raw_headers if name.lower() not in _OURS]
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.raw_path.encode(),
        "root_path": "",
        "query_string": request.query_string.encode(),
        "headers": headers,
        "client": None,
        "server": None,
        "state": {},
    }
    await application(scope, receive, send)
    if response is None:
        raise RuntimeError("the application has sent nothing")
    return response
