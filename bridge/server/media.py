"""Embeddings, pictures and speech: handed on to the provider as they are, with the model's name put right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

from aiohttp import web

from bridge.server.codec import decode, encode
from bridge.server.config import ServerConfig
from bridge.server.dialects import Name
from bridge.server.dialects.fields import body_of
from bridge.server.errors import ApiError
from bridge.server.meter import Meter
from bridge.server.models import ListedModel
from bridge.server.passthrough import Passthrough
from bridge.server.provider import HttpProvider
from bridge.server.registry import AnyProvider
from bridge.server.upstream import read_all, read_stream

_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^\s;]+))', re.IGNORECASE)
_NAME = re.compile(rb'\bname="([^"]*)"', re.IGNORECASE)
PATHS = ("/embeddings", "/images/generations", "/audio/transcriptions", "/audio/speech")


class Part(NamedTuple):
    headers: bytes
    name: str
    content: bytes


class Form(NamedTuple):
    """A request's body: JSON, or the parts of a form. `fields` holds what is short."""

    fields: dict[str, Any]
    parts: tuple[Part, ...] = ()

    def encode(self, model: str) -> tuple[str, bytes]:
        """The content type and the body, asking for `model`."""
        if not self.parts:
            return "application/json", encode({**self.fields, "model": model})
        boundary = uuid4().hex
        body = b"".join(
            b"--%b\r\n%b\r\n%b\r\n"
            % (boundary.encode(), part.headers, model.encode() if part.name == "model" else part.content)
            for part in self.parts
        )
        return f"multipart/form-data; boundary={boundary}", body + b"--%b--\r\n" % boundary.encode()


async def read_form(request: web.Request) -> Form:
    """Raises ApiError."""
    if request.content_type != "multipart/form-data":
        return Form(await body_of(request))
    body = await request.read()
    try:
        parts = tuple(_parts(body, request.headers.get("Content-Type", "")))
    except ValueError:
        raise ApiError(400, "The request's body is not a form", "invalid_form") from None
    short = {part.name: part.content.decode(errors="replace") for part in parts if len(part.content) < 10_000}
    return Form(short, parts)


def _parts(body: bytes, content_type: str) -> Iterator[Part]:
    """The parts of a form, as they are. Raises ValueError."""
    if (found := _BOUNDARY.search(content_type)) is None:
        raise ValueError("no boundary")
    mark = b"--" + (found[1] or found[2]).encode()
    first, *pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if first.strip() or not pieces or not pieces[-1].startswith(b"--"):
        raise ValueError("no end")
    for piece in pieces[:-1]:
        headers, gap, content = piece.partition(b"\r\n\r\n")
        name = _NAME.search(headers)
        if not gap or name is None:
            raise ValueError("a part has no name")
        yield Part(headers.removeprefix(b"\r\n") + b"\r\n", name[1].decode(errors="replace"), content)


async def hand_on(
    request: web.Request,
    path: str,
    form: Form,
    provider: AnyProvider,
    model: ListedModel,
    config: ServerConfig,
    meter: Meter,
) -> web.StreamResponse:
    """Raises ApiError."""
    dialect: Name = "chat"
    if not isinstance(provider, HttpProvider) or not {"chat", "responses"} & provider.spec.urls.keys():
        raise ApiError(400, f"The provider '{provider.id}' has no /v1{path}", "not_supported")
    if dialect not in provider.spec.urls:
        dialect = "responses"
    kind, body = form.encode(model.real)
    response = await provider.post(provider.spec.urls[dialect] + path, dialect, body, {"Content-Type": kind})
    try:
        meter.status = 200
        if response.content_type == "application/json":
            content = await read_all(response, provider.id, config.first_token_seconds)
            _note(content, meter)
            return web.Response(body=content, content_type="application/json", charset="utf-8")
        out = web.StreamResponse(headers={"Content-Type": response.headers.get("Content-Type", "")})
        async for data in read_stream(
            response,
            provider.id,
            first=config.first_token_seconds,
            idle=config.idle_seconds,
            every=config.idle_seconds,
            on_wait=lambda: None,
        ):
            if not out.prepared:
                await out.prepare(request)
            meter.heard(1)
            await out.write(data)
        if not out.prepared:
            await out.prepare(request)
        await out.write_eof()
        return out
    except ApiError as error:
        meter.status = error.status
        if request.transport is not None and response.content_type != "application/json":
            request.transport.abort()  # what was sent is not all of it
        raise
    finally:
        response.close()


def _note(content: bytes, meter: Meter) -> None:
    counting = Passthrough("chat", drop_usage=False)
    try:
        data = decode(content)
    except ValueError:
        return
    if isinstance(data, dict):
        counting.count(data)
        meter.usage = counting.usage
    meter.heard(1)
