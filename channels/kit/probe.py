"""Single requests to a platform's API, by which a channel's `check` looks whether an account works."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Self

import aiohttp
from yarl import URL

from bridge.diagnostics import Diagnostic, Sentence
from bridge.errors import ChannelError

TIMEOUT_SECONDS = 8.0
"""For one request, from the connection to the end of the response."""
MAX_CLOCK_OFFSET_SECONDS = 60.0
"""Further from the platform's clock, ours is reported as wrong."""
MAX_BODY_BYTES = 1_000_000


class Unreachable(ChannelError):
    """No whole response came in time. The message names no address: it may hold a token."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: Any
    """The JSON of the response; None where it holds none."""
    clock_offset: float
    """Seconds between our clock and the server's; 0 where the server does not tell the time."""


class Probe:
    """An HTTP client for the API at `root`, used with ``async with``.

    `headers` go with every request, and `proxy` is the proxy's address, empty for none. Redirects are not followed:
    the headers may hold a secret.
    """

    def __init__(self, root: str, *, headers: Mapping[str, str] | None = None, proxy: str = "") -> None:
        self._root = root
        self._headers = dict(headers or {})
        self._proxy = proxy or None
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._session.close()

    async def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> Response:
        """Raises Unreachable."""
        return await self._request("GET", path, None, headers, TIMEOUT_SECONDS)

    async def post(
        self,
        path: str,
        body: Mapping[str, object],
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> Response:
        """Send `body` as JSON. Raises Unreachable, also after `timeout` seconds."""
        return await self._request("POST", path, body, headers, timeout)

    async def first_frame(self, url: str) -> Any:
        """Open the websocket at `url`, and return the JSON of the first text it sends; None where it is none.

        Nothing is sent. Raises Unreachable.
        """
        waiting = aiohttp.ClientWSTimeout(ws_receive=TIMEOUT_SECONDS, ws_close=1.0)
        try:
            async with self._session.ws_connect(url, proxy=self._proxy, timeout=waiting) as socket:
                message = await socket.receive()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            raise Unreachable("the platform's websocket cannot be reached") from None
        return _json(message.data.encode()) if isinstance(message.data, str) else None

    async def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        headers: Mapping[str, str] | None,
        timeout: float,
    ) -> Response:
        try:
            async with self._session.request(
                method,
                URL(self._root + path, encoded=True),
                json=body,
                headers={**self._headers, **(headers or {})},
                proxy=self._proxy,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout),
            ) as response:
                content = b""
                async for piece in response.content.iter_any():
                    content += piece
                    if len(content) > MAX_BODY_BYTES:
                        break
                return Response(response.status, _json(content), _offset(response.headers.get("Date", "")))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            raise Unreachable("the platform cannot be reached") from None


def check_clock(response: Response, sentence: Sentence, area: str) -> Iterator[Diagnostic]:
    """Yield `sentence`, with its `seconds` filled in, where our clock is too far from the server's."""
    if response.clock_offset > MAX_CLOCK_OFFSET_SECONDS:
        yield sentence.found("wrong", area, seconds=round(response.clock_offset))


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _offset(date: str) -> float:
    try:
        return abs(time.time() - parsedate_to_datetime(date).timestamp())
    except ValueError:
        return 0.0
