"""HTTP to one gateway: its address, its key, and its error responses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Mapping
from typing import Any, Self

import httpx

from bridge.errors import CHERRY_STUDIO, WITH_PROVIDERS, GatewayError, GatewaySilent, GatewayUnreachable, NoModelList
from bridge.gateway.error_body import read_response_error
from bridge.gateway.errors import to_gateway_error, unreachable
from bridge.gateway.server_name import name_by_address
from bridge.gateway.transport import PausingTransport

LIST_TIMEOUT_SECONDS = 20.0
"""For a request that no model has to answer."""

MODELS_PATH = "/v1/models"
_NO_ROUTE = {404, 405, 501}

MAX_ERROR_BODY_BYTES = 256 * 1024
"""As much of an error response as is read."""


class GatewayHttp:
    """Used with ``async with``. `post` raises httpx.TransportError, `get` only GatewayErrors."""

    def __init__(self, url: str, key: str, connect: float, *, id: str = "", label: str = "") -> None:
        """`id` and `label` are what `Gateway` says of them."""
        self.url = url
        self.id = id
        self.label = label
        # A key that was pasted with a line break, or worse, would break the header.
        self.key = "".join(char for char in key if char.isprintable() and not char.isspace())
        self.name = name_by_address(url) or CHERRY_STUDIO
        """What people call the server; empty where all that is known is that it is not Cherry Studio."""
        self.socket = ""
        """The path of the socket to connect to in place of the address; empty for none."""
        self._connect = connect

    async def __aenter__(self) -> Self:
        # A stream that a proxy on the way had compressed would come in lumps.
        headers = {"Accept-Encoding": "identity", "Connection": "close", "User-Agent": "cherry-bridge"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        self._http = httpx.AsyncClient(
            transport=PausingTransport(self.socket, connect=self._connect),
            headers=httpx.Headers(headers, encoding="utf-8"),
            trust_env=False,
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.aclose()

    @property
    def is_direct(self) -> bool:
        """Whether the server is asked directly: neither Cherry Studio nor our own gateway, with providers between."""
        return self.name not in WITH_PROVIDERS

    async def status(self, path: str) -> int:
        """The HTTP status at `path`. Raises GatewayUnreachable or GatewaySilent."""
        return (await self.response(path)).status_code

    async def get(self, path: str, params: dict[str, str | int] | None = None) -> Any:
        """The JSON at `path`. Raises GatewayUnreachable, KeyRefused, GatewaySilent or another GatewayError."""
        response = await self.response(path, params)
        if path == MODELS_PATH and response.status_code in _NO_ROUTE and _is_json(response):
            self.name = self.name if self.is_direct else ""  # Cherry Studio has one
            raise self.named(NoModelList(f"HTTP status {response.status_code}"))
        return self.read_json(response)

    async def response(self, path: str, params: dict[str, str | int] | None = None) -> httpx.Response:
        """The response at `path`, whatever its status. Raises GatewayUnreachable or GatewaySilent."""
        return await self._within(LIST_TIMEOUT_SECONDS, self._http.get(self.url + path, params=params))

    def named(self, error: GatewayError) -> GatewayError:
        """`error` with the name of this server."""
        error.gateway_name, error.gateway_id, error.gateway_label = self.name, self.id, self.label
        return error

    async def post_json(self, path: str, value: object, seconds: float) -> httpx.Response:
        """The response to `value` as JSON, whatever its status. Raises GatewayUnreachable or GatewaySilent."""
        return await self._within(seconds, self._http.post(self.url + path, json=value))

    async def _within(self, seconds: float, call: Awaitable[httpx.Response]) -> httpx.Response:
        try:
            async with asyncio.timeout(seconds):
                return await call
        except httpx.TransportError as error:
            raise self.named(unreachable(self.url, error)) from error
        except TimeoutError:
            raise self.named(GatewaySilent(seconds, before_first=True)) from None

    def read_json(self, response: httpx.Response) -> Any:
        """The JSON of `response`. Raises KeyRefused, GatewayUnreachable or another GatewayError."""
        if response.status_code != httpx.codes.OK:
            body = read_response_error(response.status_code, response.content[:MAX_ERROR_BODY_BYTES])
            raise self.named(to_gateway_error(body, url=self.url, key_sent=bool(self.key), private=[self.key]))
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError):
            raise not_a_gateway(self.url) from None

    async def post(self, path: str, body: bytes, further: Mapping[str, str] | None = None) -> httpx.Response:
        """The response to `body`, its content still to be read (`body_of`); the caller closes it. `further` headers."""
        headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream, application/json",
            **(further or {}),
        }
        request = self._http.build_request("POST", self.url + path, content=body, headers=headers)
        return await self._http.send(request, stream=True)

    async def delete(self, path: str, headers: Mapping[str, str], seconds: float) -> None:
        """Have `path` deleted. Raises GatewayUnreachable or GatewaySilent."""
        await self._within(seconds, self._http.delete(self.url + path, headers=headers))


def _is_json(response: httpx.Response) -> bool:
    return "json" in response.headers.get("content-type", "")


def not_a_gateway(url: str) -> GatewayUnreachable:
    """The error for a server that answers, but not as a gateway does."""
    return GatewayUnreachable(url, "something answers there, but not as Cherry Studio's API server")
