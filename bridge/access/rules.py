"""The rules as they lie in Redis: one hash, a row for each subject, role and setting; every change leaves a trail.

A rule that cannot be read counts as a denial, so that damage never lets anybody in.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, cast, get_args

from redis.asyncio import Redis

from bridge.access.actor import Actor
from bridge.access.audit import MAX_CHANGES
from bridge.errors import BridgeError
from bridge.store import translate_redis_errors
from bridge.store.keys import AccessKeys
from bridge.store.scripts import Script, dump

Verdict = Literal["allow", "deny", "admin", "owner"]

MOST_RULES = 20_000
"""Rows of any kind."""
LONGEST_NAME = 64

CHANGE = Script("""
-- KEYS rules, trail; ARGV row's name, row or nothing, most rows, most changes, who, where, now
local before = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if before == ARGV[2] then return 'same' end
if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  if before == '' and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 'full' end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'at', ARGV[7], 'by', ARGV[5], 'where', ARGV[6],
  'what', ARGV[1], 'from', before, 'to', ARGV[2])
return 'changed'
""")


class ListFull(BridgeError):
    """So much has been decided that one more rule was not taken in."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What was decided of somebody."""

    verdict: Verdict
    until: float = 0.0
    """When it ends, in seconds since 1970; 0 for never."""
    name: str = ""
    """What they were called then; only for show."""
    by: str = ""
    at: float = 0.0

    @property
    def holds(self) -> bool:
        return not self.until or self.until > time.time()

    def to_row(self) -> str:
        return dump(asdict(self))

    @classmethod
    def from_row(cls, row: str) -> Self:
        try:
            fields = json.loads(row)
            rule = cls(
                fields["verdict"],
                float(fields["until"]),
                str(fields["name"])[:LONGEST_NAME],
                str(fields["by"]),
                float(fields["at"]),
            )
        except (TypeError, KeyError, ValueError, AttributeError):
            return cls("deny")
        return rule if rule.verdict in get_args(Verdict) else cls("deny")


class Rules:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self, names: Sequence[str]) -> list[str | None]:
        """The rows of these names, in one round trip. Raises StoreError."""
        async with translate_redis_errors():
            return cast("list[str | None]", await self._redis.hmget(AccessKeys.rules, list(names)))

    async def all(self) -> dict[str, str]:
        """Every row by its name. Raises StoreError."""
        async with translate_redis_errors():
            return cast(dict[str, str], await self._redis.hgetall(AccessKeys.rules))

    async def beginning(self, start: str) -> dict[str, str]:
        """The rows whose names begin so; `start` holds none of ``*?[\\``. Raises StoreError."""
        async with translate_redis_errors():
            found = self._redis.hscan_iter(AccessKeys.rules, match=f"{start}*", count=MOST_RULES)
            return {name: row async for name, row in found}

    async def change(self, name: str, row: str, by: Actor) -> bool:
        """Set a row, or remove it where `row` is empty; False if it was so already.

        Raises ListFull, StoreError.
        """
        went = await self._change(name, row, by)
        if went == "full":
            await self._sweep()
            went = await self._change(name, row, by)
        if went == "full":
            raise ListFull(f"there are {MOST_RULES} rules")
        return went == "changed"

    async def _change(self, name: str, row: str, by: Actor) -> str:
        keys = [AccessKeys.rules, AccessKeys.audit]
        args: Sequence[Any] = (name, row, MOST_RULES, MAX_CHANGES, by.who, by.where, time.time())
        return str(await CHANGE(self._redis, keys, *args))

    async def _sweep(self) -> None:
        """Forget rules that have ended."""
        rules = {name: row for name, row in (await self.all()).items() if is_rule(name)}
        ended = [name for name, row in rules.items() if not Rule.from_row(row).holds]
        if ended:
            async with translate_redis_errors():
                await self._redis.hdel(AccessKeys.rules, *ended)


def is_rule(name: str) -> bool:
    """Whether a row is a rule, and not a setting."""
    return name.partition(" ")[0] in ("person", "chat", "group", "role")
