"""A real store for every test that asks for one, and the tripwire: no test reaches beyond this machine."""

from __future__ import annotations

import ipaddress
import itertools
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog
from redis.asyncio import Redis

from bridge.inbox import Inbox
from bridge.store import Store, open_store
from bridge.store.embedded import embedded

_beyond: list[str] = []


def _tripwire(event: str, args: tuple[object, ...]) -> None:
    """Refuse what leaves for elsewhere, and remember it: the code that tried may swallow the refusal.

    Python reports every connection and look-up that goes through its own sockets, asyncio's included; a loop that
    opens sockets by itself (uvloop) and other processes are not seen.
    """
    match event, args:
        case (("socket.connect" | "socket.sendto" | "socket.sendmsg"), (socket.socket(family=family), address)):
            host = address[0] if isinstance(address, tuple) and family != getattr(socket, "AF_UNIX", None) else None
        case (("socket.getaddrinfo" | "socket.gethostbyname"), (host, *_)):
            pass
        case _:
            return
    if not _here(host):
        _beyond.append(f"{event} {host!r}")
        raise PermissionError(f"a test reached beyond loopback: {event} {host!r}")


def _here(host: object) -> bool:
    name = host.decode(errors="replace") if isinstance(host, bytes) else host
    if not isinstance(name, str) or name in ("", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


sys.addaudithook(_tripwire)


LONG_SECONDS = 180.0
"""A test that is given so many seconds takes most of a minute."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have each worker begin with its share of the long tests, so that none is left with them at the end."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    limits = [(item.get_closest_marker("timeout"), item) for item in items]
    long = [item for limit, item in limits if limit is not None and limit.args[0] >= LONG_SECONDS]
    others = iter([item for item in items if item not in long])
    ordered: list[pytest.Item] = []
    for number in range(workers):
        share = (number + 1) * len(items) // workers - number * len(items) // workers  # as xdist hands them out
        first = long[number::workers]
        ordered += [*first, *itertools.islice(others, share - len(first))]
    items[:] = [*ordered, *others]


@pytest.fixture(autouse=True)
def stays_here() -> Iterator[None]:
    _beyond.clear()
    yield
    assert not _beyond, f"reached beyond loopback: {_beyond}"


@pytest.fixture(autouse=True)
def logs_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command line sets up the logs of its process for good; here a process is many tests'."""
    root, configure = logging.getLogger(), structlog.configure
    handlers, level = root.handlers[:], root.level

    def configure_for_now(**how: Any) -> None:
        configure(**{**how, "cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", configure_for_now)
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def redis_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """One embedded server for all tests: its socket."""
    async with embedded(tmp_path_factory.mktemp("store")) as server:
        yield server


@pytest_asyncio.fixture
async def redis_url(redis_server: Path) -> str:
    """A Redis with nothing in it."""
    async with Redis(unix_socket_path=os.fspath(redis_server)) as redis:
        await redis.flushall()
    return f"unix://{redis_server}"


@pytest_asyncio.fixture
async def store(redis_url: str, tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(redis_url, tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def inbox(store: Store) -> AsyncIterator[Inbox]:
    opened = Inbox(store)
    yield opened
    await opened.close()
