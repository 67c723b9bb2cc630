"""Valkey servers of other kinds than the embedded one, on ports of loopback."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from bridge.store.embedded import _binary
from tests.store.parts import PATIENCE


@contextmanager
def valkey(home: Path, *options: str, config: str = "", password: str | None = None) -> Iterator[int]:
    """A server with these options; gives its port. With `config`, that is its file's content, after the port."""
    for _ in range(5):  # somebody may be quicker to take a port that was free
        port, bus = free_ports(2)
        args = ["--port", str(port), "--bind", "127.0.0.1", "--cluster-port", str(bus), "--save", "", *options]
        if config:
            file = home / f"{port}.conf"
            file.write_text(f"port {port}\nbind 127.0.0.1\n{config}\n")
            args = [str(file), *options]
        process = subprocess.Popen([_binary(), *args], cwd=home, stdout=subprocess.DEVNULL)
        try:
            if _up(process, port, password):
                yield port
                return
        finally:
            process.kill()
            process.wait()
    raise AssertionError("no server started")


def free_ports(count: int) -> list[int]:
    """Ports that nobody has now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _up(process: subprocess.Popen[bytes], port: int, password: str | None) -> bool:
    give_up = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < give_up:
        try:
            with Redis(host="127.0.0.1", port=port, password=password, retry=Retry(NoBackoff(), 0)) as redis:
                return bool(redis.ping())
        except RedisError:
            time.sleep(0.02)
    return False
