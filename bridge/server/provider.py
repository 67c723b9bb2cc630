"""One provider at work: which dialects it speaks, its keys in turn, its rate, its models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from time import time
from typing import Protocol

import aiohttp
import structlog

from bridge.gateway import MAX_ERROR_BODY_BYTES, read_response_error
from bridge.server.codec import decode
from bridge.server.config import ProviderSpec, ServerConfig
from bridge.server.dialects import DIALECTS, Name, Traits
from bridge.server.errors import ApiError, from_provider, no_answer
from bridge.server.events import Event
from bridge.server.keyring import LIMITED_REST_SECONDS, REFUSED_REST_SECONDS, KeyRing, ProviderKey
from bridge.server.ledger import Ledger
from bridge.server.models import ListedModel, ModelList, read_models
from bridge.server.rates import parse_rate
from bridge.server.request import Request
from bridge.server.upstream import Upstream, read_all

ANTHROPIC_VERSION = "2023-06-01"
LIST_SECONDS = 20.0
_UNPAID = {"insufficient_quota", "insufficient_user_quota", "billing_hard_limit_reached"}

log = structlog.get_logger(__name__)


class Provider(Protocol):
    """What the gateway asks of a provider, be it over HTTP or in this process."""

    id: str
    name: str
    kind: str

    @property
    def dialect(self) -> Name:
        """The one that it speaks best, by which clients may choose theirs."""

    async def models(self, *, fresh: bool = False) -> Sequence[ListedModel]: ...

    def known(self) -> Sequence[ListedModel]:
        """The models as they were listed last."""

    def find(self, model: str) -> ListedModel | None:
        """The model of that name as far as it is known; None where it is not offered."""

    async def close(self) -> None: ...


class LocalProvider(Provider, Protocol):
    """A provider in this process: it answers in events."""

    def answer(self, model: str, request: Request) -> AsyncGenerator[list[Event], None]:
        """Raises ApiError, at any time."""


class HttpProvider:
    """`ledger` is where its limit is kept, for all processes; without one it has none."""

    def __init__(
        self, spec: ProviderSpec, server: ServerConfig, upstream: Upstream, ledger: Ledger | None = None
    ) -> None:
        self.spec = spec
        self.id, self.name, self.kind = spec.id, spec.name, spec.kind
        self.keys = KeyRing(spec.keys())
        self._server = server
        self._upstream = upstream
        self._ledger = ledger
        self._limit = parse_rate(spec.config.limit) if spec.config.limit else None
        self.list = ModelList(spec, self._read_models, server.models_seconds)

    def __repr__(self) -> str:
        return f"HttpProvider({self.id!r})"

    @property
    def dialect(self) -> Name:
        return next(iter(self.spec.urls))

    def native(self, wanted: Name, model: ListedModel) -> Name:
        """The dialect to ask `model` in: the client's own where the provider speaks it."""
        return wanted if self.spec.speaks(wanted, model.real) else self.dialect

    async def models(self, *, fresh: bool = False) -> Sequence[ListedModel]:
        return await self.list.get(fresh=fresh)

    def known(self) -> Sequence[ListedModel]:
        return self.list.known

    def find(self, model: str) -> ListedModel | None:
        for known in self.list.known:
            if model == known.id:
                return known
        if model in self.spec.config.aliases.values() or not self.spec.offers(model):
            return None
        # Not every list is complete; whether there is such a model is for the provider to say.
        return ListedModel(model, model, price=self.spec.price(model))

    def traits(self, model: ListedModel) -> Traits:
        ours = self.spec.traits
        return Traits(ours.max_tokens_field, ours.reasoning_history, model.max_tokens or ours.max_tokens)

    async def close(self) -> None:
        await self.list.close()

    async def ask(self, dialect: Name, body: bytes, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """The response to a completion's request, its status 200. Raises ApiError."""
        return await self.post(self.spec.urls[dialect] + DIALECTS[dialect].path, dialect, body, headers)

    async def post(self, url: str, dialect: Name, body: bytes, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """POST with one key after another. Waits for the provider's rate, for as long as the settings allow.

        Raises ApiError once no key is left: the last one's error, or a 429 with the time after which it may work.
        """
        deadline = asyncio.get_running_loop().time() + self._server.wait_seconds
        await self._wait_for_turn(deadline)
        tried: set[ProviderKey] = set()
        error: ApiError | None = None
        while True:
            key = self.keys.take(tried)
            if key is None:
                if error is not None and self.keys.all_refused:
                    raise error
                await self._wait_for_key(deadline, error)
                tried.clear()
                continue
            response = await self._send("POST", url, key, dialect, body, headers)
            if 200 <= response.status < 300:
                self.keys.accepted(key)
                return response
            error = await self._error(response)
            if not self._rest(key, response.status, error):
                raise error
            tried.add(key)

    async def _wait_for_turn(self, deadline: float) -> None:
        if self._ledger is None or self._limit is None:
            return
        longest = max(0.0, deadline - asyncio.get_running_loop().time())
        wait = self._ledger.reserve(f"provider {self.id}", self._limit, longest)
        if wait > longest:
            raise _limited(self.id, wait)
        if wait > 0:
            await asyncio.sleep(wait)

    async def _wait_for_key(self, deadline: float, error: ApiError | None) -> None:
        wait = self.keys.wait()
        if asyncio.get_running_loop().time() + wait > deadline:
            if error is None or error.status != 429:
                raise _limited(self.id, wait)
            error.retry_after = wait
            raise error
        await asyncio.sleep(wait)

    async def _error(self, response: aiohttp.ClientResponse) -> ApiError:
        after = retry_after(response.headers)
        try:
            content = await read_all(response, self.id, LIST_SECONDS)
        except ApiError as lost:
            return lost
        finally:
            response.release()
        return from_provider(
            self.id, read_response_error(response.status, content[:MAX_ERROR_BODY_BYTES]), retry_after=after
        )

    def _rest(self, key: ProviderKey, status: int, error: ApiError) -> bool:
        """Rest `key` where the error is about it; return whether another key may do better."""
        if status in {401, 402} or error.code in _UNPAID:
            self.keys.rest(key, REFUSED_REST_SECONDS, refused=True)
            log.warning("key refused", provider=self.id, key=key.origin, status=status)
            return True
        if status == 429:
            rest = LIMITED_REST_SECONDS if error.retry_after is None else error.retry_after
            self.keys.rest(key, rest, refused=False)
            return True
        return False

    async def _send(
        self, method: str, url: str, key: ProviderKey, dialect: Name, body: bytes | None, headers: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        sent = {**self.spec.config.headers, **headers, **self._credentials(key.value, dialect)}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        if dialect == "messages":
            sent.setdefault("anthropic-version", ANTHROPIC_VERSION)
        patience = self._server.first_token_seconds if body is not None else LIST_SECONDS
        return await self._upstream.request(self.id, method, url, sent, body, self.spec.config.proxy, patience)

    def _credentials(self, key: str, dialect: Name) -> dict[str, str]:
        if not key:
            return {}
        match self.spec.auth:
            case "x-api-key":
                return {"x-api-key": key}
            case "api-key":
                return {"api-key": key}
        bearer = {"Authorization": f"Bearer {key}"}
        # Those who speak Anthropic's dialect beside their own take the one or the other.
        return bearer | {"x-api-key": key} if dialect == "messages" else bearer

    async def _read_models(self) -> list[ListedModel]:
        key = self.keys.take() or self.keys.keys[0]
        dialect = self.dialect
        suffix = "/models?limit=1000" if dialect == "messages" else "/models"
        response = await self._send("GET", self.spec.urls[dialect] + suffix, key, dialect, None, {})
        try:
            content = await read_all(response, self.id, LIST_SECONDS)
        finally:
            response.release()
        if response.status != 200:
            raise from_provider(self.id, read_response_error(response.status, content[:MAX_ERROR_BODY_BYTES]))
        try:
            return read_models(decode(content))
        except ValueError:
            raise no_answer(self.id) from None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from ``Retry-After`` as a number or a date, or OpenAI's ``retry-after-ms``."""
    if (millis := headers.get("retry-after-ms", "")).replace(".", "", 1).isdigit():
        return float(millis) / 1000
    said = headers.get("Retry-After", "").strip()
    if not said:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time())
    except ValueError:
        return None


def _limited(provider: str, wait: float) -> ApiError:
    said = f"The provider '{provider}' takes no more requests for now; try again in {wait:.0f} s"
    return ApiError(429, said, "rate_limit_exceeded", retry_after=wait)
