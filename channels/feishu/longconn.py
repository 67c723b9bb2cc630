"""The long connection: a WebSocket that the platform pushes events through, each to be acknowledged within 3 s.

An event is acknowledged by sending its frame back, when its reader says so; one that is not acknowledged comes
again (observed: after some 5 minutes, 1 hour and 6 hours), perhaps to another of the app's connections.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

import aiohttp
import structlog
from cachetools import LRUCache

from bridge.errors import ChannelError, Refused
from channels.feishu.content import Malformed, load
from channels.feishu.errors import Rejected
from channels.feishu.frame import CONTROL, Frame
from channels.feishu.incoming import PRESS, kind_of
from channels.feishu.rest import Rest

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 30.0
"""Seconds between WebSocket pings, which find a dead connection sooner than the protocol's own (every 120 s)."""
STABLE_SECONDS = 5.0
"""Seconds; a connection that breaks sooner is not made again at once."""
MAX_PARTS = 64
MAX_SPLIT_EVENTS = 32
"""Split events that are waited for at once."""
MAX_FRAME_BYTES = 4 * 1024 * 1024
MAX_BATCH = 100
"""Events that are handed out at once; all of them have to be stored within the three seconds."""
MAX_WAITING_EVENTS = 1000
"""Events that may wait to be read; later ones stay unacknowledged and come again."""
TOAST = base64.b64encode(b"{}").decode()
"""An answer to a press that shows nothing."""
T = TypeVar("T")


@dataclass
class Pace:
    """The intervals, in seconds, that the platform sets for its clients: at discovery, and with every pong."""

    ping: float = 120.0
    reconnect: float = 5.0
    jitter: float = 0.0
    """The most seconds that a client which lost its connection waits before the first attempt."""

    def learn(self, config: object) -> None:
        if isinstance(config, dict):
            self.ping = _bounded(config.get("PingInterval"), 1.0, self.ping)
            self.reconnect = _bounded(config.get("ReconnectInterval"), 1.0, self.reconnect)
            self.jitter = _bounded(config.get("ReconnectNonce"), 0.0, self.jitter)


@dataclass
class Delivery(Generic[T]):
    """An event that has come: what is made of it, and how to acknowledge it."""

    made: asyncio.Task[T]
    acknowledge: Callable[[], Awaitable[None]]


@dataclass
class _Parts:
    """Events that came in several frames, by message id; those that got nothing for longest give way."""

    waiting: LRUCache[str, dict[int, bytes]] = field(default_factory=lambda: LRUCache(MAX_SPLIT_EVENTS))

    def join(self, headers: dict[str, str], payload: bytes) -> bytes | None:
        """The whole event once all of it is there. Raises Malformed."""
        try:
            count, number = int(headers.get("sum") or 1), int(headers.get("seq") or 0)
        except ValueError:
            raise Malformed("no number") from None
        if count <= 1:
            return payload
        if not (count <= MAX_PARTS and 0 <= number < count):
            raise Malformed("no such part")
        id = headers.get("message_id", "")
        parts = self.waiting.setdefault(id, {})
        parts[number] = payload
        if len(parts) == count:
            del self.waiting[id]
            return b"".join(parts[at] for at in range(count))
        return None


class LongConnection(Generic[T]):
    """Hands out events in order. `make` turns each into what `Delivery.made` holds; it starts at once."""

    def __init__(
        self, rest: Rest, make: Callable[[dict[str, Any]], Coroutine[Any, Any, T]], set_aside: Callable[[], None]
    ) -> None:
        self._rest = rest
        self._make = make
        self._set_aside = set_aside
        self._pace = Pace()
        self._received: asyncio.Queue[Delivery[T]] = asyncio.Queue(MAX_WAITING_EVENTS)
        self._held: Delivery[T] | None = None
        """The next event, where it has left the queue but was not made in time for the last batch."""
        self._making: set[asyncio.Task[T]] = set()
        self._running: asyncio.Task[None] | None = None
        self._open_since = 0.0

    async def __aenter__(self) -> LongConnection[T]:
        self._running = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._running is not None
        tasks = [self._running, *self._making]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def take(self) -> list[Delivery[T]]:
        """Wait for the next event to be made; return it, with those after it that are made already.

        Raises Refused where the platform does not accept the app.
        """
        first = self._held or await self._next()
        self._held = None
        await asyncio.wait([first.made])
        taken = [first]
        while len(taken) < MAX_BATCH and not self._received.empty():
            delivery = self._received.get_nowait()
            if not delivery.made.done():
                self._held = delivery
                break
            taken.append(delivery)
        return taken

    async def _next(self) -> Delivery[T]:
        assert self._running is not None
        arrival = asyncio.ensure_future(self._received.get())
        try:
            await asyncio.wait([arrival, self._running], return_when=asyncio.FIRST_COMPLETED)
            if not arrival.done():
                self._running.result()
            return await arrival
        finally:
            arrival.cancel()

    async def _run(self) -> None:
        while True:
            self._open_since = 0.0
            try:
                await self._once()
                log.info("long connection closed")
            except (ChannelError, aiohttp.ClientError, OSError, TimeoutError) as error:
                if isinstance(error, Refused) and not isinstance(error, Rejected):
                    raise
                log.warning("long connection lost", **_why(error))
            # One that stood is made again at once but for the jitter; further attempts are an interval apart.
            stood = self._open_since and time.monotonic() - self._open_since > STABLE_SECONDS
            await asyncio.sleep(random.uniform(0, self._pace.jitter) if stood else self._pace.reconnect)

    async def _once(self) -> None:
        endpoint = await self._rest.discover()
        self._pace.learn(endpoint.get("ClientConfig"))
        url = endpoint.get("URL")
        if not isinstance(url, str):
            raise ChannelError("Feishu's answer names no endpoint")
        service = parse_qs(urlsplit(url).query).get("service_id", ["0"])[0]
        proxy = self._rest.proxy
        connecting = self._rest.session.ws_connect(
            url, heartbeat=HEARTBEAT_SECONDS, max_msg_size=MAX_FRAME_BYTES, proxy=proxy
        )
        async with connecting as socket:
            self._open_since = time.monotonic()
            log.info("long connection open")
            pinging = asyncio.create_task(self._ping(socket, int(service) if service.isdecimal() else 0))
            try:
                await self._read(socket)
            finally:
                pinging.cancel()
                await asyncio.wait([pinging])

    async def _ping(self, socket: aiohttp.ClientWebSocketResponse, service: int) -> None:
        while True:
            with suppress(ConnectionError):
                await socket.send_bytes(Frame.ping(service).encode())
            await asyncio.sleep(self._pace.ping)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        parts = _Parts()
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.BINARY:
                continue
            try:
                frame = Frame.decode(message.data)
                if frame.method == CONTROL:
                    self._control(frame)
                elif (payload := parts.join(frame.headers, frame.payload)) is not None:
                    await self._event(socket, frame, payload)
            except ValueError as error:
                self._set_aside()
                log.info("frame set aside", error=str(error))

    def _made(self, making: asyncio.Task[T]) -> None:
        self._making.discard(making)
        if not making.cancelled():
            making.exception()  # the reader's, if there still is one

    def _control(self, frame: Frame) -> None:
        if frame.headers.get("type") == "pong" and frame.payload:
            self._pace.learn(load(frame.payload))

    async def _event(self, socket: aiohttp.ClientWebSocketResponse, frame: Frame, payload: bytes) -> None:
        began = time.monotonic()

        async def acknowledge(data: str = "") -> None:
            answer = json.dumps({"code": 200, "data": data} if data else {"code": 200}).encode()
            # The connection is gone; the event will come again.
            with suppress(ConnectionError):
                await socket.send_bytes(frame.answer(answer, int((time.monotonic() - began) * 1000)).encode())

        async def nothing() -> None:
            """A press has been acknowledged already."""

        try:
            event = load(payload)
            pressed = kind_of(event) == PRESS
        except Malformed:
            await acknowledge()
            raise
        if pressed:
            await acknowledge(TOAST)
        if self._received.full():
            log.warning("events pile up, one is left to be delivered again")
            return
        making = asyncio.create_task(self._make(event))
        self._making.add(making)
        making.add_done_callback(self._made)
        self._received.put_nowait(Delivery(making, nothing if pressed else acknowledge))


def _why(error: Exception) -> dict[str, str]:
    """For the log. The connection's address holds a ticket, so what aiohttp says of it stays out."""
    if isinstance(error, ChannelError):
        return {"error": str(error)}
    why = {"error": type(error).__name__}
    if isinstance(error, aiohttp.WSServerHandshakeError) and error.headers is not None:
        why["handshake"] = error.headers.get("handshake-status", str(error.status))[:32]
    return why


def _bounded(value: object, least: float, otherwise: float) -> float:
    if isinstance(value, int | float) and value >= 0:
        return min(max(float(value), least), 3600.0)
    return otherwise
