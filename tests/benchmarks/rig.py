"""One bridge between a fake gateway and a fake Telegram, each in a process of its own but the last, which drives."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

import msgspec
from redis.asyncio import Redis

from bridge.store import open_embedded
from tests.benchmarks.fake_gateway import MODEL, Record
from tests.benchmarks.fake_telegram import FakeTelegram
from tests.benchmarks.http_server import raise_file_limit
from tests.benchmarks.processes import Usage, embedded_store, total, usage
from tests.benchmarks.sinks import FIRST_PERSON, Sink

HERE = Path(__file__).parents[2]
"""The checkout that this file is in."""
START_SECONDS = 60.0
STOP_SECONDS = 30.0
_LAUNCHER = Path(__file__).with_name("launch.py")


@dataclass(frozen=True)
class Tree:
    """A checkout with a virtual environment of its own, made by `make .venv/installed-dev`."""

    path: Path = HERE

    @property
    def python(self) -> str:
        own = self.path / ".venv" / "bin" / "python"
        return os.fspath(own) if own.exists() else sys.executable


@dataclass(frozen=True)
class Snapshot:
    """The processes at one moment."""

    at: float
    bridge: Usage
    store: Usage
    gateway: Usage
    driver: Usage
    """The process of the sink."""


class Gateway:
    """The fake gateway's process. Used with ``async with``."""

    url = ""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.benchmarks.fake_gateway", cwd=HERE, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        self._port = int(await asyncio.wait_for(self._process.stdout.readline(), START_SECONDS))
        self.url = f"http://127.0.0.1:{self._port}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._process.terminate()
        await self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    async def records(self) -> list[Record]:
        """Every completion that was asked for since the start, in order."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**26)
        writer.write(b"GET /records HTTP/1.1\r\nHost: gateway\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
        writer.close()
        await writer.wait_closed()
        return msgspec.json.decode(body, type=list[Record])


class Rig:
    """Used with ``async with``: inside, the bridge listens and `people` of them are let in.

    `platform` is "telegram", "discord" or "feishu". `lifted` takes away the account's bound on writes a second on
    Telegram; `settings` are environment variables; `profile` is a file for cProfile's figures, written at the end.
    `processes` are started as `run --processes` starts them. What the bridge logs, and what `keep` is given,
    outlive it in the folder `logs`.
    """

    def __init__(
        self,
        people: int,
        *,
        platform: str = "telegram",
        tree: Tree | None = None,
        lifted: bool = True,
        profile: Path | None = None,
        lag: bool = True,
        settings: dict[str, str] | None = None,
        processes: int = 1,
        logs: Path | None = None,
    ) -> None:
        self.people = people
        self.ready_seconds = 0.0
        """From the start of the process to the moment when it listens."""
        self.sink = _sink(platform, people)
        self._tree = tree or Tree()
        self._extra = dict(settings or {})
        self._launched = {"BENCH_ACCOUNT_RATE": "lifted"} if lifted else {}
        if profile is not None:
            self._launched["BENCH_PROFILE"] = os.fspath(profile)
        self._with_lag = lag
        self._count = processes
        self._logs = logs
        self._processes: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> Self:
        raise_file_limit()
        async with AsyncExitStack() as stack:
            self.home = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True))
            )
            if self._with_lag:
                self._launched["BENCH_LAG"] = os.fspath(self.home)
            await stack.enter_async_context(self.sink)
            self.gateway = await stack.enter_async_context(Gateway())
            if self._count > 1:
                await stack.enter_async_context(open_embedded(self.home / "data"))
            stack.callback(self._keep_log)
            stack.push_async_callback(self.stop)
            await self._start()
            if self.people:
                await self._let_in()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    @property
    def pid(self) -> int:
        """Of the first process."""
        return self._processes[0].pid

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": os.fspath(self.home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.fspath(self._tree.path),
            "BRIDGE_DATA_DIR": os.fspath(self.home / "data"),
            "BRIDGE_GATEWAY_URL": self.gateway.url,
            "BRIDGE_MODEL": MODEL,
            **self.sink.environment(),
            **self._extra,
        }

    async def _start(self) -> None:
        plain = not self._launched
        # -P: the launcher's folder must not come before the tree's own packages.
        arguments = ["-m", "bridge", "run"] if plain else ["-P", os.fspath(_LAUNCHER), "run"]
        numbers = [["--number", str(number)] for number in range(1, self._count + 1)] if self._count > 1 else [[]]
        began = time.monotonic()
        for number in numbers:
            with (self.home / "log").open("ab") as log:
                self._processes.append(
                    await asyncio.create_subprocess_exec(
                        self._tree.python,
                        *arguments,
                        *number,
                        cwd=self.home,
                        env=self.environment() | self._launched,
                        stdin=asyncio.subprocess.PIPE if number else None,  # closed, it would tell them to stop
                        stdout=log,
                        stderr=log,
                    )
                )
        listening = asyncio.create_task(self.sink.connected())
        ended = asyncio.create_task(self._processes[0].wait())
        await asyncio.wait([listening, ended], timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        self.ready_seconds = time.monotonic() - began
        listens = listening.done() and not listening.exception()
        for task in (listening, ended):
            task.cancel()
        if not listens:
            raise RuntimeError(f"the bridge did not start: {self.log()[-2000:]}")
        self._store = embedded_store(self.home)

    async def _let_in(self) -> None:
        """Let one person in by the command line, and write the same rule for the others.

        A thousand commands would take minutes. The rule is copied as it lies in the store, whatever its form.
        """
        first, *others = (self.sink.subject(FIRST_PERSON + index) for index in range(self.people))
        process = await asyncio.create_subprocess_exec(
            self._tree.python, "-m", "bridge", "access", "allow", first,
            cwd=self.home, env=self.environment(), stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        if await process.wait():
            raise RuntimeError("nobody could be let in")
        async with self.redis() as redis, redis.pipeline(transaction=False) as pipe:
            async for key in redis.scan_iter(match="*", _type="HASH"):
                rows = cast(dict[str, str], await redis.hgetall(key))
                for name, row in rows.items():
                    if name.endswith(first):
                        for other in others:
                            pipe.hset(key, name.replace(first, other), row)
            await pipe.execute()

    def redis(self) -> Redis:
        """A client of the bridge's embedded store."""
        [socket] = [path for path in (self.home / "data").rglob("*") if path.is_socket()]
        return Redis(unix_socket_path=os.fspath(socket), decode_responses=True)

    def snapshot(self) -> Snapshot:
        return Snapshot(
            time.monotonic(),
            total(usage(process.pid) for process in self._processes),
            usage(self._store),
            usage(self.gateway.pid),
            usage(self.sink.pid),
        )

    def log(self) -> str:
        """What the bridge has printed and logged."""
        return (self.home / "log").read_text(errors="replace")

    def keep(self, name: str, text: str) -> None:
        """Write `text` into the folder of logs, if there is one, under `name` and what tells the runs apart."""
        if self._logs is not None:
            self._logs.mkdir(parents=True, exist_ok=True)
            (self._logs / f"{self.people}-{self.home.name}-{name}").write_text(text)

    def _keep_log(self) -> None:
        self.keep("log", self.log())

    async def stop(self) -> None:
        """As systemd does; killed where it does not end."""
        running = [process for process in self._processes if process.returncode is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()

    def lags(self, start: float, end: float) -> list[float]:
        """Milliseconds by which the bridge's loops were late in that time, every 20 ms; empty before it has stopped."""
        found = (json.loads(file.read_text()) for file in self.home.glob("lag-*"))
        return [lag for lags in found for at, lag in lags if start <= at <= end]


def _sink(platform: str, people: int) -> Sink:
    if platform == "telegram":
        return FakeTelegram()
    from tests.benchmarks.emulated import EmulatedPlatform  # it imports aiohttp and the emulators

    return EmulatedPlatform(platform, people)
