"""One-time codes: the claim, which makes the first owner, and invites, which let people in.

An invite is kept by the hash of its code, so that a reader of the store learns no code, and looking one up takes
the same time however much of it was guessed.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from redis.asyncio import Redis

from bridge.access.audit import MAX_CHANGES
from bridge.access.model import Actor, subject_name
from bridge.access.requests import MAX_NAME_LENGTH
from bridge.access.rules import MAX_RULES, Rule
from bridge.store import AccessKeys, Row, Script, translate_redis_errors
from bridge.types import User

CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CLAIM_LENGTH = 16
"""80 bits, to be read from a terminal and typed: at the `TRIES` that are let through nobody guesses it."""
CLAIM_SECONDS = 24 * 3600
INVITE_BYTES = 16
"""128 bits."""
MAX_INVITES = 50
MAX_USES = 100
MAX_CODE_LENGTH = 64

Redeemed = Literal["owner", "member", "wrong"]

CLAIM = Script("""
-- KEYS claim, rules, trail; ARGV row's name, row, most changes, who, where, now. The code was compared before.
if redis.call('HGET', KEYS[2], ARGV[1]) == ARGV[2] then return 1 end
if redis.call('DEL', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[3], '*', 'at', ARGV[6], 'by', ARGV[4], 'where', ARGV[5],
  'what', ARGV[1], 'from', '', 'to', ARGV[2])
return 1
""")

REDEEM = Script("""
-- KEYS invites, rules, trail; ARGV code's hash, row's name, row, most changes, who, where, now, most rules
if redis.call('HGET', KEYS[2], ARGV[2]) == ARGV[3] then return 1 end
local read, invite = pcall(cjson.decode, redis.call('HGET', KEYS[1], ARGV[1]) or '')
if not read or type(invite) ~= 'table' then return 0 end
local left, ends = tonumber(invite['left']) or 0, tonumber(invite['until']) or 0
if left < 1 or ends <= tonumber(ARGV[7]) or redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[8]) then return 0 end
if left == 1 then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  invite['left'] = left - 1
  redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(invite))
end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[4], '*', 'at', ARGV[7], 'by', ARGV[5], 'where', ARGV[6],
  'what', ARGV[2], 'from', '', 'to', ARGV[3])
return 1
""")


@dataclass(frozen=True, slots=True)
class _Invite:
    left: int
    """How many it still lets in; `REDEEM` counts them down."""
    until: float
    by: str


INVITE = Row(_Invite)
"""Version 1 is version 0 with its number."""


class Invites:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def claim_code(self) -> str:
        """The code that makes its sender the first owner; the same for a day. Raises StoreError."""
        fresh = "".join(secrets.choice(CODE_LETTERS) for _ in range(CLAIM_LENGTH))
        async with translate_redis_errors():
            await self._redis.set(AccessKeys.claim, fresh, ex=CLAIM_SECONDS, nx=True)
            return str(await self._redis.get(AccessKeys.claim) or "")

    async def invite(self, by: Actor, *, uses: int, until: float) -> str:
        """A fresh code that lets `uses` people in, until then; empty where too many are open. Raises StoreError."""
        code = base64.b32encode(secrets.token_bytes(INVITE_BYTES)).decode().rstrip("=")
        row = INVITE.encode(_Invite(min(uses, MAX_USES), until, by.who))
        async with translate_redis_errors():
            for hashed, kept in (await self._redis.hgetall(AccessKeys.invites)).items():
                if _until(kept) <= time.time():
                    await self._redis.hdel(AccessKeys.invites, hashed)
            if await self._redis.hlen(AccessKeys.invites) >= MAX_INVITES:
                return ""
            await self._redis.hset(AccessKeys.invites, _hash(code), row)
            await self._redis.expire(AccessKeys.invites, 366 * 86400)
        return code

    async def revoke(self) -> int:
        """No code lets anybody in any more; how many there were. Raises StoreError."""
        async with translate_redis_errors():
            kept = int(await self._redis.hlen(AccessKeys.invites))
            await self._redis.delete(AccessKeys.invites)
        return kept

    async def redeem(self, code: str, sender: User, by: Actor) -> Redeemed:
        """What the code makes of its sender. Raises StoreError."""
        given = "".join(code[:MAX_CODE_LENGTH].upper().replace("-", "").split())
        if not given.isascii():
            return "wrong"
        name, now = sender.name[:MAX_NAME_LENGTH], time.time()
        async with translate_redis_errors():
            claim = str(await self._redis.get(AccessKeys.claim) or "")
        if claim and hmac.compare_digest(claim, given):
            row = Rule("owner", name=name, by="claim", at=now).to_row()
            args = (f"role {sender}", row, MAX_CHANGES, by.who, by.where, now)
            went = await CLAIM(self._redis, [AccessKeys.claim, AccessKeys.rules, AccessKeys.audit], *args)
            return "owner" if went else "wrong"
        hashed = _hash(given)
        # `at` is the code's, not now's, so that the same script run twice finds what it did.
        row = Rule("allow", name=name, by=f"invite {hashed[:8]}").to_row()
        keys = [AccessKeys.invites, AccessKeys.rules, AccessKeys.audit]
        subject = subject_name(sender)
        went = await REDEEM(self._redis, keys, hashed, subject, row, MAX_CHANGES, by.who, by.where, now, MAX_RULES)
        return "member" if went else "wrong"


def _hash(code: str) -> str:
    return sha256(code.encode()).hexdigest()


def _until(row: str | bytes) -> float:
    try:
        return INVITE.decode(row).until
    except ValueError:
        return 0.0
