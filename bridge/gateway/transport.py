"""httpx's transport for one gateway: no pool, no proxy, and a socket that is paused between reads.

What nobody has asked for yet stays in the kernel. So a reader at the pace of a screen costs a third of the CPU, and the
gateway is slowed down instead of its words being hoarded here.

Each request has a connection of its own. That costs half a millisecond on loopback and avoids two faults: v1.6
closes idle connections after 5 s, v2 after 60; and a response that was closed half-read cannot be reused.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import httpx
from aiohappyeyeballs import AddrInfoType, start_connection
from cachetools import TTLCache
from httptools import HttpParserError, HttpResponseParser

from bridge.wakeup import Wakeup

MAX_HELD_BYTES = 256 * 1024
"""As much of a response may wait for its reader before the socket is paused. One read brings at most as much again."""
MAX_HEAD_BYTES = 256 * 1024
"""The longest head of a response."""
CONNECT_LOOKS = 16
"""Times that a connection is looked for before it is given up, evenly spaced over the time that it may take."""
ADDRESS_SECONDS = 10.0
"""Seconds for which the addresses of a host are used before they are asked for again."""
NEXT_ADDRESS_SECONDS = 0.25
"""After so many seconds the next address of a host is tried beside the one before it (RFC 8305)."""
LOST, NOT_HTTP = "the connection was lost", "something answers there, but not in HTTP"


class PausingTransport(httpx.AsyncBaseTransport):
    """Made inside a running loop. A connection may take `connect` seconds; of httpx's timeouts it applies none.

    Raises httpx.ConnectError or ConnectTimeout where no connection comes about, ReadError where one is lost, and
    RemoteProtocolError where the other side does not speak HTTP. Their texts are short and hold no address.
    With `socket` it connects to that path of the file system, whatever the address says.
    """

    def __init__(self, socket: str = "", *, connect: float) -> None:
        self._socket = socket
        self._connect = connect
        self._tls: ssl.SSLContext | None = None
        self._addresses: TTLCache[tuple[str, int], list[AddrInfoType]] = TTLCache(16, ADDRESS_SECONDS)
        self._asking = asyncio.Lock()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        head = [b"%b %b HTTP/1.1\r\n" % (request.method.encode(), request.url.raw_path)]
        head += [b"%b: %b\r\n" % header for header in request.headers.raw]
        content = await request.aread()
        body = await self._open(request.url)
        try:
            body.write(b"".join([*head, b"\r\n", content]))
            status, headers = await body.head()
        except BaseException:
            body.close()
            raise
        return httpx.Response(status, headers=headers, stream=body, extensions={"body": body})

    async def _open(self, url: httpx.URL) -> Body:
        """Raises httpx.ConnectError or ConnectTimeout."""
        try:
            async with _within_looks(self._connect):
                return await self._connected(url)
        except TimeoutError as error:
            raise httpx.ConnectTimeout("no connection in time") from error
        except ssl.SSLCertVerificationError as error:
            raise httpx.ConnectError("its certificate is not trusted") from error
        except ssl.SSLError as error:
            raise httpx.ConnectError("it does not speak TLS") from error
        except (socket.gaierror, UnicodeError) as error:
            raise httpx.ConnectError("no such host") from error
        except OSError as error:
            raise httpx.ConnectError("the connection is refused") from error

    async def _connected(self, url: httpx.URL) -> Body:
        """Raises OSError."""
        loop = asyncio.get_running_loop()
        if self._socket:
            _, body = await loop.create_unix_connection(Body, self._socket)
            return body
        host = url.raw_host.decode("ascii").strip("[]")
        tls = None
        if url.scheme == "https":
            tls = self._tls = self._tls or ssl.create_default_context()
        addresses = await self._addresses_of(host, url.port or (443 if tls else 80))
        opened = await start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS_SECONDS, loop=loop)
        try:
            _, body = await loop.create_connection(Body, sock=opened, ssl=tls, server_hostname=host if tls else None)
        except BaseException:
            opened.close()
            raise
        return body

    async def _addresses_of(self, host: str, port: int) -> list[AddrInfoType]:
        """What the system says; a burst of questions asks it once. Raises OSError."""
        async with self._asking:
            if (found := self._addresses.get((host, port))) is None:
                asked = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
                found = self._addresses[host, port] = cast(list[AddrInfoType], asked)
        return found


@asynccontextmanager
async def _within_looks(seconds: float) -> AsyncIterator[None]:
    """Raises TimeoutError once the loop has come by `CONNECT_LOOKS` times, which takes `seconds` or longer.

    On a crowded loop one pass takes seconds, and a connection takes six of them, so a plain timeout would find a
    gateway away that is there. The time is counted in looks, and where the loop runs late, so do they.
    """
    loop, pause = asyncio.get_running_loop(), seconds / CONNECT_LOOKS
    next_look: asyncio.TimerHandle

    def look(left: int) -> None:
        nonlocal next_look
        if left:
            next_look = loop.call_later(pause, look, left - 1)
        else:
            scope.reschedule(loop.time())

    next_look = loop.call_later(pause, look, CONNECT_LOOKS - 1)
    try:
        async with asyncio.timeout(None) as scope:
            yield
    finally:
        next_look.cancel()


class Body(asyncio.Protocol, httpx.AsyncByteStream):
    """The content of one response, and the connection on which it comes.

    To read a stream, call `read`: httpx would put three iterators between. The other methods are the transport's, and
    those that the loop and the parser call.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser: HttpResponseParser | None = HttpResponseParser(self)
        # What servers get away with elsewhere: aiohttp permits the same.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._status = 0
        """0 until the head is complete."""
        self._headers: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._held = 0
        self._complete = False
        self._failure = ""
        """Why no more will come, where it is not complete."""
        self._news = Wakeup()

    def write(self, request: bytes) -> None:
        if self._transport is not None:
            self._transport.write(request)

    async def head(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        """The status and headers. Raises httpx.ReadError or RemoteProtocolError."""
        while not self._status:
            self._raise_failure()
            await self._more()
        return self._status, self._headers

    async def read(self, rest: float = 0.0) -> bytes:
        """All that has come, or, where nothing has, what comes next; empty at the end.

        What comes is left in the kernel for `rest` seconds first: one timer, and the reader wakes once, with the bytes.
        Raises httpx.ReadError where the connection is lost, or was closed by `close`.
        """
        resting: asyncio.TimerHandle | None = None
        if rest and not self._pieces and (transport := self._open_transport()):
            transport.pause_reading()
            resting = asyncio.get_running_loop().call_later(rest, self._resume)
        else:
            self._resume()
        try:
            while not self._pieces and not self._complete:
                self._raise_failure()
                await self._more()
        finally:
            if resting is not None:
                resting.cancel()
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._held = 0
        return data

    def close(self) -> None:
        """Close the connection. A `read` that waits in another task raises at once."""
        self._fail(LOST)
        if self._transport is not None:
            self._transport.abort()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while data := await self.read():
            yield data

    async def aclose(self) -> None:
        self.close()

    async def _more(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _raise_failure(self) -> None:
        if self._failure == NOT_HTTP:
            raise httpx.RemoteProtocolError(NOT_HTTP)
        if self._failure:
            raise httpx.ReadError(self._failure)

    def _fail(self, why: str) -> None:
        if not self._complete:
            self._failure = self._failure or why
        self._parser = None  # it knows us
        self._news.set()

    def _resume(self) -> None:
        if transport := self._open_transport():
            transport.resume_reading()

    def _open_transport(self) -> asyncio.Transport | None:
        """The connection's transport; None once the body is complete or the connection lost."""
        transport = self._transport
        return transport if transport is not None and not transport.is_closing() else None

    # called by the loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if (parser := self._parser) is None:
            return
        if not self._status:
            self._held += len(data)
        try:
            parser.feed_data(data)
        except HttpParserError:
            self._fail(LOST if self._status else NOT_HTTP)
        if not self._status and self._held > MAX_HEAD_BYTES:
            self._fail(NOT_HTTP)
        if (self._failure or self._complete) and self._transport is not None:
            self._transport.abort()
        elif self._held > MAX_HELD_BYTES and (open := self._open_transport()):
            open.pause_reading()
        self._news.set()

    def connection_lost(self, error: Exception | None) -> None:
        ends_the_body = error is None and self._status and not self._is_measured()
        self._complete = self._complete or bool(ends_the_body)
        self._fail(LOST)
        self._transport = None

    def _is_measured(self) -> bool:
        """Whether the head says how long the content is, or that it comes in chunks."""
        names = {name.lower() for name, _ in self._headers}
        return not names.isdisjoint((b"content-length", b"transfer-encoding"))

    # called by the parser

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        if (status := self._parser.get_status_code()) < 200:  # something for the time being, such as 100
            self._headers.clear()
        else:
            self._status, self._held = status, 0

    def on_body(self, data: bytes) -> None:
        self._pieces.append(data)
        self._held += len(data)

    def on_message_complete(self) -> None:
        self._complete = bool(self._status)


def body_of(response: httpx.Response) -> Body:
    """The content of a response of `PausingTransport`."""
    body: Body = response.extensions["body"]
    return body
