"""httpx's transport over aiohttp, for one gateway: no pool, no proxy, and a socket that is paused between reads.

What nobody has asked for yet stays in the kernel, so a reader at the pace of a screen costs half the CPU and slows
the gateway down instead of hoarding. The pause is ours and not aiohttp's: in 3.14 its parser may forget that it was
paused (when the pause falls on the last byte it had), keeps what comes next to itself and loses it when the server
closes. With a `read_bufsize` of 64 that broke one slowly read answer in five; so its own limit lies out of reach.

Fresh connections cost half a millisecond on loopback and spare two troubles: v1.6 drops idle ones after 5 s, v2
after 60; and a response that was closed half-read never comes back to life.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx

OUT_OF_REACH = 4 * 1024 * 1024
"""Bytes that aiohttp may buffer before it pauses. One read brings at most 256 KiB, and then we pause."""


class PausingTransport(httpx.AsyncBaseTransport):
    """Made inside a running loop. Of httpx's timeouts it knows `connect`; the others are the reader's affair.

    Raises httpx.ConnectError or ConnectTimeout where no connection comes about, ReadError where one is lost, and
    RemoteProtocolError where the other side speaks no HTTP; their texts are short and hold no address.
    """

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=OUT_OF_REACH,
            trust_env=False,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        limits = request.extensions.get("timeout", {})
        with _translated():
            response = await self._session.request(
                request.method,
                str(request.url),
                headers=request.headers.multi_items(),
                data=await request.aread() or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(sock_connect=limits.get("connect")),
            )
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response))

    async def aclose(self) -> None:
        await self._session.close()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            while data := await self._read():
                yield data

    async def _read(self) -> bytes:
        """All that has come, or, where nothing has, what comes next; empty at the end."""
        if transport := self._open():
            transport.resume_reading()
        data = await self._response.content.readany()
        if transport := self._open():
            transport.pause_reading()
        return data

    def _open(self) -> asyncio.Transport | None:
        """The connection's transport; None once the body is complete or the connection lost."""
        connection = self._response.connection
        transport = connection.transport if connection is not None else None
        return transport if transport is not None and not transport.is_closing() else None

    async def aclose(self) -> None:
        self._response.close()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout("no connection in time") from error
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(_reason(error)) from error
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
        raise httpx.ReadError("the connection was lost") from error
    except aiohttp.ClientError as error:
        raise httpx.RemoteProtocolError("something answers there, but not in HTTP") from error


def _reason(error: aiohttp.ClientConnectorError) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "no such host"
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not trusted"
        case aiohttp.ClientConnectorSSLError():
            return "it does not speak TLS"
    return "the connection is refused"
