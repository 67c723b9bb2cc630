"""The Bot API on loopback: one bot, its calls checked, carried out, logged, and made to fail on order."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from . import asking, speaking, uploading
from .crowd import Crowd
from .envelope import ApiError, Arguments, answered, read_arguments, refused
from .faults import Fault, Faults
from .flood import Flood
from .people import Person
from .rules import Rules
from .speaking import Call, flood_kind
from .world import World

CALLS: Mapping[str, Call] = {**speaking.CALLS, **uploading.CALLS, **asking.CALLS}
_METHOD = re.compile(r"/bot([^/]*)/([^/]+)/?")
_FILE = re.compile(r"/file/bot([^/]*)/(.+)")


@dataclass(slots=True)
class LoggedCall:
    """One call as it came; the token is not in it."""

    method: str
    """In lower case, as the server compares them."""
    arguments: Mapping[str, str]
    at: float
    """When it arrived, on the loop's clock."""
    status: int = 0
    """What it was answered with; 0 while it waits, and for good where the connection was cut."""
    description: str = ""
    """Of a refusal."""


class TelegramServer:
    """Used with ``async with``. `world` and `crowd` are the platform's side, `calls` is what the bot did."""

    def __init__(
        self,
        rules: Rules | None = None,
        *,
        reads_all: bool = False,
        username: str = "cherry_test_bot",
        token: str = "7000000666:AAFakeTokenOfAnEmulatedBotApi-0123456",
    ) -> None:
        rules = rules or Rules()
        me = Person(int(token.partition(":")[0]), "Cherry", username, is_bot=True)
        self.token = token
        self.world = World(me, rules, _loop_time, reads_all=reads_all)
        self.crowd = Crowd(self.world)
        self.flood = Flood(rules, _loop_time)
        self.faults = Faults()
        self.calls: list[LoggedCall] = []
        self.downloads = 0
        """How many times a file's content was asked for."""
        self.cut_downloads = 0
        """How many of the next downloads break off halfway."""
        self.port = 0
        self._arrival = asyncio.Event()
        self._down = False
        self._crashes: list[Exception] = []
        app = web.Application(client_max_size=512 << 20)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)

    @property
    def url(self) -> str:
        """The root; ``/bot<token>/<method>`` and ``/file/bot<token>/<path>`` lie below it."""
        return f"http://127.0.0.1:{self.port}"

    def called(self, *methods: str) -> list[LoggedCall]:
        """The calls of these methods, in whatever case, in the order they came."""
        wanted = {method.lower() for method in methods}
        return [call for call in self.calls if call.method in wanted]

    async def until_called(self, method: str, times: int = 1) -> LoggedCall:
        """Wait for the call of `method` that makes it `times` since the start."""
        while len(self.called(method)) < times:
            await self._arrival.wait()
        return self.called(method)[times - 1]

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Raises what went wrong inside the emulator itself, so that a 500 of its own is not taken for a fault."""
        await self._runner.cleanup()
        if self._crashes:
            raise ExceptionGroup("the emulator itself failed", self._crashes)

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Inside, nobody gets an answer, and no call is carried out that comes in."""
        self._down = True
        try:
            yield
        finally:
            self._down = False

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        response = None if self._down else await self._answer(request)
        return _cut(request) if response is None or self._down else response

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.method not in ("GET", "POST"):
            return refused(ApiError(405, "Method Not Allowed: use GET or POST"))
        try:
            if match := _FILE.fullmatch(request.path):
                self._check(match[1])
                return await self._download(request, match[2])
            if match := _METHOD.fullmatch(request.path):
                self._check(match[1])
                return await self._call(request, match[2].lower())
            raise ApiError(404, "Not Found")
        except ApiError as error:
            return refused(error)

    def _check(self, token: str) -> None:
        if ":" not in token or len(token) > 80:
            raise ApiError(401, "Unauthorized: invalid token specified")
        if token != self.token:
            raise ApiError(401, "Unauthorized")

    async def _download(self, request: web.Request, path: str) -> web.StreamResponse:
        self.downloads += 1
        file, until = self.world.served.get(path, (None, 0.0))
        if file is None or _loop_time() > until:
            raise ApiError(404, "Not Found")
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        response.content_length = len(file.data)
        await response.prepare(request)
        if self.cut_downloads:
            self.cut_downloads -= 1
            await response.write(file.data[: len(file.data) // 2])
            return _cut(request)
        await response.write(file.data)
        return response

    async def _call(self, request: web.Request, method: str) -> web.StreamResponse:
        args = await read_arguments(request)
        call = LoggedCall(method, args, _loop_time())
        self.calls.append(call)
        self._arrival.set()
        self._arrival = asyncio.Event()
        if fault := self.faults.take(method, on_arrival=True):
            if fault.kind == "drop":
                return _cut(request)
            if fault.kind == "html":
                call.status = fault.status
                return _page(fault.status)
        try:
            if fault:
                raise self._ordered(fault, method, args)
            result = await self._carry_out(method, args)
        except ApiError as error:
            call.status, call.description = error.status, error.description
            response = refused(error)
        else:
            call.status = 200
            response = answered(result)
        if call.status == 200 and (fault := self.faults.take(method, on_arrival=False)):
            if fault.kind == "lose":
                call.status = 0
                return _cut(request)
            await asyncio.sleep(fault.seconds)
        return response

    async def _carry_out(self, method: str, args: Arguments) -> Any:
        if method not in CALLS:
            raise ApiError(404, "Not Found: method not found")
        self.flood.admit(flood_kind(method), args.integer("chat_id"), uploading.message_count(method, args))
        try:
            result = CALLS[method](self.world, args)
            return await result if inspect.isawaitable(result) else result
        except ApiError:
            raise
        except Exception as crash:
            self._crashes.append(crash)
            raise ApiError(500, "Internal Server Error: the emulator failed") from crash

    def _ordered(self, fault: Fault, method: str, args: Arguments) -> ApiError:
        if fault.kind == "flood":
            return self.flood.refuse(flood_kind(method), args.integer("chat_id"), fault.seconds)
        return ApiError(fault.status, fault.description)


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def _cut(request: web.Request) -> web.Response:
    """Close the connection with nothing said; the response that is returned has nowhere to go."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _page(status: int) -> web.Response:
    title = {500: "Internal Server Error", 502: "Bad Gateway", 504: "Gateway Timeout"}.get(status, "Error")
    page = f"<html><head><title>{status} {title}</title></head><body><h1>{status} {title}</h1></body></html>"
    return web.Response(status=status, text=page, content_type="text/html")
