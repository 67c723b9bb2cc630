"""Every change of access and settings: who, when, where, from what to what; the newest few thousand."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from bridge.access.model import RULE_KINDS, Actor
from bridge.access.settings import EVERYWHERE, FOR_OWNERS, SETTINGS
from bridge.store import AccessKeys, translate_redis_errors

MAX_CHANGES = 2000
"""About: Redis trims such a stream by whole nodes."""


@dataclass(frozen=True, slots=True)
class Change:
    at: float
    """Seconds since 1970."""
    by: str
    where: str
    what: str
    """``person telegram:123``, ``role telegram:123``, ``limit telegram:-1001``, ``invite``, ``request ...``."""
    before: str
    """The row as it was; empty where there was none."""
    after: str
    id: str = ""
    """Of its entry in the log."""

    @property
    def is_of_row(self) -> bool:
        """Whether a rule or a chat's setting was changed, and not something that cannot be taken back, such as an
        invite."""
        return self.before != self.after and self.what.partition(" ")[0] in (*RULE_KINDS, *SETTINGS)

    @property
    def can_be_undone(self) -> bool:
        """Whether it says all that is needed to take it back: of a row, a name, or what a chat chose with one word."""
        kind = self.what.partition(" ")[0]
        return self.is_of_row or kind == "name" or (kind == "choice" and bool(self.before))

    @property
    def is_owners(self) -> bool:
        """Whether only owners may change this: a role, what applies in all chats, and what is theirs in any."""
        kind, _, subject = self.what.partition(" ")
        return kind == "role" or subject == EVERYWHERE or kind in FOR_OWNERS


class AuditLog:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def note(self, by: Actor, what: str, after: str, before: str = "") -> None:
        """Write down what changed no rule: a request declined, an invite made. Raises StoreError."""
        fields: dict[Any, Any] = {
            "at": time.time(),
            "by": by.who,
            "where": by.where,
            "what": what,
            "from": before,
            "to": after,
        }
        async with translate_redis_errors():
            await self._redis.xadd(AccessKeys.audit, fields, maxlen=MAX_CHANGES, approximate=True)

    async def newest(self, most: int) -> list[Change]:
        """The last changes, newest first. Raises StoreError."""
        async with translate_redis_errors():
            entries: Any = await self._redis.xrevrange(AccessKeys.audit, count=most)
        return [
            Change(
                _number(kept.get("at")),
                kept.get("by", ""),
                kept.get("where", ""),
                kept.get("what", ""),
                kept.get("from", ""),
                kept.get("to", ""),
                str(id),
            )
            for id, kept in entries
        ]


def _number(text: object) -> float:
    try:
        return float(str(text))
    except ValueError:
        return 0.0
