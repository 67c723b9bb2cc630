"""The MCP servers that a gateway hands out: which there are, their tools, and one call at a time.

Cherry Studio lists them at ``/v1/mcps`` since v1.7, and takes MCP's streamable HTTP below it. A request by POST needs
no session there, but v2 reports a tool's progress in a session only: so a call is made in one where v2 gives it, which
has 64 of them. Our own gateway reports it without. The official package is not used here: it would be imported for four
requests, and knows neither the gateway's socket nor its errors. The address in the list is built from the request's
host, which behind a tunnel is not ours, so the path is put to our own base URL.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from bridge import __version__
from bridge.errors import GatewayError, GatewaySilent
from bridge.gateway.dialects.fields import as_dict, as_list, as_text
from bridge.gateway.error_body import ErrorBody, read_response_error
from bridge.gateway.errors import to_gateway_error, unreachable
from bridge.gateway.http import MAX_ERROR_BODY_BYTES, GatewayHttp, not_a_gateway
from bridge.gateway.sse import SseDecoder
from bridge.gateway.transport import body_of

MCPS_PATH = "/v1/mcps"
MAX_ANSWER_BYTES = 12_000_000
LIST_SECONDS = 20.0
CALL_SECONDS = 300.0
"""The caller's own limit is shorter."""


SESSION_SECONDS = 10.0
"""For a session to begin; without one, a call is made all the same."""
END_SECONDS = 3.0
"""For a session to end."""
PROTOCOL_VERSION = "2025-06-18"
SESSION_HEADER = "Mcp-Session-Id"

Report = Callable[[float, float | None, str], None]
"""Told how far a tool has come, of how much, and in which words; the latter two where its server says."""


@dataclass(frozen=True, slots=True)
class McpServerEntry:
    id: str
    name: str


class GatewayMcps:
    """Everything raises GatewayError."""

    def __init__(self, http: GatewayHttp) -> None:
        self._http = http
        self._calls = 0
        self._has_sessions = False

    async def servers(self) -> list[McpServerEntry]:
        """The servers that are switched on. v1.x wraps an object by id, v2 sends a list."""
        found = as_dict(await self._http.get(MCPS_PATH))
        self._has_sessions = "data" not in found
        servers = as_dict(found.get("data")).get("servers", found.get("servers"))
        entries = list(servers.values()) if isinstance(servers, dict) else as_list(servers)
        return [
            McpServerEntry(each["id"], as_text(each.get("name")))
            for each in map(as_dict, entries)
            if isinstance(each.get("id"), str) and each["id"]
        ]

    async def tools(self, server: str) -> object:
        """The tools of a server, as it lists them."""
        try:
            return (await self._ask(server, "tools/list", {}, LIST_SECONDS))[0].get("tools")
        except GatewayError:
            # Without what they say of themselves (`annotations`), but it is known to the gateway itself.
            found = as_dict(await self._http.get(f"{MCPS_PATH}/{quote(server, safe='')}"))
            return as_dict(found.get("data", found)).get("tools")

    async def call(
        self, server: str, tool: str, arguments: Mapping[str, Any], report: Report | None = None
    ) -> dict[str, Any]:
        """The result of a tool, as it gives it; `report` is called while it runs."""
        params = {"name": tool, "arguments": dict(arguments)}
        async with self._session(server) as session:
            return (await self._ask(server, "tools/call", params, CALL_SECONDS, session, report))[0]

    @asynccontextmanager
    async def _session(self, server: str) -> AsyncIterator[Mapping[str, str]]:
        """The headers of a session that lasts as long as one is inside; none where the gateway gives none."""
        session = await self._begin_session(server) if self._has_sessions else {}
        try:
            yield session
        finally:
            if session:
                with suppress(GatewayError):
                    await self._http.delete(_path(server), session, END_SECONDS)

    async def _begin_session(self, server: str) -> Mapping[str, str]:
        params = {
            "protocolVersion": PROTOCOL_VERSION,
            "capabilities": {},
            "clientInfo": {"name": "cherry-bridge", "version": __version__},
        }
        try:
            result, headers = await self._ask(server, "initialize", params, SESSION_SECONDS)
            if not (id := headers.get(SESSION_HEADER)):
                return {}
            version = as_text(result.get("protocolVersion")) or PROTOCOL_VERSION
            session = {SESSION_HEADER: id, "MCP-Protocol-Version": version}
            begun = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}).encode()
            async with asyncio.timeout(SESSION_SECONDS):
                await (await self._http.post(_path(server), begun, session)).aclose()
        except (GatewayError, httpx.TransportError, TimeoutError):
            return {}  # nothing has been called yet
        return session

    async def _ask(
        self,
        server: str,
        method: str,
        params: dict[str, Any],
        seconds: float,
        session: Mapping[str, str] | None = None,
        report: Report | None = None,
    ) -> tuple[dict[str, Any], httpx.Headers]:
        """The result of a request, and the headers it came with."""
        self._calls += 1
        id = self._calls  # others may be made meanwhile
        asked = {"jsonrpc": "2.0", "id": id, "method": method, "params": params}
        if report is not None:
            params["_meta"] = {"progressToken": id}
        content = json.dumps(asked, ensure_ascii=False).encode(errors="replace")
        try:
            async with asyncio.timeout(seconds):
                response = await self._http.post(_path(server), content, session)
                body = body_of(response)
                try:
                    answer = await self._read(response, body, id, report)
                finally:
                    body.close()
        except httpx.TransportError as error:
            raise self._http.named(unreachable(self._http.url, error)) from error
        except TimeoutError:
            raise self._http.named(GatewaySilent(seconds, before_first=True)) from None
        if (error_body := answer.get("error")) is not None:
            raise self._error(ErrorBody(400, message=as_text(as_dict(error_body).get("message")) or "refused"))
        return as_dict(answer.get("result")), response.headers

    async def _read(self, response: httpx.Response, body: Any, id: int, report: Report | None) -> dict[str, Any]:
        """The answer with that id, which comes as JSON or as an event among others."""
        if response.status_code != httpx.codes.OK:
            refused = await _content(body, MAX_ERROR_BODY_BYTES)
            raise self._error(read_response_error(response.status_code, refused))
        if "event-stream" not in response.headers.get("content-type", ""):
            for answer in _messages(await _content(body, MAX_ANSWER_BYTES)):
                if answer.get("id") == id:
                    return answer
            raise self._http.named(not_a_gateway(self._http.url))
        decoder, size = SseDecoder(), 0
        while data := await body.read():
            size += len(data)
            if size > MAX_ANSWER_BYTES:
                break
            for event in decoder.feed(data):
                for answer in _messages(event):
                    if answer.get("id") == id:
                        return answer
                    if report is not None:
                        _tell(answer, id, report)
        raise self._error(ErrorBody(400, message="the tool's server gave no answer"))

    def _error(self, body: ErrorBody) -> GatewayError:
        return self._http.named(
            to_gateway_error(body, url=self._http.url, key_sent=bool(self._http.key), private=[self._http.key])
        )


def _path(server: str) -> str:
    return f"{MCPS_PATH}/{quote(server, safe='')}/mcp"


def _tell(message: dict[str, Any], token: int, report: Report) -> None:
    """Report what a notification says of the call with that `token`, if it says anything."""
    params = as_dict(message.get("params"))
    if message.get("method") == "notifications/progress" and params.get("progressToken") == token:
        report(_number(params.get("progress")) or 0.0, _number(params.get("total")), as_text(params.get("message")))


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _messages(content: bytes) -> list[dict[str, Any]]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return []
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]


async def _content(body: Any, most: int) -> bytes:
    content = bytearray()
    while data := await body.read():
        content += data
        if len(content) > most:
            break
    return bytes(content)
