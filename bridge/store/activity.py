"""What has just happened: the last turns and failures of all processes, for the page of the person who runs the bot.

It says who asked, where, which model answered and how that ended; nothing of what was said.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import structlog
from msgspec import Struct
from redis.asyncio import Redis

from bridge.errors import (
    GatewayError,
    GatewaySilent,
    GatewayUnreachable,
    KeyRefused,
    ModelNotFound,
    ProviderFailed,
    ProviderRefused,
)
from bridge.store import keys
from bridge.store.errors import translate_redis_errors
from bridge.store.rows import Row
from bridge.types import ModelId

log = structlog.get_logger(__name__)

KEPT = 300
"""About: Redis trims such a stream by whole nodes."""
ACTIVITY_SECONDS = 86400
BLOCK = 1000
"""Milliseconds that one read waits; well below the connection's time limit."""


class Failure(Struct, frozen=True, omit_defaults=True):
    """A gateway's error, as far as a sentence about it needs it."""

    kind: str
    """The name of its class."""
    gateway: str = ""
    detail: str = ""
    url: str = ""
    status: int = 0
    seconds: float = 0.0
    missing: bool = False
    before_first: bool = False

    @classmethod
    def of(cls, error: GatewayError) -> Failure:
        return cls(
            type(error).__name__,
            error.gateway_name,
            error.detail[:300],
            str(getattr(error, "url", "")),
            int(getattr(error, "status", 0)),
            float(getattr(error, "seconds", 0.0)),
            bool(getattr(error, "missing", False)),
            bool(getattr(error, "before_first", False)),
        )

    def error(self, model: ModelId) -> GatewayError:
        """Return the error that this was made of, which happened when `model` was asked."""
        found: GatewayError
        match self.kind:
            case "GatewayUnreachable":
                found = GatewayUnreachable(self.url, self.detail)
            case "KeyRefused":
                found = KeyRefused(missing=self.missing)
            case "ProviderRefused":
                found = ProviderRefused(self.status, self.detail)
            case "ModelNotFound":
                found = ModelNotFound(model, detail=self.detail)
            case "GatewaySilent":
                found = GatewaySilent(self.seconds, before_first=self.before_first)
            case kind:
                plain = {each.__name__: each for each in GatewayError.__subclasses__()}.get(kind, ProviderFailed)
                found = plain(detail=self.detail)
        found.gateway_name = self.gateway
        return found


class Activity(Struct, frozen=True, omit_defaults=True):
    """One question that was answered, or failed."""

    at: float
    """When it ended, in seconds since 1970."""
    chat: str
    """``telegram:-1001``."""
    title: str = ""
    person: str = ""
    name: str = ""
    model: str = ""
    ended: str = ""
    """As `Exchange.ended` has it."""
    seconds: float = 0.0
    first_text: float = 0.0
    """Seconds until the first words stood there; 0 where there were none."""
    failure: Failure | None = None


ACTIVITY = Row(Activity)


class ActivityLog:
    """Every method raises StoreError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def note(self, activity: Activity) -> None:
        async with translate_redis_errors(), self._redis.pipeline(transaction=False) as pipe:
            pipe.xadd(keys.ACTIVITY, {"row": ACTIVITY.encode(activity)}, maxlen=KEPT, approximate=True)
            pipe.expire(keys.ACTIVITY, ACTIVITY_SECONDS)
            await pipe.execute()

    async def newest(self, most: int) -> list[Activity]:
        """Return the last ones, newest first."""
        async with translate_redis_errors():
            entries: Any = await self._redis.xrevrange(keys.ACTIVITY, count=most)
        return [activity for _, fields in entries if (activity := _read(fields)) is not None]

    async def changes(self) -> AsyncGenerator[bool, None]:
        """Yield once in a second at the latest: whether something was noted since."""
        after = ""
        while True:
            async with translate_redis_errors():
                if not after:
                    newest: Any = await self._redis.xrevrange(keys.ACTIVITY, count=1)
                    after = str(newest[0][0]) if newest else "0-0"
                read: Any = await self._redis.xread({keys.ACTIVITY: after}, count=KEPT, block=BLOCK)
            for _, entries in read or ():
                after = str(entries[-1][0])
            yield bool(read)


def _read(fields: dict[str, str]) -> Activity | None:
    try:
        return ACTIVITY.decode(fields.get("row", ""))
    except ValueError:
        return None
