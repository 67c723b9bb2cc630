"""Answer one request for a completion: find the provider, ask it, and hand on what it says in the client's dialect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterator, Mapping
from contextlib import aclosing, suppress
from typing import Any, TypeVar

import aiohttp
import structlog
from aiohttp import web

from bridge.gateway import SseDecoder, read_error
from bridge.gateway.dialects import as_dict
from bridge.server.codec import decode, encode
from bridge.server.config import ServerConfig
from bridge.server.dialects import DIALECTS, Dialect, Name, Reader
from bridge.server.errors import ApiError, broken_off, from_provider, json_response, no_answer
from bridge.server.events import Counted, Event, Stopped, TokenCounts
from bridge.server.meter import Meter
from bridge.server.models import ListedModel
from bridge.server.passthrough import Passthrough
from bridge.server.provider import HttpProvider, LocalProvider
from bridge.server.request import Request
from bridge.server.tokens import estimate
from bridge.server.upstream import read_all, read_stream

STREAM_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # nginx would hold the words back
}
KEEP_ALIVE = b": waiting for the model\n\n"
_HANDED_ON = ("anthropic-version", "anthropic-beta")
"""Headers of a client that mean something to a provider of the same dialect."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class ClientStream:
    """The response to one client that reads a stream. It begins with the first word, or with the first comment."""

    def __init__(self, request: web.Request, dialect: Dialect, seconds: float) -> None:
        self._request = request
        self._dialect = dialect
        self._response = web.StreamResponse(headers=STREAM_HEADERS)
        self._seconds = seconds
        self._commenting: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        return self._response.prepared

    async def write(self, data: bytes) -> None:
        if not data:
            return
        if not self._response.prepared:
            await self._response.prepare(self._request)
        await self._response.write(data)

    def comment(self) -> None:
        """Tell the client that it still waits; what is written are whole events, so a comment fits between any two."""
        if self._commenting is None or self._commenting.done():
            self._commenting = asyncio.create_task(self._write_comment())

    async def _write_comment(self) -> None:
        with suppress(ConnectionError):  # the client has left; its request is being cancelled
            await self.write(KEEP_ALIVE)

    async def while_waiting(self, answer: Coroutine[Any, Any, T]) -> T:
        """What `answer` returns, with comments for as long as it takes."""
        task = asyncio.ensure_future(answer)
        try:
            while not (await asyncio.wait({task}, timeout=self._seconds))[0]:
                await self.write(KEEP_ALIVE)
            return task.result()
        finally:
            task.cancel()

    async def end(self, last: bytes = b"") -> web.StreamResponse:
        if self._commenting is not None:
            await self._commenting
        await self.write(last)
        if not self._response.prepared:
            await self._response.prepare(self._request)
        await self._response.write_eof()
        return self._response


class Relay:
    """One request of one client, to one provider."""

    def __init__(self, http: web.Request, dialect: Dialect, config: ServerConfig, meter: Meter) -> None:
        self._http = http
        self._dialect = dialect
        self._config = config
        self._meter = meter
        self._complete = False

    async def answer(
        self, body: dict[str, Any], provider: HttpProvider | LocalProvider, model: ListedModel
    ) -> web.StreamResponse:
        """Raises ApiError for what goes wrong before anything was sent; what comes later is told in the stream."""
        stream = body.get("stream")
        if stream is not None and not isinstance(stream, bool):
            raise ApiError(400, "stream must be true or false", "invalid_request", param="stream")
        try:
            if isinstance(provider, HttpProvider) and provider.native(self._dialect.name, model) == self._dialect.name:
                return await (self._passed_stream if stream else self._passed_whole)(body, provider, model)
            request = self._dialect.read(body, model.real)
            return await (self._told_stream if stream else self._told_whole)(request, provider, model)
        finally:
            if self._meter.status != 200 and self._meter.pieces:
                self._estimate(body, model)

    def _estimate(self, body: dict[str, Any], model: ListedModel) -> None:
        """Count what was written for a client that left, or before the provider broke off: it has its price, too."""
        known = self._meter.usage or TokenCounts()
        prompt = known.prompt
        if not prompt:
            with suppress(ApiError):
                prompt = estimate(self._dialect.read(body, model.real))
        self._meter.usage = TokenCounts(prompt, max(known.completion, self._meter.pieces), known.cached)

    # the provider speaks the client's dialect

    async def _passed_stream(
        self, body: dict[str, Any], provider: HttpProvider, model: ListedModel
    ) -> web.StreamResponse:
        sent, options = {**body, "model": model.real}, as_dict(body.get("stream_options"))
        drop_usage = self._dialect.name == "chat" and options.get("include_usage") is not True
        if drop_usage:
            sent["stream_options"] = {**options, "include_usage": True}  # or nobody knows what it cost
        out = ClientStream(self._http, self._dialect, self._config.keep_alive_seconds)
        passing = Passthrough(self._dialect.name, drop_usage=drop_usage)
        response: aiohttp.ClientResponse | None = None
        try:
            response = await out.while_waiting(provider.ask(self._dialect.name, encode(sent), self._headers()))
            if not _is_stream(response):
                # It does not stream: its answer becomes a stream of one piece.
                request = self._dialect.read(body, model.real)
                return await self._tell(self._read(provider, response, self._dialect.name, out), request, out)
            async for data in self._stream(response, provider, out):
                self._meter.heard(data.count(b"\n\n"))
                await out.write(passing.feed(data))
            await out.write(passing.rest())
            self._meter.status = 200
            return await out.end()
        except ValueError:
            return await self._fail(broken_off(provider.id), out)
        except ApiError as error:
            return await self._fail(error, out)
        finally:
            self._meter.usage = passing.usage or self._meter.usage
            if response is not None:
                response.close()

    async def _passed_whole(
        self, body: dict[str, Any], provider: HttpProvider, model: ListedModel
    ) -> web.StreamResponse:
        response = await provider.ask(self._dialect.name, encode({**body, "model": model.real}), self._headers())
        try:
            content = await read_all(response, provider.id, self._config.first_token_seconds)
        finally:
            response.close()
        data = _json(content, provider.id)
        counting = Passthrough(self._dialect.name, drop_usage=False)
        counting.count(data)
        self._meter.usage, self._meter.status = counting.usage, 200
        self._meter.heard(1)
        return web.Response(body=content, content_type="application/json", charset="utf-8")

    # the provider speaks another one

    async def _told_stream(
        self, request: Request, provider: HttpProvider | LocalProvider, model: ListedModel
    ) -> web.StreamResponse:
        out = ClientStream(self._http, self._dialect, self._config.keep_alive_seconds)
        try:
            events = await self._ask(request, provider, model, out)
        except ApiError as error:
            return await self._fail(error, out)
        return await self._tell(events, request, out)

    async def _told_whole(
        self, request: Request, provider: HttpProvider | LocalProvider, model: ListedModel
    ) -> web.StreamResponse:
        events: list[Event] = []
        source = await self._ask(request, provider, model, None)
        async with aclosing(source):
            async for batch in source:
                self._meter.heard(len(batch))
                self._note(batch)
                events += batch
        self._check_complete()
        self._meter.status = 200
        return json_response(self._dialect.writer(self._meter.model, request).whole(events))

    async def _ask(
        self, request: Request, provider: HttpProvider | LocalProvider, model: ListedModel, out: ClientStream | None
    ) -> AsyncGenerator[list[Event], None]:
        """The events of the answer. Raises ApiError."""
        if not isinstance(provider, HttpProvider):
            return provider.answer(model.real, request)
        dialect = DIALECTS[provider.native(self._dialect.name, model)]
        asking = provider.ask(dialect.name, encode(dialect.write(request, provider.traits(model))), {})
        response = await (out.while_waiting(asking) if out is not None else asking)
        return self._read(provider, response, dialect.name, out)

    async def _read(
        self, provider: HttpProvider, response: aiohttp.ClientResponse, dialect: Name, out: ClientStream | None
    ) -> AsyncGenerator[list[Event], None]:
        """The events of a response, streamed or whole. Raises ApiError."""
        reader = DIALECTS[dialect].reader(provider.id)
        try:
            if not _is_stream(response):
                content = await read_all(response, provider.id, self._config.first_token_seconds)
                yield reader.whole(_json(content, provider.id))
            else:
                decoder = SseDecoder()
                async with aclosing(self._stream(response, provider, out)) as stream:
                    async for data in stream:
                        for events in _read_each(reader, decoder.feed(data)):
                            yield events
                for events in _read_each(reader, decoder.end()):
                    yield events
        except ValueError:
            raise broken_off(provider.id) from None
        finally:
            response.close()

    async def _tell(
        self, events: AsyncGenerator[list[Event], None], request: Request, out: ClientStream
    ) -> web.StreamResponse:
        writer = self._dialect.writer(self._meter.model, request)
        try:
            async with aclosing(events):
                async for batch in events:
                    self._meter.heard(len(batch))
                    self._note(batch)
                    await out.write(writer.write(batch))
            self._check_complete()
        except ApiError as error:
            if not out.begun:
                raise
            log.warning("answer broke off", provider=self._meter.provider, status=error.status, why=error.code)
            self._meter.status = error.status
            return await out.end(writer.failure(error))
        self._meter.status = 200
        return await out.end(writer.end())

    # both

    def _stream(
        self, response: aiohttp.ClientResponse, provider: HttpProvider, out: ClientStream | None
    ) -> AsyncGenerator[bytes, None]:
        config = self._config
        return read_stream(
            response,
            provider.id,
            first=config.first_token_seconds,
            idle=config.idle_seconds,
            every=config.keep_alive_seconds,
            on_wait=_nothing if out is None else out.comment,
        )

    def _note(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Counted):
                self._meter.usage = event.usage
            elif isinstance(event, Stopped):
                self._complete = True

    def _check_complete(self) -> None:
        """Raises ApiError where the model has not said that it stopped: what came may be half of the answer."""
        if not self._complete:
            raise broken_off(self._meter.provider)

    def _headers(self) -> Mapping[str, str]:
        if self._dialect.name != "messages":
            return {}
        return {name: value for name in _HANDED_ON if (value := self._http.headers.get(name))}

    async def _fail(self, error: ApiError, out: ClientStream) -> web.StreamResponse:
        """Tell of an error in the stream, where that has begun. Raises it otherwise."""
        if not out.begun:
            raise error
        self._meter.status = error.status
        log.warning("answer broke off", provider=self._meter.provider, status=error.status, why=error.code)
        writer = self._dialect.writer("", _NOTHING_ASKED)
        return await out.end(writer.failure(error))


_NOTHING_ASKED = Request("", ())


def _read_each(reader: Reader, frames: list[bytes]) -> Iterator[list[Event]]:
    """The events of several frames as one batch; of those before an error, too. Raises ApiError."""
    events: list[Event] = []
    try:
        for each in frames:
            events += reader.feed(each)
    except ApiError:
        if events:
            yield events
        raise
    if events:
        yield events


def _nothing() -> None:
    pass


def _is_stream(response: aiohttp.ClientResponse) -> bool:
    """Whether it is a stream of events: Cherry Studio v1.6 calls its own plain text."""
    return response.content_type in {"text/event-stream", "text/plain", "application/octet-stream"}


def _json(content: bytes, provider: str) -> dict[str, Any]:
    try:
        data = decode(content)
    except ValueError:
        raise no_answer(provider) from None
    if not isinstance(data, dict):
        raise no_answer(provider)
    if data.get("error") and not data.get("choices") and not data.get("output"):
        raise from_provider(provider, read_error(data))
    return data
