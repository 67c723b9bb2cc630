"""Who may talk to us, and who may command us. Closed: whoever is not let in is a stranger.

A chat let in admits everybody in it; a person let in is admitted in direct chats. Neither implies the other, and
admins are admitted everywhere. All of it rests on ids that platforms never change, not on names.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from redis.asyncio import Redis

from bridge.store import storing
from bridge.types import Chat, IncomingMessage, User

ALLOWED, ADMINS, CLAIM, TRIES, TOLD = (
    "access:allowed",
    "access:admins",
    "access:claim",
    "access:claim:tries",
    "access:told",
)
CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LENGTH = 16
"""80 bits: with at most `MOST_TRIES` an hour, nobody guesses it."""
CODE_SECONDS = 24 * 3600
MOST_TRIES = 100
TELL_AGAIN = 24 * 3600
MOST_TOLD = 1000
"""So many strangers are remembered as told; a flood of more pushes out the oldest, never grows the store."""


class Role(IntEnum):
    STRANGER = 0
    MEMBER = 1
    ADMIN = 2


@dataclass(frozen=True, slots=True)
class Admission:
    """One line of the allowlist."""

    subject: str
    """``chat telegram:-1001`` or ``person telegram:123``."""
    name: str
    by: str
    at: float


class Access:
    """The allowlist, kept in Redis. `admins` are those that the operator has named; more may have claimed it."""

    def __init__(self, redis: Redis, admins: Sequence[User] = ()) -> None:
        self._redis = redis
        self._named = tuple(admins)

    async def role(self, sender: User, chat: Chat) -> Role:
        """What `sender` may do in `chat`."""
        if sender in self._named:
            return Role.ADMIN
        places = [_chat(chat)] + ([_person(sender)] if chat.direct else [])
        async with storing(), self._redis.pipeline(transaction=False) as pipe:
            pipe.sismember(ADMINS, str(sender))
            pipe.hmget(ALLOWED, places)
            claimed, found = await pipe.execute()
        if claimed:
            return Role.ADMIN
        return Role.MEMBER if any(found) else Role.STRANGER

    async def role_of(self, message: IncomingMessage) -> Role:
        return await self.role(message.sender, message.chat)

    async def admins(self) -> list[User]:
        """Everybody who is an admin, those named in the settings first."""
        async with storing():
            claimed = await self._redis.smembers(ADMINS)
        return list(dict.fromkeys([*self._named, *(User.parse(str(each)) for each in sorted(claimed))]))

    async def allow(self, subject: Chat | User, *, by: User | None) -> None:
        """Let a chat (with all its topics and threads) or a person in."""
        name = subject.title if isinstance(subject, Chat) else subject.name
        line = json.dumps({"name": name, "by": str(by or ""), "at": time.time()}, ensure_ascii=False)
        async with storing():
            await self._redis.hset(ALLOWED, _subject(subject), line)

    async def deny(self, subject: Chat | User) -> bool:
        """Take an admission back; False if there was none."""
        async with storing():
            return bool(await self._redis.hdel(ALLOWED, _subject(subject)))

    async def allowlist(self) -> list[Admission]:
        async with storing():
            lines = await self._redis.hgetall(ALLOWED)
        return [
            Admission(str(subject), kept["name"], kept["by"], kept["at"])
            for subject, kept in ((subject, json.loads(line)) for subject, line in sorted(lines.items()))
        ]

    async def move(self, old: Chat, new: Chat) -> None:
        """A platform gave the chat another id: its admission goes with it."""
        async with storing():
            if line := await self._redis.hget(ALLOWED, _chat(old)):
                await self._redis.hset(ALLOWED, _chat(new), line)
                await self._redis.hdel(ALLOWED, _chat(old))

    # how the first owner comes to be

    async def claim_code(self) -> str:
        """The one-time code that makes its sender an admin; empty while there is an admin."""
        if await self.admins():
            return ""
        fresh = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
        async with storing():
            await self._redis.set(CLAIM, fresh, ex=CODE_SECONDS, nx=True)
            return str(await self._redis.get(CLAIM) or "")

    async def claim(self, code: str, sender: User) -> bool | None:
        """Make `sender` an admin if the code is right, once. None when too many wrong codes were sent lately."""
        async with storing():
            tries = await self._redis.incr(TRIES)
            if tries == 1:
                await self._redis.expire(TRIES, 3600)
            if tries > MOST_TRIES:
                return None
            kept = str(await self._redis.get(CLAIM) or "")
            given = "".join(code.upper().replace("-", "").split())
            if not kept or not hmac.compare_digest(kept.encode(), given.encode()):
                return False
            if not await self._redis.delete(CLAIM):
                return False  # somebody else was quicker
            await self._redis.sadd(ADMINS, str(sender))
            await self._redis.delete(TRIES)
            return True

    async def may_tell(self, stranger: User) -> bool:
        """Whether this stranger has not been told today who we are; remembers that they now have."""
        now = time.time()
        async with storing(), self._redis.pipeline(transaction=True) as pipe:
            pipe.zremrangebyscore(TOLD, "-inf", now - TELL_AGAIN)
            pipe.zadd(TOLD, {str(stranger): now}, nx=True)
            pipe.zremrangebyrank(TOLD, 0, -MOST_TOLD - 1)
            _, new, _ = await pipe.execute()
        return bool(new)


def _subject(subject: Chat | User) -> str:
    return _chat(subject) if isinstance(subject, Chat) else _person(subject)


def _chat(chat: Chat) -> str:
    return f"chat {chat.whole}"


def _person(user: User) -> str:
    return f"person {user}"
