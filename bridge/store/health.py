"""Which models and gateways have failed lately, as all processes have found it: a `Health` in Redis."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import structlog
from redis.asyncio import Redis

from bridge.errors import StoreError
from bridge.gateway import FAILURE_REASONS, PROBE_SECONDS, FailureReason, Rest
from bridge.store import keys
from bridge.store.errors import translate_redis_errors
from bridge.store.scripts import Script

log = structlog.get_logger(__name__)

HEALTH_TTL_SECONDS = 86400
"""After a day without a failure nothing of them matters any more."""

RESTING = Script("""
-- KEYS health; ARGV now, seconds of a probe, names. Returns name, reason and '1' where the rest is over, for each that
-- has failed. Of several who ask at once, one alone hears that it is over.
local found = {}
for i = 3, #ARGV do
  local ends, reason = string.match(redis.call('HGET', KEYS[1], ARGV[i]) or '', '^(%S+) (%S+)$')
  if tonumber(ends or '') then
    local over = tonumber(ends) <= tonumber(ARGV[1])
    if over then
      redis.call('HSET', KEYS[1], ARGV[i], string.format('%.3f %s', ARGV[1] + ARGV[2], reason))
    end
    found[#found + 1] = ARGV[i]
    found[#found + 1] = reason
    found[#found + 1] = over and '1' or '0'
  end
end
return found
""")


class RedisHealth:
    """One hash: by name, until when (seconds since 1970) something else is asked, and why."""

    def __init__(self, redis: Redis, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._clock = clock

    async def resting(self, names: Sequence[str]) -> Mapping[str, Rest]:
        try:
            rows = await RESTING(self._redis, [keys.HEALTH], self._clock(), PROBE_SECONDS, *names)
        except StoreError as error:
            log.debug("health not read", error=str(error))
            return {}
        found = list(map(str, rows)) if isinstance(rows, list) else []
        return {
            name: Rest(reason, over == "1")
            for name, reason, over in zip(found[::3], map(_reason, found[1::3]), found[2::3], strict=True)
        }

    async def rest(self, name: str, reason: FailureReason, seconds: float) -> None:
        try:
            async with translate_redis_errors(), self._redis.pipeline(transaction=True) as pipe:
                pipe.hset(keys.HEALTH, name, f"{self._clock() + seconds:.3f} {reason}")
                pipe.expire(keys.HEALTH, HEALTH_TTL_SECONDS)
                await pipe.execute()
        except StoreError as error:
            log.debug("health not kept", error=str(error))

    async def recovered(self, names: Sequence[str]) -> None:
        if not names:
            return
        try:
            async with translate_redis_errors():
                await self._redis.hdel(keys.HEALTH, *names)
        except StoreError as error:
            log.debug("health not kept", error=str(error))


def _reason(text: str) -> FailureReason:
    """A reason of a newer process counts as a failure."""
    return next((reason for reason in FAILURE_REASONS if reason == text), "failed")
