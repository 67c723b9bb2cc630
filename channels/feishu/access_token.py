"""The app's access token: fetched once for all callers, renewed early, fetched again when the platform refuses it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from bridge.errors import ChannelError, Refused

log = structlog.get_logger(__name__)

RENEW_EARLY_SECONDS = 600.0
"""How long before its end a token is renewed. Below half an hour the platform gives a new one, and the old one stays
good (auth-v3 page)."""
RETRY_SECONDS = 30.0
"""Between two attempts to renew a token that still serves."""


class AccessToken:
    """`ask` gets a new token from the platform: its answer, whole."""

    def __init__(self, ask: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        self._ask = ask
        self.value = ""
        self.renew_at = 0.0
        """By `time.monotonic`."""
        self.ends_at = 0.0
        self._renewing = asyncio.Lock()

    async def get(self) -> str:
        """A token that should be accepted. Raises ChannelError, Refused where the app is not accepted."""
        if time.monotonic() < self.renew_at:
            return self.value
        async with self._renewing:
            if time.monotonic() >= self.renew_at:
                await self._renew()
        return self.value

    def discard(self, token: str) -> None:
        """The platform has refused `token`: the next caller gets another one."""
        if token == self.value:
            self.renew_at = self.ends_at = 0.0

    async def _renew(self) -> None:
        try:
            answer = await self._ask()
        except Refused:
            raise
        except ChannelError as error:
            if time.monotonic() >= self.ends_at:
                raise
            log.warning("token not renewed, the old one still serves", error=str(error))
            self.renew_at = min(self.ends_at, time.monotonic() + RETRY_SECONDS)
            return
        token, seconds = answer.get("tenant_access_token"), answer.get("expire")
        if not isinstance(token, str) or not isinstance(seconds, int):
            raise ChannelError("Feishu's answer holds no token")
        now = time.monotonic()
        self.value = token
        self.ends_at = now + seconds
        self.renew_at = now + max(seconds - RENEW_EARLY_SECONDS, seconds / 2)
