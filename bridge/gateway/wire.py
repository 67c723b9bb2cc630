"""HTTP to one gateway: its address, its key, its refusals; the bytes are the transport's affair."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self

import httpx

from bridge.errors import GatewaySilent, GatewayUnreachable
from bridge.gateway.failures import failure, unreachable
from bridge.gateway.faults import read_answer
from bridge.gateway.transport import PausingTransport

LIST_LIMIT = 20.0
"""Seconds for a request that no model answers."""

ERROR_BYTES = 256 * 1024
"""As much of a refusal as is worth reading."""


class Wire:
    """Used with ``async with``. Raises httpx's transport errors from `post`, and only GatewayErrors from `get`."""

    def __init__(self, url: str, key: str, connect: float) -> None:
        self.url = url
        # A key that was pasted with a line break, or worse, would break the header.
        self.key = "".join(char for char in key if char.isprintable() and not char.isspace())
        self._timeout = httpx.Timeout(None, connect=connect)

    async def __aenter__(self) -> Self:
        # A stream that a proxy on the way had compressed would come in lumps.
        headers = {"Accept-Encoding": "identity", "Connection": "close", "User-Agent": "cherry-bridge"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        self._http = httpx.AsyncClient(
            transport=PausingTransport(),
            headers=httpx.Headers(headers, encoding="utf-8"),
            timeout=self._timeout,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.aclose()

    async def get(self, path: str, params: dict[str, str | int] | None = None) -> Any:
        """The JSON at `path`. Raises GatewayUnreachable, KeyRefused, GatewaySilent or another GatewayError."""
        try:
            async with asyncio.timeout(LIST_LIMIT):
                response = await self._http.get(self.url + path, params=params)
        except httpx.TransportError as error:
            raise unreachable(self.url, error) from error
        except TimeoutError:
            raise GatewaySilent(LIST_LIMIT, before_first=True) from None
        if response.status_code != httpx.codes.OK:
            fault = read_answer(response.status_code, response.content[:ERROR_BYTES])
            raise failure(fault, url=self.url, key_sent=bool(self.key), private=[self.key])
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError):
            raise stranger(self.url) from None

    async def post(self, path: str, body: bytes) -> httpx.Response:
        """The response to `body`, its content still to be read; the caller closes it."""
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream, application/json"}
        request = self._http.build_request("POST", self.url + path, content=body, headers=headers)
        return await self._http.send(request, stream=True)


def stranger(url: str) -> GatewayUnreachable:
    """The error for a server that answers, but in a way no gateway does."""
    return GatewayUnreachable(url, "something answers there, but not as Cherry Studio's API server")
