"""httpx's transport over aiohttp, for one gateway: no pool, no proxy, and a socket that is paused between reads.

What nobody has asked for yet stays in the kernel. So a reader at the pace of a screen costs half the CPU, and the
gateway is slowed down instead of its words being hoarded here. The pause is ours and not aiohttp's: in 3.14 its
parser may forget that it was paused (when the pause falls on the last byte it had), keeps what comes next to itself
and loses it when the server closes. With a `read_bufsize` of 64 that broke one slowly read answer in five; so
`READ_BUFFER_BYTES` keeps its own limit out of reach.

Each request has a connection of its own. That costs half a millisecond on loopback and avoids two faults: v1.6
closes idle connections after 5 s, v2 after 60; and a response that was closed half-read cannot be reused.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import httpx
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

READ_BUFFER_BYTES = 4 * 1024 * 1024
"""How much aiohttp may buffer before it pauses by itself. One read brings at most 256 KiB, and then we pause."""

CONNECT_LOOKS = 16
"""Times that a connection is looked for before it is given up, evenly spaced over the time that it may take."""


class PausingTransport(httpx.AsyncBaseTransport):
    """Made inside a running loop. A connection may take `connect` seconds; of httpx's timeouts it applies none.

    Raises httpx.ConnectError or ConnectTimeout where no connection comes about, ReadError where one is lost, and
    RemoteProtocolError where the other side does not speak HTTP. Their texts are short and hold no address.
    With `socket` it connects to that path of the file system, whatever the address says.
    """

    def __init__(self, socket: str = "", *, connect: float) -> None:
        connector: _PatientTCPConnector | _PatientUnixConnector
        if socket:
            connector = _PatientUnixConnector(socket, limit=0, force_close=True)
        else:
            connector = _PatientTCPConnector(limit=0, force_close=True)
        connector.patience = connect
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=READ_BUFFER_BYTES,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread() or None
        try:
            response = await self._session.request(
                request.method,
                str(request.url),
                headers=request.headers.multi_items(),
                data=content,
                allow_redirects=False,
            )
        except TimeoutError as error:
            raise httpx.ConnectTimeout("no connection in time") from error
        except aiohttp.ClientError as error:
            raise _translate(error) from error
        body = Body(response)
        headers = response.raw_headers
        return httpx.Response(response.status, headers=headers, stream=body, extensions={"body": body})

    async def aclose(self) -> None:
        await self._session.close()


class _Patient(aiohttp.BaseConnector):
    """Gives a connection up once the time has passed in which this process could have noticed it.

    On a crowded loop one pass takes seconds, and a connection takes six of them, so a plain timeout would find a
    gateway away that is there. The time is counted in looks, and where the loop runs late, so do they.
    """

    patience: float
    """Seconds that a connection may take."""

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """Raises TimeoutError where no connection comes about in time, aiohttp.ClientError where it fails."""
        async with _within_looks(self.patience):
            return await super().connect(req, traces, timeout)


class _PatientTCPConnector(_Patient, aiohttp.TCPConnector):
    pass


class _PatientUnixConnector(_Patient, aiohttp.UnixConnector):
    pass


@asynccontextmanager
async def _within_looks(seconds: float) -> AsyncIterator[None]:
    """Raises TimeoutError once the loop has come by `CONNECT_LOOKS` times, which takes `seconds` or longer."""
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


class Body(httpx.AsyncByteStream):
    """The content of one response. To read a stream, call `read`: httpx would put three iterators between."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def read(self, rest: float = 0.0) -> bytes:
        """All that has come, or, where nothing has, what comes next; empty at the end.

        What comes is left in the kernel for `rest` seconds first: one timer, and the reader wakes once, with the bytes.
        Raises httpx.ReadError where the connection is lost, or was closed by `close`.
        """
        resting: asyncio.TimerHandle | None = None
        try:
            if rest:
                resting = asyncio.get_running_loop().call_later(rest, self._resume)
            else:
                self._resume()
            data = await self._response.content.readany()
            if transport := self._open_transport():
                transport.pause_reading()
        except aiohttp.ClientError as error:
            raise _translate(error) from error
        finally:
            if resting is not None:
                resting.cancel()
        return data

    def close(self) -> None:
        """Close the connection. A `read` that waits in another task raises at once."""
        self._response.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while data := await self.read():
            yield data

    async def aclose(self) -> None:
        self.close()

    def _resume(self) -> None:
        if transport := self._open_transport():
            transport.resume_reading()

    def _open_transport(self) -> asyncio.Transport | None:
        """The connection's transport; None once the body is complete or the connection lost."""
        connection = self._response.connection
        transport = connection.transport if connection is not None else None
        return transport if transport is not None and not transport.is_closing() else None


def body_of(response: httpx.Response) -> Body:
    """The content of a response of `PausingTransport`."""
    body: Body = response.extensions["body"]
    return body


def _translate(error: aiohttp.ClientError) -> httpx.TransportError:
    match error:
        case aiohttp.ClientConnectorError():
            return httpx.ConnectError(connection_reason(error))
        case aiohttp.ClientConnectionError() | aiohttp.ClientPayloadError():
            return httpx.ReadError(connection_reason(error))
    return httpx.RemoteProtocolError(connection_reason(error))


def connection_reason(error: aiohttp.ClientError) -> str:
    """Why there is no connection, or no answer on it, in a few words without an address."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "no such host"
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not trusted"
        case aiohttp.ClientConnectorSSLError():
            return "it does not speak TLS"
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return "the proxy does not let us through"
        case aiohttp.ClientConnectorError():
            return "the connection is refused"
        case aiohttp.ClientResponseError():
            return "something answers there, but not in HTTP"
    return "the connection was lost"
