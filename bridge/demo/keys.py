"""Who may ask: the API server's answers to a missing, malformed or wrong key, as v1.7 to v1.9 give them."""

from __future__ import annotations

import hmac
import re

from aiohttp import web

from bridge.demo.wire import reply

_BEARER = re.compile(r"bearer\s+(?P<key>\S.*)", re.IGNORECASE)


def refuse(request: web.Request, key: str) -> web.Response | None:
    """The refusal that `request` deserves; None where it may pass. An X-API-Key goes before a Bearer key."""
    given = request.headers.get("X-API-Key")
    if given is not None:
        if not given.strip():
            return _unauthorized("empty x-api-key")
    else:
        authorization = request.headers.get("Authorization")
        if authorization is None:
            return _unauthorized("missing credentials")
        bearer = _BEARER.fullmatch(authorization.strip())
        if bearer is None:
            return _unauthorized("invalid authorization format")
        given = bearer["key"]
    # A header may hold bytes that are no UTF-8; the comparison takes bytes and does not tell how much of it fits.
    if hmac.compare_digest(given.strip().encode(errors="surrogateescape"), key.encode()):
        return None
    return reply({"error": "Forbidden"}, 403)


def _unauthorized(why: str) -> web.Response:
    return reply({"error": f"Unauthorized: {why}"}, 401)
