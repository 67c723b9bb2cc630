"""Real Valkey servers to be killed, frozen and filled up: one alone, three masters of a cluster, a sentinel's two."""

from __future__ import annotations

import asyncio
import resource
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Self, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bridge.store.embedded import _binary
from tests.benchmarks.processes import usage
from tests.faults.plan import Topology
from tests.store.servers import free_ports

UP_SECONDS = 30.0
UNLIMITED = resource.RLIM_INFINITY
SERVICE = "cherry"


class Server:
    """One server, on a port that it keeps. Every write is in its file before it is answered."""

    def __init__(self, home: Path, port: int, *options: str) -> None:
        self.port = port
        self._home = home
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self, *more: str) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        usual = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]
        # What Python ignores of signals is ignored by the server too: with a full disk it gets an error, not SIGXFSZ.
        self._process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
            [_binary(), *usual, *self._options, *more],
            cwd=self._home,
            stdout=(self._home / "log").open("ab"),
            restore_signals=False,
        )
        await self.until(self.answers, "the store")

    async def until(self, look: Callable[[], Any], what: str) -> None:
        end = time.monotonic() + UP_SECONDS
        while not await look():
            assert time.monotonic() < end, f"waited in vain for {what}"
            await asyncio.sleep(0.05)

    def client(self) -> Redis:
        return Redis(port=self.port, decode_responses=True, socket_timeout=2.0, protocol=2, retry=Retry(NoBackoff(), 0))

    async def call(self, *command: str | int) -> Any:
        async with self.client() as redis:
            return await cast(Any, redis).execute_command(*command)

    async def answers(self) -> bool:
        with suppress(RedisError, OSError):
            return bool(await self.call("PING"))
        return False

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def limit_file(self, more: int | None) -> None:
        """Let its files grow by `more` bytes at most, as on a disk that is full; None lifts the limit."""
        files = [path.stat().st_size for path in self._home.rglob("*") if path.is_file()]
        soft = UNLIMITED if more is None else max(files, default=0) + more
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (soft, UNLIMITED))


class FaultyStore:
    """Used with ``async with``. What goes wrong lasts until the call returns."""

    topology: Topology

    def __init__(self, home: Path) -> None:
        self._home = home
        self.servers: list[Server] = []
        self._next = 0

    async def __aenter__(self) -> Self:
        self.servers = [Server(self._home / "store0", free_ports(1)[0])]
        await self.servers[0].start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        for server in self.servers:
            server.kill()

    @property
    def port(self) -> int:
        """Where a proxy leads."""
        return self.servers[0].port

    def url(self, port: int) -> str:
        """What the bridge is given; `port` is a proxy's."""
        return f"redis://127.0.0.1:{port}"

    @property
    def masters(self) -> list[Server]:
        return self.servers

    @property
    def memory(self) -> float:
        """Resident, in MB, of all servers."""
        total = 0.0
        for server in self.servers:
            with suppress(OSError):
                total += usage(server.pid).memory
        return total

    async def keys(self) -> Counter[str]:
        """How many keys there are, by kind: the last part of a name. Raises RedisError."""
        found: Counter[str] = Counter()
        for server in self.masters:
            async with server.client() as redis:
                async for name in redis.scan_iter(count=1000):
                    found[_kind(str(name))] += 1
        return found

    def _victim(self) -> Server:
        """Each master in turn."""
        self._next += 1
        return self.masters[self._next % len(self.masters)]

    async def killed(self, seconds: float) -> None:
        victim = self._victim()
        victim.kill()
        try:
            await asyncio.sleep(seconds)
        finally:
            await victim.start()

    async def frozen(self, seconds: float) -> None:
        victim = self._victim()
        victim.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            victim.signal(signal.SIGCONT)

    async def configured(self, seconds: float, name: str, value: str, usual: str) -> None:
        victim = self._victim()
        await victim.call("CONFIG", "SET", name, value)
        try:
            await asyncio.sleep(seconds)
        finally:
            await victim.call("CONFIG", "SET", name, usual)

    async def out_of_memory(self, seconds: float) -> None:
        await self.configured(seconds, "maxmemory", "1", "0")

    async def read_only(self, seconds: float) -> None:
        """As it is for who asks for a replica that is in step, and has none."""
        await self.configured(seconds, "min-replicas-to-write", "1", "0")

    async def disk_full(self, seconds: float) -> None:
        """A write in the middle of which the disk is full, and none after it."""
        victim = self._victim()
        victim.limit_file(500)
        try:
            await asyncio.sleep(seconds)
        finally:
            victim.limit_file(None)

    async def failed_over(self, seconds: float) -> None:
        raise NotImplementedError(f"there is nothing that a {self.topology} could fail over to")


class SingleStore(FaultyStore):
    topology = "single"


class ClusterStore(FaultyStore):
    """Three masters, each with a third of the slots."""

    topology = "cluster"

    async def __aenter__(self) -> Self:
        ports = free_ports(6)
        for number in range(3):
            options = ["--cluster-enabled", "yes", "--cluster-port", str(ports[3 + number])]
            options += ["--cluster-announce-ip", "127.0.0.1", "--cluster-node-timeout", "2000"]
            self.servers.append(Server(self._home / f"store{number}", ports[number], *options))
        await asyncio.gather(*(server.start() for server in self.servers))
        for number, server in enumerate(self.servers):
            first, last = number * 16384 // 3, (number + 1) * 16384 // 3 - 1
            await server.call("CLUSTER", "ADDSLOTSRANGE", first, last)
            await server.call("CLUSTER", "MEET", "127.0.0.1", self.servers[0].port, ports[3])
        for server in self.servers:
            await server.until(partial(_joined, server), "the cluster")
        return self

    def url(self, port: int) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{server.port}" for server in self.servers)


async def _joined(server: Server) -> bool:
    info = str(await server.call("CLUSTER", "INFO"))
    return "cluster_state:ok" in info and "cluster_known_nodes:3" in info


class SentinelStore(FaultyStore):
    """A master with one replica, and a sentinel that watches both."""

    topology = "sentinel"

    async def __aenter__(self) -> Self:
        master, replica, watching = free_ports(3)
        self.servers = [Server(self._home / "store0", master), Server(self._home / "store1", replica)]
        await self.servers[0].start()
        await self.servers[1].start("--replicaof", "127.0.0.1", str(master))
        await self.servers[1].until(self._in_step, "the replica")
        file = self._home / "sentinel.conf"
        file.write_text(
            f"sentinel monitor {SERVICE} 127.0.0.1 {master} 1\n"
            f"sentinel down-after-milliseconds {SERVICE} 1000\n"
            f"sentinel failover-timeout {SERVICE} 5000\n"
        )
        self._sentinel = _Sentinel(self._home / "sentinel", watching, str(file))
        await self._sentinel.start()
        await self._sentinel.until(self._sees_the_replica, "the sentinel to see the replica")
        self._master = 0
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._sentinel.kill()
        await super().__aexit__(*exc)

    def url(self, port: int) -> str:
        return f"redis+sentinel://127.0.0.1:{self._sentinel.port}/{SERVICE}"

    @property
    def masters(self) -> list[Server]:
        return [self.servers[self._master]]

    async def failed_over(self, seconds: float) -> None:
        """The master is killed; the replica takes its place, and gets the dead one as its replica after `seconds`."""
        old = self._master
        self.servers[old].kill()
        try:
            await self._sentinel.until(lambda: self._is_master(1 - old), "the failover")
            self._master = 1 - old
            await asyncio.sleep(seconds)
        finally:
            await self.servers[old].start("--replicaof", "127.0.0.1", str(self.servers[1 - old].port))
            await self.servers[old].until(self._in_step, "the replica")

    async def _is_master(self, number: int) -> bool:
        found = await self._sentinel.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        if int(found[1]) != self.servers[number].port:
            return False
        return str((await self.servers[number].call("ROLE"))[0]) == "master"

    async def _in_step(self) -> bool:
        roles = [await server.call("ROLE") for server in self.servers if await server.answers()]
        return any(role[0] == "slave" and role[3] == "connected" for role in roles)

    async def _sees_the_replica(self) -> bool:
        return bool(await self._sentinel.call("SENTINEL", "REPLICAS", SERVICE))


class _Sentinel(Server):
    def __init__(self, home: Path, port: int, config: str) -> None:
        super().__init__(home, port)
        self._config = config

    async def start(self, *more: str) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
            [_binary(), self._config, "--sentinel", "--port", str(self.port), "--bind", "127.0.0.1"],
            cwd=self._home,
            stdout=(self._home / "log").open("ab"),
        )
        await self.until(self.answers, "the sentinel")


STORES: dict[Topology, type[FaultyStore]] = {
    "single": SingleStore,
    "cluster": ClusterStore,
    "sentinel": SentinelStore,
}


def _kind(name: str) -> str:
    """``history`` of ``cherry:{telegram:1}:history``, ``lease`` of ``cherry:lease:listen``."""
    parts = name.split(":")
    return name.rpartition("}:")[2] if parts[1].startswith("{") else parts[1]
