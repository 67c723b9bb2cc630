"""From a URL to a client of whatever Redis it names: one server, a sentinel's master, or a cluster.

The same commands then work on all of them: no command here or elsewhere touches keys of two slots.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, cast
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import structlog
from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster, Sentinel
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import NoPermissionError

from bridge.errors import StoreError
from bridge.store.errors import translate_redis_errors

log = structlog.get_logger(__name__)

MAX_CONNECTIONS = 256
"""To one server, opened when needed; calls beyond that wait their turn. Each stream that is read for news occupies one.
Where the event loop is late by half a second, 64 let through no more than a hundred calls a second."""
POOL_WAIT = 60.0
"""Seconds that a call waits its turn."""
MIN_REDIS_VERSION = (6, 2)
"""The first Redis with XAUTOCLAIM."""

_SCHEMES = re.compile(r"(redis|rediss)(?:\+(sentinel|cluster))?|unix")
_PORTS = {"single": 6379, "cluster": 6379, "sentinel": 26379}


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """A Redis URL, taken apart.

    ``redis://``, ``rediss://`` (TLS) and ``unix://`` as redis-py reads them;
    ``redis+sentinel://[user:password@]host[:port],.../service[/db][?sentinel_password=...]``;
    ``redis+cluster://[user:password@]host[:port],...``; with ``rediss+`` for TLS.
    """

    kind: Literal["single", "sentinel", "cluster"]
    url: str = field(repr=False)
    tls: bool = False
    hosts: tuple[tuple[str, int], ...] = ()
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    service: str = ""
    database: int = 0
    sentinel: dict[str, str] = field(default_factory=dict, repr=False)
    """What the sentinels themselves ask for: ``username``, ``password``."""
    shown: str = ""
    """The URL for people: without user, password and query."""

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises StoreError with a sentence that does not repeat a secret."""
        try:
            return cls._parse(url.strip())
        except ValueError as error:
            # urlsplit's own messages quote the address, which may hold a password.
            told = str(error) if isinstance(error, _Unusable) else "it cannot be read as a URL"
            raise StoreError(f"BRIDGE_REDIS_URL cannot be used: {told}") from None

    @classmethod
    def _parse(cls, url: str) -> Self:
        parts = urlsplit(url)
        scheme = _SCHEMES.fullmatch(parts.scheme)
        if scheme is None:
            raise _Unusable("it begins with redis://, rediss://, unix://, redis+sentinel:// or redis+cluster://")
        kind = cast(Literal["single", "sentinel", "cluster"], scheme[2] or "single")
        userinfo, _, places = parts.netloc.rpartition("@")
        shown = f"{parts.scheme}://{places}{parts.path}"
        if parts.scheme == "unix":
            if not parts.path:
                raise _Unusable("unix:// is followed by the path of a socket, as in unix:///run/redis.sock")
            return cls(kind, url, shown=shown)
        hosts = tuple(_host(place, _PORTS[kind]) for place in places.split(",") if place)
        if not hosts:
            raise _Unusable("it names no host")
        username, _, password = userinfo.partition(":")
        service, database = _path(parts, kind)
        query = parse_qs(parts.query)
        return cls(
            kind,
            url,
            tls=scheme[1] == "rediss",
            hosts=hosts,
            username=unquote(username) or None,
            password=unquote(password) or None,
            service=service,
            database=database,
            sentinel={
                name: query[f"sentinel_{name}"][0] for name in ("username", "password") if f"sentinel_{name}" in query
            },
            shown=shown,
        )


class _Unusable(ValueError):
    """Says why, without a secret."""


def _host(place: str, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{place}")
    if not parts.hostname:
        raise _Unusable("a host is missing between two commas or before a colon")
    return parts.hostname, parts.port or port


def _path(parts: SplitResult, kind: str) -> tuple[str, int]:
    """The service and the number of the database."""
    names = [unquote(name) for name in parts.path.split("/") if name]
    service = ""
    if kind == "sentinel":
        if not names:
            raise _Unusable("the name of the service is missing, as in redis+sentinel://host:26379/mymaster")
        service = names.pop(0)
    if kind == "cluster" and names not in ([], ["0"]):
        raise _Unusable("a cluster has only database 0")
    if len(names) > 1 or not all(name.isdecimal() for name in names):
        raise _Unusable("what follows the last slash is the number of a database")
    return service, int(names[0]) if names else 0


def _common() -> dict[str, Any]:
    return {
        "decode_responses": True,
        "encoding_errors": "replace",  # half a surrogate pair, which is no character, becomes a question mark
        "protocol": 2,  # one shape of answers from every server, and nothing pushed in between
        "socket_timeout": 5.0,
        "socket_connect_timeout": 5.0,
        "retry": Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries=3),
        "client_name": "cherry-bridge",
    }


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Redis]:
    """A client of the Redis at `url`. Raises StoreError where it cannot be reached or cannot be used."""
    at = RedisUrl.parse(url)
    async with _CLIENTS[at.kind](at) as redis:
        await _check(redis, at.shown)
        yield redis


@asynccontextmanager
async def connected_to(socket: Path) -> AsyncIterator[Redis]:
    """A client of the server that listens at `socket`."""
    pool = BlockingConnectionPool(MAX_CONNECTIONS, POOL_WAIT, UnixDomainSocketConnection, path=str(socket), **_common())
    async with Redis.from_pool(pool) as redis:
        await _check(redis, "the embedded server")
        yield redis


@asynccontextmanager
async def _single(at: RedisUrl) -> AsyncIterator[Redis]:
    try:
        pool = BlockingConnectionPool.from_url(at.url, max_connections=MAX_CONNECTIONS, timeout=POOL_WAIT, **_common())
        pool.make_connection()  # type: ignore[no-untyped-call]  # not connected yet: it only reads the settings
    except (ValueError, TypeError):
        raise StoreError("BRIDGE_REDIS_URL cannot be used: what follows its question mark is not understood") from None
    async with Redis.from_pool(pool) as redis:
        yield redis


@asynccontextmanager
async def _sentinel(at: RedisUrl) -> AsyncIterator[Redis]:
    tls: dict[str, Any] = {"ssl": True} if at.tls else {}
    asking = {**_common(), "socket_connect_timeout": 2.0, "retry": Retry(NoBackoff(), 0), **tls, **at.sentinel}
    sentinel = Sentinel(list(at.hosts), sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
    master: Redis = sentinel.master_for(
        at.service,
        redis_class=Redis,
        username=at.username,
        password=at.password,
        db=at.database,
        max_connections=10 * MAX_CONNECTIONS,  # this pool does not wait; it refuses
        **tls,
        **_common(),
    )
    try:
        async with master:
            yield master
    finally:
        for each in sentinel.sentinels:
            await each.aclose()


@asynccontextmanager
async def _cluster(at: RedisUrl) -> AsyncIterator[Redis]:
    cluster = RedisCluster(
        startup_nodes=[ClusterNode(host, port) for host, port in at.hosts],
        username=at.username,
        password=at.password,
        ssl=at.tls,
        max_connections=10 * MAX_CONNECTIONS,
        **_common(),
    )
    try:
        # It is made ready by the first command; its commands are those of Redis, as far as the store uses them.
        yield cast(Redis, cluster)
    finally:
        await cluster.aclose()


_CLIENTS = {"single": _single, "sentinel": _sentinel, "cluster": _cluster}


async def _check(redis: Redis, shown: str) -> None:
    """Fail now, and clearly, if this Redis cannot be used; warn if it may lose what it is given."""
    try:
        async with translate_redis_errors():
            await redis.ping()
            try:
                server, memory = _one(await redis.info("server")), _one(await redis.info("memory"))
            except NoPermissionError:
                return
    except StoreError as error:
        raise StoreError(f"{error} ({shown})") from None
    version = str(server.get("redis_version", ""))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers and numbers < MIN_REDIS_VERSION:
        raise StoreError(f"Redis {version} is too old; the bridge needs 6.2 or newer ({shown})")
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction" and memory.get("maxmemory"):
        log.warning("Redis may drop what is waiting; set maxmemory-policy to noeviction", policy=policy)


def _one(info: dict[str, Any]) -> dict[str, Any]:
    """Of a cluster's answer, by node, that of one node."""
    nested = next((value for value in info.values() if isinstance(value, dict)), None)
    return nested if nested is not None and "redis_version" not in info and "maxmemory" not in info else info
