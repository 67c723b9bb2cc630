"""The emulator itself: routes, keys, lists, and answers played at their pace to clients who may leave."""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal, Self

from aiohttp import web

from tests.emulators.gateway import chat, messages, refusals
from tests.emulators.gateway.catalogue import BEHAVIOURS, Behaviour, Calls, Provider, providers
from tests.emulators.gateway.chat import Piece, dump
from tests.emulators.gateway.completion import Completion
from tests.emulators.gateway.knowledge import Passage, shown
from tests.emulators.tool_server import ToolServerEmulator, respond

Generation = Literal["A", "B", "C"]
"""A: v1.6, B: v1.7 to v1.9, C: v2."""

MAX_MCP_SESSIONS = 64
KEY = "cs-sk-11111111-2222-3333-4444-555555555555"

_LISTED: dict[Generation, set[str]] = {
    "A": {"openai"},
    "B": {"openai", "anthropic", "ollama", "new-api"},
    "C": {"openai", "anthropic", "ollama", "new-api", "gemini", "openai-response"},
}
_BODY_LIMIT = {"A": 102_400, "B": 50 * 1024 * 1024, "C": 1024**3}
_STREAM_TYPE = {
    "A": "text/plain; charset=utf-8",
    "B": "text/event-stream; charset=utf-8",
    "C": "text/event-stream",
}


def _in_turn(behaviour: Behaviour, record: Completion) -> Behaviour:
    """What a model that calls tools does now: its next calls, or its text."""
    given = record.results
    if record.offered and len(given) < len(behaviour.rounds):
        return replace(behaviour, rounds=behaviour.rounds[len(given) :][:1], text="", end="tool_calls", first_token=0.0)
    said = (behaviour.text or "").replace("{results}", " | ".join(each for some in given for each in some))
    return replace(behaviour, rounds=(), text=said)


class GatewayEmulator:
    """Used with ``async with``. An `ok` model repeats the last question, unless `answer` says otherwise."""

    def __init__(self, generation: Generation = "B", key: str = KEY) -> None:
        self.generation = generation
        self.key = key
        self.providers: list[Provider] = providers()
        self.requests: list[Completion] = []
        """Those for answers that went on to a provider."""
        self.refused = 0
        """How many others the gateway itself found wanting."""
        self.lists = 0
        """How many times the models were asked for."""
        self.mcp_sessions: list[str] = []
        """Those that are open."""
        self.mcps: dict[str, ToolServerEmulator] = {}
        """The MCP servers of Cherry Studio, by name; their ids are `id_of` it."""
        self.bases: dict[str, list[Passage]] | None = {}
        """The knowledge bases by name, with all that a search in each finds; None for a gateway that has no route."""
        self.knowledge_away = False
        """Whether Cherry's window is closed."""
        self.searches: list[dict[str, Any]] = []
        """What was looked for, as it came."""
        self.port = 0
        self._behaviours = dict(BEHAVIOURS)
        self._scripts: dict[str, Behaviour] = {}
        self._refused: dict[str, int] = {}
        self._drops = 0
        self._runner: web.AppRunner | None = None
        self._guard: socket.socket | None = None
        self._live: set[asyncio.Transport] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()
        if self._guard is not None:
            self._guard.close()

    async def start(self) -> None:
        """Listen; after a `stop`, on the same port."""
        if self._guard is not None:
            self._guard.close()
            self._guard = None
        app = web.Application(client_max_size=1024**3)
        app.on_response_prepare.append(self._dress)
        app.router.add_get("/", self._root)
        app.router.add_get("/health", self._health)
        app.router.add_get("/v1/models", self._list)
        app.router.add_post("/v1/chat/completions", self._chat)
        if self.generation != "A":
            app.router.add_post("/v1/messages", self._messages)
        if self.generation != "A":
            app.router.add_get("/v1/mcps", self._list_mcps)
            app.router.add_get("/v1/mcps/{id}", self._show_mcp)
            app.router.add_route("*", "/v1/mcps/{id}/mcp", self._ask_mcp)
            app.router.add_get("/v1/knowledge-bases", self._list_bases)
            app.router.add_post("/v1/knowledge-bases/search", self._search)
        app.router.add_route("*", "/{path:.*}", self._nowhere)
        # An app that quits waits for nobody; a request that came just then would otherwise be held for a minute.
        self._runner = web.AppRunner(
            app, handler_cancellation=True, keepalive_timeout=60, shutdown_timeout=0.05, access_log=None
        )
        await self._runner.setup()
        sock = _bound(self.port)
        self.port = sock.getsockname()[1]
        await web.SockSite(self._runner, sock).start()

    async def stop(self) -> None:
        """Quit as the app does: open answers are cut, and the port refuses until `start`."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        for transport in self._live:
            transport.abort()
        await runner.cleanup()
        self._guard = _bound(self.port)  # bound and not listening: refuses, and keeps others off the port

    def answer(
        self,
        text: str,
        *,
        tokens_per_second: float = 0.0,
        first_token: float = 0.0,
        model: str = "fake-openai:ok",
    ) -> None:
        """From now on `model` says `text`: at once, or paced; its first token after `first_token` seconds."""
        usual = replace(self._behaviour(model), rounds=())
        self._scripts[model] = replace(usual, text=text, tokens_per_second=tokens_per_second, first_token=first_token)

    def call_tools(
        self,
        *rounds: Calls,
        text: str = "{results}",
        model: str = "fake-openai:ok",
        first_token: float = 0.0,
        like: Behaviour = BEHAVIOURS["ok"],
    ) -> None:
        """From now on `model`, where it is offered tools, calls these, round by round, and then says `text`, which
        begins after `first_token` seconds; for the rest it is `like` that."""
        self._scripts[model] = replace(like, text=text, rounds=rounds, first_token=first_token)

    def behave(self, name: str, behaviour: Behaviour) -> None:
        """From now on every model called `name`, without its provider, does this."""
        self._behaviours[name] = behaviour

    def drop(self, times: int = 1) -> None:
        """Close the connection of the next `times` requests for answers before a single byte."""
        self._drops += times

    def disconnects(self) -> int:
        """How many clients closed their connection before their answer was over."""
        return sum(request.gone is not None for request in self.requests)

    # -- the routes ------------------------------------------------------------------------------------------

    async def _root(self, request: web.Request) -> web.Response:
        return self._json(200, refusals.ROOTS[self.generation])

    async def _health(self, request: web.Request) -> web.Response:
        return self._json(200, {"status": "ok", "timestamp": "2026-11-21T01:13:30.592Z", "version": "1.0.0"})

    async def _nowhere(self, request: web.Request) -> web.Response:
        if self.generation == "C":
            return self._json(404, {"error": {"code": "NOT_FOUND", "message": "Not found"}})
        page = refusals.NOT_FOUND.format(method=request.method, path=request.path)
        return web.Response(status=404, text=page, content_type="text/html", charset="utf-8")

    async def _list(self, request: web.Request) -> web.Response:
        if (refusal := self._locked(request)) is not None:
            return refusal
        self.lists += 1
        kinds = _LISTED[self.generation]
        entries = [
            self._entry(provider, model, name)
            for provider in self.providers
            if provider.kind in kinds
            for model, name in provider.models.items()
            if self.generation != "C" or "embedding" not in model  # v2 leaves out what cannot chat
        ]
        if self.generation == "A":
            return self._json(200, {"object": "list", "data": entries})
        if (bad := refusals.bad_query(self.generation, dict(request.query))) is not None:
            return self._json(*bad)
        if self.generation == "B" and request.query.get("providerType") == "anthropic":
            entries = [entry for entry in entries if entry["provider_type"] == "anthropic"]
        usual = "20" if self.generation == "B" else str(len(entries))
        limit, offset = request.query.get("limit", usual), request.query.get("offset", "0")
        page = entries[int(offset) : int(offset) + int(limit)]
        answer: dict[str, Any] = {"object": "list", "data": page}
        if self.generation == "B":
            answer |= {"total": len(entries), "offset": int(offset), "limit": int(limit)}
        return self._json(200, answer)

    def _entry(self, provider: Provider, model: str, name: str) -> dict[str, Any]:
        entry: dict[str, Any] = {"id": f"{provider.id}:{model}", "object": "model"}
        entry |= {} if self.generation == "C" else {"name": name}
        entry |= {"created": int(time.time()), "owned_by": provider.maker if self.generation == "C" else provider.name}
        if self.generation == "A":
            entry |= {"provider": provider.id, "provider_model_id": model}
        if self.generation == "B":
            entry |= {"provider": provider.id, "provider_name": provider.name}
            entry |= {"provider_type": provider.kind, "provider_model_id": model}
        return entry

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._complete(request, self._speak_chat)

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        return await self._complete(request, self._speak_messages)

    async def _complete(
        self, request: web.Request, speak: Callable[[web.Request, Completion], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        raw = await request.read()
        dialect = "messages" if request.path.endswith("messages") else "chat"
        body = _parsed(raw) if request.content_type == "application/json" and raw else None
        if self.generation != "C" and (locked := self._locked(request)) is not None:
            return locked
        if len(raw) > _BODY_LIMIT[self.generation]:
            return self._json(500, refusals.TOO_LARGE)
        if (invalid := refusals.invalid(self.generation, dialect, body)) is not None:
            self.refused += 1
            return self._json(*invalid)
        # v2 looks at the body before the key.
        if self.generation == "C" and (locked := self._locked(request)) is not None:
            return locked
        assert isinstance(body, dict)
        unknown = refusals.unknown_model(
            self.generation, dialect, body["model"], self.providers, _LISTED[self.generation]
        )
        if unknown is not None:
            self.refused += 1
            return self._json(*unknown)
        record = Completion(request.path, dict(request.headers), body, asyncio.get_running_loop().time())
        self.requests.append(record)
        transport = request.transport
        assert transport is not None
        if self._drops:
            self._drops -= 1
            transport.abort()
            await asyncio.sleep(60)  # the loss of the connection cancels this
        self._live.add(transport)
        try:
            response = await speak(request, record)
        except (asyncio.CancelledError, ConnectionResetError):
            if self._runner is not None and not record.done:
                record.gone = asyncio.get_running_loop().time()
            raise
        finally:
            self._live.discard(transport)
        record.done = True
        return response

    # -- the MCP servers -------------------------------------------------------------------------------------

    async def _list_mcps(self, request: web.Request) -> web.Response:
        if (refusal := self._locked(request)) is not None:
            return refusal
        servers = [
            {"id": id_of(name), "name": name, "type": "streamableHttp", "url": f"{self.url}/v1/mcps/{id_of(name)}/mcp"}
            for name in self.mcps
        ]
        if self.generation == "C":
            return self._json(200, {"servers": servers})
        return self._json(200, {"success": True, "data": {"servers": {each["id"]: each for each in servers}}})

    async def _show_mcp(self, request: web.Request) -> web.Response:
        if (refusal := self._locked(request)) is not None:
            return refusal
        found = self._mcp(request)
        if found is None:
            return self._json(404, {"success": False, "error": {"message": "Not found", "code": "server_not_found"}})
        name, server = found
        told = ("name", "description", "inputSchema")
        shown: dict[str, Any] = {"id": id_of(name), "name": name, "type": "streamableHttp"}
        shown |= {"tools": [{each: tool[each] for each in told} for tool in server.tools]}
        return self._json(200, shown if self.generation == "C" else {"success": True, "data": shown})

    async def _ask_mcp(self, request: web.Request) -> web.StreamResponse:
        """In v2 a session, which alone streams, begins with ``initialize``; there are 64."""
        if (refusal := self._locked(request)) is not None:
            return refusal
        found = self._mcp(request)
        if found is None:
            return self._json(404, {"success": False, "error": {"message": "Not found", "code": "server_not_found"}})
        server, id = found[1], request.headers.get("Mcp-Session-Id", "")
        if id and id not in self.mcp_sessions:
            unknown = {"jsonrpc": "2.0", "id": None, "error": {"code": -32001, "message": "Session not found"}}
            return self._json(404, unknown)
        if request.method != "POST":
            if request.method == "DELETE" and id:
                self.mcp_sessions.remove(id)
                return web.Response(status=200)
            return web.Response(status=405)
        message = await request.json()
        headers = {}
        if self.generation == "C" and message.get("method") == "initialize":
            if len(self.mcp_sessions) >= MAX_MCP_SESSIONS:
                return self._json(503, {"error": {"message": "Too many sessions", "type": "api_error"}})
            id = secrets.token_hex(8)
            self.mcp_sessions.append(id)
            headers["Mcp-Session-Id"] = id
        return await respond(server, request, message, headers, streams=bool(id))

    def _mcp(self, request: web.Request) -> tuple[str, ToolServerEmulator] | None:
        wanted = request.match_info["id"]
        return next(((name, each) for name, each in self.mcps.items() if id_of(name) == wanted), None)

    # -- the knowledge bases ---------------------------------------------------------------------------------

    async def _list_bases(self, request: web.Request) -> web.Response:
        if (refusal := self._locked(request) or self._without_knowledge()) is not None:
            return refusal
        assert self.bases is not None
        entries = [{"id": id_of(name), "name": name, "documentCount": len(self.bases[name])} for name in self.bases]
        limit, offset = int(request.query.get("limit", "20")), int(request.query.get("offset", "0"))
        return self._json(200, {"knowledge_bases": entries[offset : offset + limit], "total": len(entries)})

    async def _search(self, request: web.Request) -> web.Response:
        if (refusal := self._locked(request) or self._without_knowledge()) is not None:
            return refusal
        assert self.bases is not None
        body = await request.json()
        self.searches.append(body)
        if not 1 <= len(body["query"]) <= 1000 or not 1 <= body.get("document_count", 5) <= 20:
            return self._json(400, {"error": {"message": "Invalid request", "type": "invalid_request_error"}})
        wanted = body.get("knowledge_base_ids")
        searched = [name for name in self.bases if wanted is None or id_of(name) in wanted]
        if wanted is not None and not searched:
            return self._json(404, {"error": {"code": "NOT_FOUND", "message": "No valid knowledge bases found"}})
        results = [found for name in searched for found in shown(self.generation, id_of(name), name, self.bases[name])]
        results = results[: body.get("document_count", 5)]
        bases = [{"id": id_of(name), "name": name} for name in searched]
        return self._json(
            200, {"query": body["query"], "results": results, "total": len(results), "searched_bases": bases}
        )

    def _without_knowledge(self) -> web.Response | None:
        if self.bases is None:
            return self._json(404, {"error": {"code": "NOT_FOUND", "message": "Not found"}})
        if self.knowledge_away and self.generation == "B":
            said = {
                "type": "service_unavailable",
                "message": "Redux store is not available",
                "code": "REDUX_UNAVAILABLE",
            }
            return self._json(503, {"error": said})
        if self.knowledge_away:
            return self._json(503, {"error": {"code": "SERVICE_UNAVAILABLE", "message": "Knowledge search failed"}})
        return None

    # -- the answers -----------------------------------------------------------------------------------------

    async def _speak_chat(self, request: web.Request, record: Completion) -> web.StreamResponse:
        behaviour, text = self._role(record)
        if behaviour.silent:
            await asyncio.Event().wait()
        if behaviour.refusal is not None:
            return self._json(*chat.refusal(self.generation, *behaviour.refusal))
        if self.generation == "C" and behaviour.end == "error" and not (text and record.body.get("stream")):
            return self._json(*chat.refusal("C", 0, ""))
        if not record.body.get("stream"):
            return self._json(200, chat.whole(self.generation, record.model, behaviour, text))
        usage = bool((record.body.get("stream_options") or {}).get("include_usage"))
        pieces = chat.stream(self.generation, record.model, behaviour, text, usage=usage)
        return await self._play(request, record, pieces, behaviour)

    async def _speak_messages(self, request: web.Request, record: Completion) -> web.StreamResponse:
        behaviour, text = self._role(record)
        if behaviour.silent:
            await asyncio.Event().wait()
        if why := messages.unthinkable(record.body, behaviour):
            behaviour = replace(behaviour, refusal=(400, why))
        streamed = bool(record.body.get("stream"))
        if behaviour.refusal is not None:
            if streamed and self.generation == "B":
                return await self._play(request, record, [Piece(0.0, messages.failed(new=False))], behaviour)
            return self._json(*messages.refusal(self.generation, *behaviour.refusal))
        if not streamed:
            return self._json(200, messages.whole(self.generation, record.model, behaviour, text))
        pieces = messages.stream(self.generation, record.model, behaviour, text)
        return await self._play(request, record, pieces, behaviour)

    def _role(self, record: Completion) -> tuple[Behaviour, str]:
        """What the model does this time, and what it says."""
        behaviour = self._behaviour(record.model)
        if behaviour.refusal is not None and behaviour.refusals >= 0:
            refused = self._refused.get(record.model, 0)
            self._refused[record.model] = refused + 1
            if refused >= behaviour.refusals:
                behaviour = replace(behaviour, refusal=None)
        if behaviour.toolless and record.body.get("tools"):
            behaviour = replace(behaviour, refusal=(400, behaviour.toolless))
        if behaviour.rounds:
            behaviour = _in_turn(behaviour, record)
        if behaviour.blind and any(record.pictures):
            behaviour = replace(behaviour, refusal=(400, behaviour.blind))
        said = f"You said: {record.question[:200]}" if behaviour.text is None else behaviour.text
        if self.generation == "C" and said.startswith("<think>"):  # v2 tells thought from answer itself
            thought, _, said = said.removeprefix("<think>").partition("</think>")
            behaviour = replace(behaviour, reasoning=(thought,))
        return behaviour, said

    def _behaviour(self, model: str) -> Behaviour:
        return self._scripts.get(model) or self._behaviours.get(model.partition(":")[2], BEHAVIOURS["ok"])

    async def _play(
        self, request: web.Request, record: Completion, pieces: list[Piece], behaviour: Behaviour
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": _STREAM_TYPE[self.generation]})
        response.headers["Cache-Control"] = "no-cache" if self.generation == "C" else "no-cache, no-transform"
        response.headers["X-Accel-Buffering"] = "no"
        loop = asyncio.get_running_loop()
        begin = loop.time()
        while pieces:
            elapsed = loop.time() - begin
            due = [piece for piece in pieces if piece.at <= elapsed]
            if due:
                if not response.prepared:
                    await response.prepare(request)
                data = b"".join(piece.data for piece in due)
                await response.write(data)
                record.written += len(data)
                pieces = pieces[len(due) :]
            else:
                await asyncio.sleep(pieces[0].at - elapsed)
        if behaviour.end == "hang":
            await asyncio.Event().wait()
        if behaviour.end == "cut" and request.transport is not None:
            record.done = True
            await asyncio.sleep(0.02)  # what is written goes out before the reset overtakes it
            request.transport.abort()
        with suppress(ConnectionResetError):
            await response.write_eof()
        return response

    # -- keys and headers ------------------------------------------------------------------------------------

    def _locked(self, request: web.Request) -> web.Response | None:
        """The refusal of a request with no key, or a wrong one."""
        key, header = request.headers.get("X-API-Key"), request.headers.get("Authorization", "")
        scheme, _, token = header.partition(" ")
        bearer = token.strip() if (scheme if self.generation == "C" else scheme.title()) == "Bearer" else ""
        asked = request.query.get("access_token")
        preferred = {"A": bearer or key, "B": bearer if key is None else key, "C": key or bearer or asked}
        given = preferred[self.generation]
        if not given:
            vague = not header or self.generation == "C"
            reason = "missing credentials" if vague else "invalid authorization format"
            return self._json(401, {"error": f"Unauthorized: {reason}"})
        return None if given == self.key else self._json(403, {"error": "Forbidden"})

    def _json(self, status: int, body: Any) -> web.Response:
        kind = "application/json" if self.generation == "C" else "application/json; charset=utf-8"
        return web.Response(status=status, body=dump(body), headers={"Content-Type": kind})

    async def _dress(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers.popall("Server", None)
        response.headers["X-Request-ID"] = str(uuid.uuid4())
        if self.generation != "C":
            response.headers["X-Powered-By"] = "Express"
            response.headers["Access-Control-Allow-Origin"] = "*"


def id_of(server: str) -> str:
    """The id of an MCP server: v1.x gives each one by chance."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, server))


def _bound(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock


def _parsed(raw: bytes) -> object:
    """The body, or the ValueError that it gave."""
    try:
        body: object = json.loads(raw)
    except ValueError as error:
        return error
    return body
