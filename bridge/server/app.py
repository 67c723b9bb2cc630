"""The routes, and what holds for all of them: keys, request ids, CORS, the size of a request, errors in its dialect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from bridge import __version__, metrics
from bridge.errors import OWN_GATEWAY
from bridge.server import docs, knowledge, listing, media
from bridge.server.auth import Guard
from bridge.server.dialects import DIALECTS, Name
from bridge.server.dialects.fields import body_of
from bridge.server.errors import ApiError, Shape, json_response
from bridge.server.ledger import ClientKey, Ledger
from bridge.server.mcps import routes as mcps
from bridge.server.meter import Meter
from bridge.server.models import ListedModel
from bridge.server.registry import AnyProvider, Registry
from bridge.server.relay import Relay
from bridge.server.tokens import count_tokens

CLIENT: web.RequestKey[ClientKey | None] = web.RequestKey("client", ClientKey)
_OPEN = {"/", "/health", "/api-docs", "/api-docs/", "/api-docs.json", "/openapi", "/openapi.json"}

log = structlog.get_logger(__name__)


class Routes:
    def __init__(self, registry: Registry, guard: Guard, ledger: Ledger | None) -> None:
        self._registry = registry
        self._guard = guard
        self._ledger = ledger

    def application(self) -> web.Application:
        size = int(self._registry.server.max_body_mb * 1024 * 1024)
        app = web.Application(middlewares=[self._around], client_max_size=size)
        app.on_response_prepare.append(self._sign)
        app.add_routes(
            [
                web.get("/", self._root),
                web.get("/health", self._health),
                web.get("/metrics", self._metrics),
                web.get("/api-docs", docs.page),
                web.get("/api-docs/", docs.page),
                web.get("/api-docs.json", docs.document),
                web.get("/openapi", docs.document),
                web.get("/openapi.json", docs.document),
                web.get("/v1/models", self._models),
                web.get("/v1/models/{id:.+}", self._model),
                web.get("/v1/mcps", self._mcps),
                web.get("/v1/mcps/{id}", self._mcp),
                web.post("/v1/mcps/{id}/mcp", self._use_mcp),
                web.get("/v1/knowledge-bases", self._knowledge),
                web.post("/v1/knowledge-bases/search", self._search_knowledge),
                web.post("/v1/chat/completions", self._completion("chat")),
                web.post("/v1/responses", self._completion("responses")),
                web.post("/v1/messages", self._completion("messages")),
                web.post("/v1/messages/count_tokens", self._count_tokens),
                web.post("/{provider}/v1/messages", self._completion("messages")),
                web.post("/{provider}/v1/messages/count_tokens", self._count_tokens),
                *(web.post(f"/v1{path}", self._media(path)) for path in media.PATHS),
            ]
        )
        return app

    # around

    @web.middleware
    async def _around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        shape = _shape(request)
        try:
            if request.method == "OPTIONS":
                return self._preflight(request)
            if request.path not in _OPEN:
                request[CLIENT] = self._guard.admit(request, self._registry.server.cors)
            return await handler(request)
        except ApiError as error:
            return error.response(shape)
        except web.HTTPRequestEntityTooLarge:
            most = f"{self._registry.server.max_body_mb:g}"
            return ApiError(413, f"The request is larger than {most} MB", "request_too_large").response(shape)
        except web.HTTPNotFound:
            return ApiError(404, f"There is no {request.method} {request.path[:200]}", "not_found").response(shape)
        except web.HTTPMethodNotAllowed as error:
            allowed = ", ".join(sorted(error.allowed_methods))
            return ApiError(405, f"This path takes {allowed}", "method_not_allowed").response(shape)
        except web.HTTPException:
            raise
        except ConnectionError:
            # The client has left; or, in the demo, the gateway shall look as if it had.
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        except Exception as error:
            metrics.failed(error)
            log.exception("request failed", path=request.path[:200])
            return ApiError(500, "The gateway failed; its log says why", "internal_error").response(shape)

    def _preflight(self, request: web.Request) -> web.Response:
        headers = {
            "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
            "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", "")[:1000],
            "Access-Control-Max-Age": "600",
        }
        return web.Response(status=204, headers=headers)

    async def _sign(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers["X-Request-ID"] = str(uuid4())
        origin = request.headers.get("Origin")
        if origin is not None and origin in self._registry.server.cors:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = "X-Request-ID, Retry-After"
            response.headers["Vary"] = "Origin"

    # what there is

    async def _root(self, request: web.Request) -> web.Response:
        endpoints = dict(docs.summaries())
        return json_response(
            {"name": OWN_GATEWAY, "version": __version__, "docs": "GET /api-docs", "routes": endpoints}
        )

    async def _health(self, request: web.Request) -> web.Response:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        config = "gateway.toml has an error; the one before it is in force" if self._registry.error else "ok"
        return json_response({"status": "ok", "timestamp": now, "version": __version__, "config": config})

    async def _metrics(self, request: web.Request) -> web.Response:
        return web.Response(text=metrics.exposition(), headers={"Content-Type": metrics.TYPE})

    async def _knowledge(self, request: web.Request) -> web.Response:
        return knowledge.listed(self._registry.knowledge)

    async def _search_knowledge(self, request: web.Request) -> web.Response:
        return await knowledge.search(request, self._registry.knowledge)

    async def _models(self, request: web.Request) -> web.Response:
        return await listing.models(request, self._registry, request[CLIENT])

    async def _model(self, request: web.Request) -> web.Response:
        return await listing.model(request, self._registry, request[CLIENT])

    async def _mcps(self, request: web.Request) -> web.Response:
        return await mcps.servers(request, self._registry.mcps, request[CLIENT])

    async def _mcp(self, request: web.Request) -> web.Response:
        return await mcps.one(request, self._registry.mcps, request[CLIENT])

    async def _use_mcp(self, request: web.Request) -> web.StreamResponse:
        return await mcps.find(request, self._registry.mcps, request[CLIENT]).answer(request)

    # what models do

    def _completion(self, name: Name) -> Handler:
        async def complete(request: web.Request) -> web.StreamResponse:
            with self._metered(request, name) as meter:
                body = await body_of(request)
                provider, model = await self._find(request, body, meter)
                return await Relay(request, DIALECTS[name], self._registry.server, meter).answer(body, provider, model)

        return complete

    async def _count_tokens(self, request: web.Request) -> web.StreamResponse:
        with self._metered(request, "count_tokens") as meter:
            body = await body_of(request)
            provider, model = await self._find(request, body, meter)
            return await count_tokens(request, body, provider, model, meter)

    def _media(self, path: str) -> Handler:
        async def hand_on(request: web.Request) -> web.StreamResponse:
            with self._metered(request, path.strip("/")) as meter:
                form = await media.read_form(request)
                provider, model = await self._find(request, form.fields, meter)
                return await media.hand_on(request, path, form, provider, model, self._registry.server, meter)

        return hand_on

    @contextmanager
    def _metered(self, request: web.Request, dialect: str) -> Iterator[Meter]:
        meter = Meter(self._ledger, request[CLIENT], dialect)
        try:
            yield meter
        except ApiError as error:
            meter.status = error.status
            raise
        except web.HTTPException as error:
            meter.status = error.status_code
            raise
        except ConnectionError:
            raise
        except Exception:
            meter.status = 500
            raise
        finally:
            meter.close()

    async def _find(self, request: web.Request, body: dict[str, Any], meter: Meter) -> tuple[AnyProvider, ListedModel]:
        """The model that is asked for, once its client may ask for it. Raises ApiError."""
        name = body.get("model")
        provider_id = request.match_info.get("provider", "")
        provider, model = await self._registry.find(name if isinstance(name, str) else "", provider_id)
        full = f"{provider.id}:{model.id}"
        self._guard.check(request[CLIENT], full, priced=model.price is not None)
        meter.provider, meter.model, meter.price = provider.id, full, model.price
        return provider, model


def _shape(request: web.Request) -> Shape:
    """The dialect of an error body on this route."""
    anthropic = request.path.endswith(("/v1/messages", "/v1/messages/count_tokens"))
    return "anthropic" if anthropic or "anthropic-version" in request.headers else "openai"
