"""Who may ask: the keys of clients, and what keeps web pages from asking where no key is needed."""

from __future__ import annotations

import hmac
import re
import socket
from urllib.parse import urlsplit

from aiohttp import web

from bridge.server.errors import INVALID_KEY, ApiError
from bridge.server.ledger import MICROS, ClientKey, Ledger
from bridge.server.rates import parse_rate

_BEARER = re.compile(r"bearer\s+(?P<key>\S.*)", re.IGNORECASE)
_LOOPBACK = re.compile(r"localhost|127(?:\.\d{1,3}){3}|\[?::1\]?", re.IGNORECASE)


class Guard:
    """Without a ledger, and with one that holds no key, everybody on this machine may ask.

    `key` is one more key, without limits, for those in the same process; empty for none.
    """

    def __init__(self, ledger: Ledger | None, *, key: str = "", private: bool = True) -> None:
        self._ledger = ledger
        self._key = key
        self._private = private

    def admit(self, request: web.Request, cors: tuple[str, ...]) -> ClientKey | None:
        """The key that the client has; None where none is needed. Raises ApiError."""
        if _is_in_process(request):
            return None
        needed = bool(self._key) or not self._private or (self._ledger is not None and self._ledger.has_keys())
        given = _given(request)
        if not needed:
            _refuse_web_pages(request, cors)
            return None
        if given is None:
            said = "A key is needed: send it as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'"
            raise ApiError(401, said, INVALID_KEY)
        if self._key and hmac.compare_digest(given.encode(errors="surrogateescape"), self._key.encode()):
            return None
        found = None if self._ledger is None else self._ledger.find(given)
        if found is None:
            raise ApiError(401, "This key is not known here", INVALID_KEY)
        return found

    def check(self, client: ClientKey | None, model: str, *, priced: bool) -> None:
        """Count one request of `client` for a model. Raises ApiError where it may not, or not now."""
        if client is None:
            return
        if not client.allows(model):
            raise ApiError(403, f"The key '{client.name}' is not for this model", "model_not_allowed", param="model")
        if client.budget is not None and self._ledger is not None:
            if not priced:
                said = "has a budget, and gateway.toml has no price for this model"
                raise ApiError(403, f"The key '{client.name}' {said}", "model_without_price", param="model")
            if self._ledger.spent_this_month(client.name) >= client.budget:
                said = f"The budget of the key '{client.name}' is spent: {client.budget / MICROS:g} a month"
                raise ApiError(429, said, "insufficient_quota", type="insufficient_quota")
        if client.rate and self._ledger is not None:
            wait = self._ledger.reserve(f"key {client.name}", parse_rate(client.rate))
            if wait:
                said = f"The key '{client.name}' may ask {client.rate}; try again in {wait:.0f} s"
                raise ApiError(429, said, "rate_limit_exceeded", retry_after=wait)


def _is_in_process(request: web.Request) -> bool:
    """Whether it came over the socket in the file system, whose folder only its owner can enter."""
    connection = request.get_extra_info("socket")
    return connection is not None and connection.family == getattr(socket, "AF_UNIX", None)


def _given(request: web.Request) -> str | None:
    """The key that came with the request; an X-API-Key goes before a Bearer key."""
    if (key := request.headers.get("X-API-Key", "").strip()) or (key := request.headers.get("api-key", "").strip()):
        return key
    bearer = _BEARER.fullmatch(request.headers.get("Authorization", "").strip())
    return bearer["key"].strip() if bearer else None


def _refuse_web_pages(request: web.Request, cors: tuple[str, ...]) -> None:
    """Where no key is needed, a page in the person's browser could spend their money: by its origin, or, once its name
    has been pointed at this machine, by the host that it asks for."""
    origin = request.headers.get("Origin", "")
    if origin and origin not in cors and not _is_loopback(urlsplit(origin).hostname or ""):
        said = "Web pages may not ask here without a key; name the origin in gateway.toml (server.cors), or make a key"
        raise ApiError(403, said, "origin_not_allowed")
    if not _is_loopback(request.host.rpartition(":")[0] if re.search(r":\d+$", request.host) else request.host):
        said = "Without a key, this gateway answers only under its address on this machine, such as 127.0.0.1"
        raise ApiError(403, said, "host_not_allowed")


def _is_loopback(host: str) -> bool:
    return _LOOPBACK.fullmatch(host) is not None
