"""The rules of access: one hash in Redis, a row for each subject, role and setting; every change is in the audit log.

A rule that cannot be read counts as a denial, so that damage never lets anybody in.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from redis.asyncio import Redis

from bridge.access.audit import MAX_CHANGES
from bridge.access.model import RULE_KINDS, Actor, Group, Subject, subject_name
from bridge.access.requests import MAX_NAME_LENGTH, Requests
from bridge.errors import BridgeError
from bridge.store import AccessKeys, Row, Script, translate_redis_errors
from bridge.types import Chat, User

Verdict = Literal["allow", "deny", "admin", "owner"]

MAX_RULES = 20_000
"""Rows of any kind."""

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


RESTORE = Script("""
-- KEYS rules, trail; ARGV row's name, what it must be now, what it becomes, most changes, who, where, now
local row = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if row ~= ARGV[2] then return 0 end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'at', ARGV[7], 'by', ARGV[5], 'where', ARGV[6],
  'what', ARGV[1], 'from', row, 'to', ARGV[3])
return 1
""")


class ListFull(BridgeError):
    """There are `MAX_RULES` rules already, so that one more was not taken in."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What was decided about one subject."""

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
        return RULE.encode(self)

    @classmethod
    def from_row(cls, row: str) -> Rule:
        """A denial where the row cannot be read."""
        try:
            rule = RULE.decode(row)
        except ValueError:
            return cls("deny")
        return rule if len(rule.name) <= MAX_NAME_LENGTH else replace(rule, name=rule.name[:MAX_NAME_LENGTH])


RULE = Row(Rule)
"""Version 1 is version 0 with its number."""


class RuleTable:
    """The rows, by name. Every method raises StoreError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self, names: Sequence[str]) -> list[str | None]:
        """The rows of these names, in one round trip."""
        async with translate_redis_errors():
            return cast("list[str | None]", await self._redis.hmget(AccessKeys.rules, list(names)))

    async def all(self) -> dict[str, str]:
        """Return every row by its name."""
        async with translate_redis_errors():
            return cast(dict[str, str], await self._redis.hgetall(AccessKeys.rules))

    async def beginning(self, start: str) -> dict[str, str]:
        """The rows whose names begin so; `start` holds none of ``*?[\\``."""
        async with translate_redis_errors():
            found = self._redis.hscan_iter(AccessKeys.rules, match=f"{start}*", count=MAX_RULES)
            return {name: row async for name, row in found}

    async def change(self, name: str, row: str, by: Actor) -> bool:
        """Set a row, or remove it where `row` is empty; return False if it was so already. Raises ListFull."""
        went = await self._change(name, row, by)
        if went == "full":
            await self._sweep()
            went = await self._change(name, row, by)
        if went == "full":
            raise ListFull(f"there are {MAX_RULES} rules")
        return went == "changed"

    async def restore(self, name: str, now: str, before: str, by: Actor) -> bool:
        """Set a row that is `now` back to what it was `before`; return False where it is something else by now."""
        keys = [AccessKeys.rules, AccessKeys.audit]
        args: Sequence[Any] = (name, now, before, MAX_CHANGES, by.who, by.where, time.time())
        return bool(await RESTORE(self._redis, keys, *args))

    async def _change(self, name: str, row: str, by: Actor) -> str:
        keys = [AccessKeys.rules, AccessKeys.audit]
        args: Sequence[Any] = (name, row, MAX_RULES, MAX_CHANGES, by.who, by.where, time.time())
        return str(await CHANGE(self._redis, keys, *args))

    async def _sweep(self) -> None:
        """Remove the rules that have ended."""
        rules = {name: row for name, row in (await self.all()).items() if is_rule(name)}
        ended = [name for name, row in rules.items() if not Rule.from_row(row).holds]
        if ended:
            async with translate_redis_errors():
                await self._redis.hdel(AccessKeys.rules, *ended)


def is_rule(name: str) -> bool:
    """Whether a row is a rule, and not a setting."""
    return name.partition(" ")[0] in RULE_KINDS


class Rules:
    """Who may talk and who may not. Every method raises StoreError."""

    def __init__(self, table: RuleTable, requests: Requests) -> None:
        self._table = table
        self._requests = requests

    async def allow(self, subject: Subject, by: Actor, *, until: float = 0.0) -> bool:
        """Let `subject` in until then; return False if they were in so already. Raises ListFull."""
        await self._forget_told(subject)
        return await self._decide(subject, "allow", until, by)

    async def deny(self, subject: Subject, by: Actor, *, until: float = 0.0) -> bool:
        """Shut `subject` out, whatever else would let them in; return False if they were. Raises ListFull."""
        return await self._decide(subject, "deny", until, by)

    async def remove(self, subject: Subject, by: Actor) -> bool:
        """Neither let in nor shut out; return False if they were neither."""
        await self._forget_told(subject)
        return await self._table.change(subject_name(subject), "", by)

    async def _decide(self, subject: Subject, verdict: Verdict, until: float, by: Actor) -> bool:
        name = subject_name(subject)
        [row] = await self._table.get([name])
        known = holding(row)
        if known is not None and (known.verdict, known.until) == (verdict, until):
            return False
        called = _name_of(subject) or (known.name if known else "")
        return await self._table.change(name, Rule(verdict, until, called, by.who, time.time()).to_row(), by)

    async def _forget_told(self, subject: Subject) -> None:
        if not isinstance(subject, Group):
            await self._requests.forget(subject)


def holding(row: str | None) -> Rule | None:
    """Return the rule of a row; None where there is none or it has ended."""
    rule = Rule.from_row(row) if row else None
    return rule if rule is not None and rule.holds else None


def _name_of(subject: Subject) -> str:
    match subject:
        case Chat():
            return subject.title[:MAX_NAME_LENGTH]
        case User():
            return subject.name[:MAX_NAME_LENGTH]
        case Group():
            return ""
