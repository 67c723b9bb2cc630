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

import aiohttp
import httpx

READ_BUFFER_BYTES = 4 * 1024 * 1024
"""How much aiohttp may buffer before it pauses by itself. One read brings at most 256 KiB, and then we pause."""


class PausingTransport(httpx.AsyncBaseTransport):
    """Made inside a running loop. Of httpx's timeouts it applies `connect`; the reader sets the others.

    Raises httpx.ConnectError or ConnectTimeout where no connection comes about, ReadError where one is lost, and
    RemoteProtocolError where the other side does not speak HTTP. Their texts are short and hold no address.
    With `socket` it connects to that path of the file system, whatever the address says.
    """

    def __init__(self, socket: str = "") -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(socket, limit=0, force_close=True)
            if socket
            else aiohttp.TCPConnector(limit=0, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=READ_BUFFER_BYTES,
            trust_env=False,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        limits = request.extensions.get("timeout", {})
        content = await request.aread() or None
        try:
            response = await self._session.request(
                request.method,
                str(request.url),
                headers=request.headers.multi_items(),
                data=content,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(sock_connect=limits.get("connect")),
            )
        except aiohttp.ClientError as error:
            raise _translate(error) from error
        body = Body(response)
        headers = response.raw_headers
        return httpx.Response(response.status, headers=headers, stream=body, extensions={"body": body})

    async def aclose(self) -> None:
        await self._session.close()


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
        case aiohttp.ConnectionTimeoutError():
            return httpx.ConnectTimeout("no connection in time")
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
