"""HTTP to the providers: one session for all of them, and the two ways in which a response is read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Self

import aiohttp
from yarl import URL

from bridge.gateway import SilenceTimer
from bridge.server.errors import broken_off, silent, unreachable

CONNECT_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 20.0
"""Seconds after which an idle connection is closed; providers keep theirs for longer."""
MAX_ANSWER_BYTES = 128 * 1024 * 1024
"""The longest answer that is not streamed; pictures in base64 are the largest."""
READ_BUFFER_BYTES = 4 * 1024 * 1024
"""How much aiohttp may buffer before it pauses by itself. One read brings at most 256 KiB, and then we pause."""


class Upstream:
    """Used with ``async with``."""

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            read_bufsize=READ_BUFFER_BYTES,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.close()

    async def request(
        self,
        provider: str,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        proxy: str,
        patience: float,
    ) -> aiohttp.ClientResponse:
        """The response, its content still to be read. Raises ApiError where none comes.

        A connection from the pool may have been closed by the other side just now; then the request is sent once more.
        """
        for last in (False, True):
            try:
                async with asyncio.timeout(patience):
                    return await self._http.request(
                        method,
                        URL(url, encoded=True),
                        # A stream that the provider had compressed would come in lumps.
                        headers={"Accept-Encoding": "identity", "User-Agent": "cherry-bridge", **headers},
                        data=body,
                        proxy=proxy or None,
                        allow_redirects=False,
                    )
            except TimeoutError as error:
                if isinstance(error, aiohttp.ClientError):
                    raise unreachable(provider, "no connection in time") from None
                raise silent(provider, patience) from None
            except aiohttp.ServerDisconnectedError:
                if last:
                    raise unreachable(provider, "it closed the connection without an answer") from None
            except aiohttp.ClientError as error:
                raise unreachable(provider, _connection_reason(error)) from None
        raise AssertionError("unreachable")


async def read_all(response: aiohttp.ClientResponse, provider: str, patience: float) -> bytes:
    """The whole content. Raises ApiError."""
    parts, size = [], 0
    try:
        async with asyncio.timeout(patience):
            async for part in response.content.iter_any():
                parts.append(part)
                if (size := size + len(part)) > MAX_ANSWER_BYTES:
                    raise broken_off(provider)
    except TimeoutError:
        raise silent(provider, patience) from None
    except aiohttp.ClientError:
        raise broken_off(provider) from None
    return b"".join(parts)


async def read_stream(
    response: aiohttp.ClientResponse,
    provider: str,
    *,
    first: float,
    idle: float,
    every: float,
    on_wait: Callable[[], None],
) -> AsyncGenerator[bytes, None]:
    """What comes, as it comes; `on_wait` is called after each `every` seconds without anything.

    Raises ApiError where nothing comes for `first` seconds, or for `idle` seconds later on, and where the connection is
    lost. Closed early, it closes the connection, so that the provider stops.
    """
    loop = asyncio.get_running_loop()
    limit, since, complete = first, loop.time(), False

    def still_silent() -> None:
        now = loop.time()
        if now >= since + limit:
            response.close()
        else:
            on_wait()
            timer.wait_until(min(now + every, since + limit))

    timer = SilenceTimer(still_silent)
    try:
        while True:
            since = loop.time()
            timer.wait_until(since + min(every, limit))
            data = await _read(response)
            timer.stop_waiting()
            if not data:
                complete = True
                return
            limit = idle
            yield data
    except aiohttp.ClientError:
        raise (silent(provider, limit) if loop.time() >= since + limit else broken_off(provider)) from None
    finally:
        timer.cancel()
        if not complete:
            response.close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """All that has come, or, where nothing has, what comes next; empty at the end. What nobody has asked for yet stays
    in the kernel, so that the provider is slowed down. Raises aiohttp.ClientError.

    The pause is ours and not aiohttp's: in 3.14 its parser may forget that it was paused (when the pause falls on the
    last byte it had), keeps what comes next to itself and loses it when the server closes. With a `read_bufsize` of 64
    that broke one slowly read answer in five; so `READ_BUFFER_BYTES` keeps its own limit out of reach.
    """
    if transport := _open_transport(response):
        transport.resume_reading()
    data = await response.content.readany()
    if transport := _open_transport(response):
        transport.pause_reading()
    return data


def _open_transport(response: aiohttp.ClientResponse) -> asyncio.Transport | None:
    """The connection's transport; None once the body is complete or the connection lost."""
    connection = response.connection
    transport = connection.transport if connection is not None else None
    return transport if transport is not None and not transport.is_closing() else None


def _connection_reason(error: aiohttp.ClientError) -> str:
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
