"""HTTP to the providers: one session for all of them, and the two ways in which a response is read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Self

import aiohttp
import httpx
from yarl import URL

from bridge.gateway import READ_BUFFER_BYTES, Body, SilenceTimer, connection_reason
from bridge.server.errors import broken_off, silent, unreachable

CONNECT_SECONDS = 10.0
KEEP_ALIVE_SECONDS = 20.0
"""Seconds after which an idle connection is closed; providers keep theirs for longer."""
MAX_ANSWER_BYTES = 128 * 1024 * 1024
"""The longest answer that is not streamed; pictures in base64 are the largest."""


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
                raise unreachable(provider, connection_reason(error)) from None
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
    body, loop = Body(response), asyncio.get_running_loop()
    limit, since, complete = first, loop.time(), False

    def still_silent() -> None:
        now = loop.time()
        if now >= since + limit:
            body.close()
        else:
            on_wait()
            timer.wait_until(min(now + every, since + limit))

    timer = SilenceTimer(still_silent)
    try:
        while True:
            since = loop.time()
            timer.wait_until(since + min(every, limit))
            data = await body.read()
            timer.stop_waiting()
            if not data:
                complete = True
                return
            limit = idle
            yield data
    except httpx.TransportError:
        raise (silent(provider, limit) if loop.time() >= since + limit else broken_off(provider)) from None
    finally:
        timer.cancel()
        if not complete:
            body.close()
