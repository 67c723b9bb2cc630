"""Ways in to the page of the person who runs the bot: one-time links, and the sessions that come of them.

Tokens are kept as hashes, so that a reader of the store cannot use them. A session belongs to the browser that opened
the link: seen in another, it ends.
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import cast

from msgspec import Struct
from redis.asyncio import Redis

from bridge.store import AccessKeys, Row, translate_redis_errors
from bridge.types import Chat, User

LINK_SECONDS = 300
SESSION_SECONDS = 12 * 3600
MAX_LINKS = 50
MAX_SESSIONS = 100
"""Open at once; one more ends the oldest."""
MAX_TOLD = 10_000
"""Chats; the people of those that were told first are told again."""
TOKEN_BYTES = 32
ADDRESS_SECONDS = 30
"""Until the page counts as gone, unless it says again where it is."""


class WebRow(Struct, frozen=True, omit_defaults=True):
    """A link or a session, by the hash of its token."""

    until: float
    """When it ends, in seconds since 1970."""
    person: User | None = None
    """None: the person who sits at the machine itself."""
    browser: str = ""
    """The hash of what the browser calls itself; of a link, nothing."""


WEB_ROW = Row(WebRow)


@dataclass(frozen=True, slots=True)
class WebSession:
    person: User | None
    """None: the person who sits at the machine itself."""
    until: float
    """When it ends, in seconds since 1970."""
    csrf: str
    """What forms of this session carry."""


class StolenSession(Exception):
    """A session was used in another browser, and has been ended."""


class WebSessions:
    """Every method raises StoreError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def announce(self, address: str) -> None:
        """Say where the page is; to be said again within `ADDRESS_SECONDS`. An empty address: it is gone."""
        async with translate_redis_errors():
            if address:
                await self._redis.set(AccessKeys.web_address, address, ex=ADDRESS_SECONDS)
            else:
                await self._redis.delete(AccessKeys.web_address)

    async def address(self) -> str:
        """Return where the page is, such as ``http://127.0.0.1:8484``; empty where it is off."""
        async with translate_redis_errors():
            return str(await self._redis.get(AccessKeys.web_address) or "")

    async def link(self, person: User | None) -> str:
        """Return a token that lets the first browser that enters with it in, within `LINK_SECONDS`."""
        row = WebRow(time.time() + LINK_SECONDS, person)
        return await self._keep(AccessKeys.web_links, row, MAX_LINKS, LINK_SECONDS)

    async def enter(self, token: str, browser: str) -> str | None:
        """Use up a link; return the token of a new session of `browser`, None where the link is gone."""
        digest = _hash(token)
        async with translate_redis_errors():
            kept = _read(await self._redis.hget(AccessKeys.web_links, digest))
            # Only one of several that come at once deletes it.
            if kept is None or not await self._redis.hdel(AccessKeys.web_links, digest):
                return None
        row = WebRow(time.time() + SESSION_SECONDS, kept.person, _hash(browser))
        return await self._keep(AccessKeys.web_sessions, row, MAX_SESSIONS, SESSION_SECONDS)

    async def session(self, token: str, browser: str) -> WebSession | None:
        """Return the session of `token`; None where there is none. Raises StolenSession."""
        async with translate_redis_errors():
            kept = _read(await self._redis.hget(AccessKeys.web_sessions, _hash(token)))
        if kept is None:
            return None
        if not hmac.compare_digest(kept.browser, _hash(browser)):
            await self.close(token)
            raise StolenSession
        return WebSession(kept.person, kept.until, _hash(f"csrf {token}"))

    async def close(self, token: str) -> None:
        """End one session."""
        async with translate_redis_errors():
            await self._redis.hdel(AccessKeys.web_sessions, _hash(token))

    async def end(self, person: User) -> int:
        """End all sessions and links of `person`; return how many there were."""
        count = 0
        async with translate_redis_errors():
            for key in (AccessKeys.web_sessions, AccessKeys.web_links):
                rows = (await self._redis.hgetall(key)).items()
                theirs = [digest for digest, row in rows if (kept := _read(row)) is None or kept.person == person]
                if theirs:
                    count += int(await self._redis.hdel(key, *theirs))
        return count

    async def was_told(self, chat: Chat) -> bool:
        """Whether the people of `chat` were told that a conversation of theirs is read on the page."""
        async with translate_redis_errors():
            return await self._redis.zscore(AccessKeys.web_told, str(chat)) is not None

    async def mark_told(self, chat: Chat) -> None:
        """Remember that they were told."""
        async with translate_redis_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.zadd(AccessKeys.web_told, {str(chat): time.time()}, nx=True)
            pipe.zremrangebyrank(AccessKeys.web_told, 0, -MAX_TOLD - 1)
            await pipe.execute()

    async def _keep(self, key: str, row: WebRow, most: int, seconds: int) -> str:
        token = secrets.token_urlsafe(TOKEN_BYTES)
        async with translate_redis_errors():
            rows = {digest: _read(kept) for digest, kept in (await self._redis.hgetall(key)).items()}
            oldest = sorted((kept.until, digest) for digest, kept in rows.items() if kept is not None)
            gone = [digest for digest, kept in rows.items() if kept is None]
            gone += [digest for _, digest in oldest[: max(0, len(oldest) - most + 1)]]
            async with self._redis.pipeline(transaction=True) as pipe:
                if gone:
                    pipe.hdel(key, *gone)
                pipe.hset(key, _hash(token), WEB_ROW.encode(row))
                pipe.expire(key, seconds)
                await pipe.execute()
        return token


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _read(row: object) -> WebRow | None:
    """None where it cannot be read, or has ended."""
    try:
        kept = WEB_ROW.decode(cast(str, row or ""))
    except ValueError:
        return None
    return kept if kept.until > time.time() else None
