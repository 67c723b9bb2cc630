"""The store: whether it can be used, whether it keeps what it is given, and how far away it is."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import ConnectionPool, Redis
from redis.exceptions import RedisError

from bridge.diagnostics import Diagnostic
from bridge.errors import StoreError
from bridge.settings import Settings
from bridge.store import RedisQuirks, RedisUrl, open_store, translate_redis_errors
from bridge.words.shell import DoctorWords

AREA = "store"
MIN_FREE_MEGABYTES = 100
"""Less free space on the disk of the data folder is soon too little."""
SLOW_SECONDS = 0.05
"""A round trip to Redis that takes longer is reported; each message takes some twenty of them."""
PINGS = 5
CONNECT_SECONDS = 5.0
"""The longest wait for a connection, and for its first answer."""


async def store(
    settings: Settings, env_file: Path, words: DoctorWords, alone: asyncio.Future[bool]
) -> AsyncIterator[Diagnostic]:
    """Check the store, and by it whether the bridge runs with what `env_file` says now. Sets `alone` to whether no
    bridge is running on it."""
    url = settings.redis_url.get_secret_value()
    try:
        data = await asyncio.to_thread(_data_dir, settings.data_dir, words)
        yield data
        if data.severity == "wrong" and not url:
            return
        if url:
            await _greet(url)
        async with open_store(url, settings.data_dir) as opened:
            about: dict[str, Any] = {}
            for section in ("server", "memory", "persistence", "replication"):
                about |= await _info(opened.redis, section)
            away = min([await opened.ping() for _ in range(PINGS)])
            fine = words.store_fine if url else words.store_embedded
            version = about.get("valkey_version") or about.get("redis_version", "?")
            server = "Valkey" if "valkey_version" in about else "Redis"
            yield fine.found("ok", AREA, server=server, version=version, milliseconds=away * 1000)
            if about.get("role") == "slave":
                yield words.store_replica.found("wrong", AREA)
                return
            for diagnostic in _weaknesses(about, await _setting(opened.redis, "save"), words):
                yield diagnostic
            if away > SLOW_SECONDS:
                yield words.store_slow.found("note", AREA, milliseconds=away * 1000)
            for model, quirks in (await RedisQuirks(opened.redis).all()).items():
                yield words.models_learned.found("note", "models", model=model, quirks=", ".join(sorted(quirks)))
            alone.set_result(await opened.heartbeats.beat() == 1)
            if _is_newer(env_file, [state.started for state in await opened.channel_states.all() if state.started]):
                yield words.settings_newer.found("note", "settings")
    except StoreError as error:
        refused = words.store_refused if url else words.store_embedded_refused
        yield refused.found("wrong", AREA, why=_sentence(str(error)))
    finally:
        if not alone.done():
            alone.set_result(True)


def _is_newer(env_file: Path, started: Sequence[float]) -> bool:
    """Whether the file was changed after one of the processes that run had started."""
    return bool(started) and env_file.is_file() and env_file.stat().st_mtime > min(started)


async def _greet(url: str) -> None:
    """Raise StoreError at once where a single server cannot be had.

    The store's own client tries again and again.
    """
    at = RedisUrl.parse(url)
    if at.kind != "single":
        return
    async with translate_redis_errors():
        pool = ConnectionPool.from_url(
            at.url, retry=None, protocol=2, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS
        )
        async with Redis.from_pool(pool) as redis:
            await redis.ping()


def _data_dir(path: Path, words: DoctorWords) -> Diagnostic:
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            free = shutil.disk_usage(path).free // 1_000_000
    except OSError as error:
        return words.data_refused.found("wrong", "data", path=path, why=error.strerror)
    if free < MIN_FREE_MEGABYTES:
        return words.data_full.found("wrong", "data", path=path, megabytes=free)
    return words.data_fine.found("ok", "data", path=path)


def _weaknesses(about: dict[str, Any], snapshots: str | None, words: DoctorWords) -> Iterator[Diagnostic]:
    failing = [about.get(name, "ok") for name in ("aof_last_write_status", "rdb_last_bgsave_status")]
    if any(status != "ok" for status in failing):
        yield words.store_unwritten.found("wrong", AREA)
    if about.get("aof_enabled") == 0:
        if snapshots == "":
            yield words.store_forgets.found("wrong", AREA)
        else:
            yield words.store_snapshots.found("note", AREA)
    policy = about.get("maxmemory_policy", "noeviction")
    if policy != "noeviction" and about.get("maxmemory"):
        yield words.store_evicts.found("wrong", AREA, policy=policy)


async def _info(redis: Redis, section: str) -> dict[str, Any]:
    """Return a section of INFO; of a cluster, one node's. Empty where the server forbids the command."""
    try:
        info = await redis.info(section)
    except RedisError:
        return {}
    nodes = [value for value in info.values() if isinstance(value, dict) and len(value) > 3]
    return dict(nodes[0]) if nodes and len(nodes) == len(info) else dict(info)


async def _setting(redis: Redis, name: str) -> str | None:
    """Return a setting of the server; None where it forbids the command, as hosted Redis does."""
    try:
        found = await redis.config_get(name)
    except RedisError:
        return None
    value = found.get(name)
    return value if isinstance(value, str) else None


def _sentence(text: str) -> str:
    return text if text.endswith((".", "。")) else f"{text}."
