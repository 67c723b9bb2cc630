"""Start the bridge with what only a benchmark may do. Run as a script, by the interpreter of the tree that is measured.

`BENCH_ACCOUNT_RATE=lifted` takes away the account's bound on writes a second, which would hide everything else;
`BENCH_LAG=DIR` notes every 20 ms how late the event loop is, in a file of each process there, as JSON pairs of the
time (CLOCK_MONOTONIC, seconds) and the lag in milliseconds; `BENCH_PROFILE=FILE`
runs under cProfile. It ends with a KeyError or AttributeError where the tree has no such constant any more: a figure
measured under the bound by mistake would be worse than none.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import os
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

LOOK_EVERY = 0.02


def lift_account_rate() -> None:
    import channels.telegram.adapter as adapter

    names: dict[str, Any] = vars(adapter)
    if "WRITES_PER_SECOND" not in names:
        raise AttributeError("channels.telegram.adapter has no WRITES_PER_SECOND; adapt tests/benchmarks/launch.py")
    names["WRITES_PER_SECOND"] = None


def watch_lag(file: Path) -> None:
    """Have uvloop.run, by which the bridge starts, sample the loop's lag beside what it runs."""
    import uvloop

    run: Callable[..., Any] = uvloop.run

    def write(lags: list[tuple[float, float]]) -> None:
        file.write_text(json.dumps(lags))

    async def watched(command: Coroutine[Any, Any, Any]) -> Any:
        lags: list[tuple[float, float]] = []
        loop = asyncio.get_running_loop()

        def look(due: float) -> None:
            now = time.monotonic()
            lags.append((round(now, 2), round((now - due) * 1000, 1)))
            loop.call_later(LOOK_EVERY, look, now + LOOK_EVERY)

        look(time.monotonic())
        try:
            return await command
        finally:
            write(lags)

    names: dict[str, Any] = vars(uvloop)
    names["run"] = lambda command: run(watched(command))


def main() -> int:
    from bridge.__main__ import main as bridge

    if os.environ.pop("BENCH_ACCOUNT_RATE", "") == "lifted":
        lift_account_rate()
    if lag := os.environ.pop("BENCH_LAG", ""):
        watch_lag(Path(lag) / f"lag-{os.getpid()}")
    if not (profile := os.environ.pop("BENCH_PROFILE", "")):
        return bridge()
    profiler = cProfile.Profile()
    try:
        return profiler.runcall(bridge)
    finally:
        profiler.dump_stats(profile)


if __name__ == "__main__":
    sys.exit(main())
