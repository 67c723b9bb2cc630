"""`cherry-bridge run --processes N`: N equal processes under one parent, which answers nothing itself.

The parent has the embedded store open for as long as it runs, starts the others, starts again whichever ends, and
stops all of them when it is stopped. Each holds the reading end of a pipe whose other end the parent has: should the
parent die, they find the pipe closed and stop by themselves.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import structlog

import bridge
from bridge import __version__
from bridge.admin.shell.ports import forget_ports
from bridge.errors import BridgeError, SettingsError
from bridge.settings import Settings
from bridge.store import open_embedded

log = structlog.get_logger(__name__)

HEALTHY_SECONDS = 10.0
"""Seconds after which a process has started well: its end counts as an accident, not as a failure to start."""
FIRST_PAUSE_SECONDS = 1.0
"""Before a process is started again; doubled with each failure to start."""
MAX_FAILED_STARTS = 5
"""In a row, of one process. Then no restart mends it."""
STOP_SECONDS = 30.0
"""For a process to stop: its answers get 5 s, the rest is closing connections. After that it is killed."""
SETTINGS_STATUS = 2
"""The exit status for settings that cannot be used."""


class CrashLoop(BridgeError):
    """A process ends again and again before it has come up."""


async def supervise(settings: Settings, count: int) -> int:
    """Run `count` processes until SIGINT, SIGTERM or SIGHUP.

    Returns 0 once all have stopped, or their status where they cannot use their settings. Raises CrashLoop, StoreError.
    """
    if sys.platform == "win32":
        raise SettingsError(
            ["--processes: on Windows run `cherry-bridge run` several times, with one BRIDGE_REDIS_URL"]
        )
    async with AsyncExitStack() as stack:
        if not settings.redis_url.get_secret_value():
            await stack.enter_async_context(open_embedded(settings.data_dir))
        forget_ports(settings.data_dir)
        print(f"cherry-bridge {__version__}: {count} processes", flush=True)
        return await _supervise([_Process(number) for number in range(1, count + 1)])


async def _supervise(processes: list[_Process]) -> int:
    keeping = [asyncio.create_task(process.keep()) for process in processes]
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    stops = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handled = [stop for stop in stops if signal.getsignal(stop) is not signal.SIG_IGN]  # which `nohup` asks for
    for stop in handled:
        loop.add_signal_handler(stop, stopping.set)
    asked = asyncio.create_task(stopping.wait())
    try:
        done, _ = await asyncio.wait([asked, *keeping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (asked, *keeping):
            task.cancel()
        await asyncio.wait([asked, *keeping])
        await asyncio.gather(*(process.stop() for process in processes))
        for stop in handled:
            loop.remove_signal_handler(stop)
    for task in keeping:
        if task in done:
            return task.result()
    with suppress(OSError):  # the terminal may have gone before us
        print("stopped", flush=True)
    return 0


class _Process:
    """One of the processes, started again whenever it ends."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._running: asyncio.subprocess.Process | None = None

    async def keep(self) -> int:
        """Keep it running. Returns the status with which it says that it cannot use its settings. Raises CrashLoop."""
        failed = 0
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            status = await self._run()
            if status == SETTINGS_STATUS:
                return status
            failed = failed + 1 if loop.time() - began < HEALTHY_SECONDS else 0
            if failed == MAX_FAILED_STARTS:
                raise CrashLoop(
                    f"process {self._number} ended {failed} times within {HEALTHY_SECONDS:g} seconds of its start, "
                    f"the last time {_ending(status)}; what it wrote before says why"
                )
            pause = FIRST_PAUSE_SECONDS * 2 ** max(failed - 1, 0)
            log.warning("process ended", number=self._number, how=_ending(status), again_in=pause)
            await asyncio.sleep(pause)

    async def stop(self) -> None:
        """Ask it to stop, and kill it where it does not within `STOP_SECONDS`."""
        if (running := self._running) is None:
            return
        with suppress(ProcessLookupError):
            running.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await running.wait()
        except TimeoutError:
            log.error("process does not stop, and is killed", number=self._number)
            with suppress(ProcessLookupError):
                running.kill()
            await running.wait()

    async def _run(self) -> int:
        """Start it, and wait until it ends. Returns its status; minus the signal where one ended it."""
        self._running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "bridge", "run", "--number", str(self._number)),
            stdin=asyncio.subprocess.PIPE,  # never written to: it is how the process learns that we are gone
            env=os.environ | {"PYTHONPATH": _search_path()},
            start_new_session=True,  # a Ctrl-C in our terminal is for us, and we pass it on
        )
        log.info("process started", number=self._number, pid=self._running.pid)
        status = await self._running.wait()
        self._running = None
        return status


def _search_path() -> str:
    """Return a PYTHONPATH by which a process finds this very package; with ``-P`` nothing goes before it."""
    home = str(Path(bridge.__file__).parents[1])
    return os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))


def _ending(status: int) -> str:
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
