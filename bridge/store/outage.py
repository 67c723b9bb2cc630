"""Whether a gateway is away, as all processes know it.

The first process that finds it away writes that down, the first that finds it back deletes it. Nothing is written while
it answers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from redis.asyncio import Redis

from bridge.store import keys
from bridge.store.errors import translate_redis_errors
from bridge.store.scripts import Script
from bridge.types import User

OUTAGE_TTL_SECONDS = 30 * 86400
"""As long as what waits for the gateway is kept."""

BEGIN = Script("""
-- KEYS outage; ARGV now, who met it, seconds kept, the gateway's name. The first to meet it says since when;
-- returns that.
redis.call('HSETNX', KEYS[1], 'since', ARGV[1])
redis.call('HSETNX', KEYS[1], 'met', ARGV[2])
redis.call('HSETNX', KEYS[1], 'gateway', ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return redis.call('HGET', KEYS[1], 'since')
""")
TOLD = Script("""
-- KEYS outage; ARGV since when. Another process may have found an end to it, and somebody another beginning.
if redis.call('HGET', KEYS[1], 'since') == ARGV[1] then redis.call('HSET', KEYS[1], 'told', '1') end
return 1
""")
END = Script("""
-- KEYS outage; ARGV since when
if redis.call('HGET', KEYS[1], 'since') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
""")


@dataclass(frozen=True, slots=True)
class Outage:
    since: str
    """Seconds since 1970, to the letter as they were written down: it names this outage."""
    met: str
    """The person who met the outage first: ``telegram:123``."""
    told: bool
    """Whether owners have been."""
    gateway: str | None = None
    """What people call the gateway, as `Gateway.name` has it; None from processes of older versions."""
    id: str = ""
    """Which of several gateways it is, as the settings name it."""

    @property
    def seconds(self) -> float:
        return max(0.0, time.time() - float(self.since))


class OutageStore:
    """Everything raises StoreError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def begin(self, person: User, gateway: str = "", id: str = "") -> str:
        """Write down that `person` was not answered, because the gateway of this name is away.

        `id` says which of several it is. Return since when it is away, as `Outage.since`.
        """
        now = f"{time.time():.6f}"
        return str(await BEGIN(self._redis, [keys.outage(id)], now, str(person), OUTAGE_TTL_SECONDS, gateway))

    async def now(self, id: str = "") -> Outage | None:
        """None where the gateway is there, as far as anybody knows; `id` says which of several."""
        async with translate_redis_errors():
            kept = await self._redis.hgetall(keys.outage(id))
        since = str(kept.get("since", ""))
        if not _is_moment(since):
            return None
        gateway = kept.get("gateway")
        return Outage(since, str(kept.get("met", "")), "told" in kept, None if gateway is None else str(gateway), id)

    async def told(self, outage: Outage) -> None:
        """The owners know about this outage."""
        await TOLD(self._redis, [keys.outage(outage.id)], outage.since)

    async def end(self, outage: Outage) -> None:
        """This one is over."""
        await END(self._redis, [keys.outage(outage.id)], outage.since)


def _is_moment(text: str) -> bool:
    try:
        return float(text) > 0
    except ValueError:
        return False
