"""How Discord says no: errors with their codes, rate limits in fixed windows, and connections that break."""

from __future__ import annotations

import json
import math
import time
from typing import Any

from aiohttp import web

UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MEMBER, UNKNOWN_MESSAGE = 10003, 10004, 10007, 10008
UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION = 10015, 10062
OLD_MESSAGE_EDITS = 30046
TOO_LARGE = 40005
ALREADY_ACKNOWLEDGED = 40060
BAD_WEBHOOK_TOKEN = 50027
NO_ACCESS, NOT_YOURS, EMPTY, CANNOT_DM, NO_PERMISSION, INVALID_FORM = 50001, 50005, 50006, 50007, 50013, 50035


def answer(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON with exactly the content type that Discord sends: discord.py compares it as a whole."""
    body = json.dumps(data).encode()
    return web.Response(body=body, status=status, headers={"Content-Type": "application/json", **(headers or {})})


class Fault(Exception):
    def __init__(self, status: int, code: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.body = status, {"message": message, "code": code, **more}


def form_fault(field: str, code: str, message: str) -> Fault:
    errors = {field: {"_errors": [{"code": code, "message": message}]}}
    return Fault(400, INVALID_FORM, "Invalid Form Body", errors=errors)


class Window:
    """A fixed window: so many calls, then none until it ends."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit, self.seconds = limit, seconds
        self._used, self._end = 0, 0.0

    def take(self) -> bool:
        now = time.monotonic()
        if now >= self._end:
            self._used, self._end = 0, now + self.seconds
        if self._used >= self.limit:
            return False
        self._used += 1
        return True

    @property
    def spent(self) -> bool:
        return self._used >= self.limit

    @property
    def reset_after(self) -> float:
        return max(0.0, self._end - time.monotonic())

    def headers(self, bucket: str) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - self._used)),
            "X-RateLimit-Reset": f"{time.time() + self.reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{self.reset_after:.3f}",
            "X-RateLimit-Bucket": bucket,
        }


def too_many(retry_after: float, headers: dict[str, str], code: int = 0) -> web.Response:
    """A 429 of Discord's own. Without `Via` discord.py takes it for a ban of Cloudflare's."""
    body: dict[str, Any] = {
        "message": "You are being rate limited.",
        "retry_after": round(retry_after, 3),
        "global": False,
    }
    if code:
        body["code"] = code
    return answer(
        body,
        429,
        {**headers, "Via": "1.1 google", "Retry-After": str(math.ceil(retry_after)), "X-RateLimit-Scope": "user"},
    )
