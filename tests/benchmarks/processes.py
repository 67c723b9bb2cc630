"""What the system knows of a process: CPU time, memory, how often it was woken."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    cpu: float
    """Seconds of user and system time, in steps of 10 ms."""
    memory: float
    """Resident, in MB."""
    wakes: int
    """Times that a thread of it went to sleep, and so was woken."""


def usage(pid: int) -> Usage:
    """Raises OSError where the process has ended."""
    folder = Path("/proc") / str(pid)
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    threads = (task / "status" for task in (folder / "task").iterdir())
    return Usage(
        (int(fields[11]) + int(fields[12])) / _TICKS,
        int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20,
        sum(_number(thread, "voluntary_ctxt_switches:") for thread in threads),
    )


def total(usages: Iterable[Usage]) -> Usage:
    """Return what several processes take together."""
    each = list(usages)
    return Usage(sum(one.cpu for one in each), sum(one.memory for one in each), sum(one.wakes for one in each))


def _number(status: Path, name: str) -> int:
    lines = status.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def embedded_store(home: Path) -> int:
    """The process id of the embedded server of a bridge that lives in `home`. Raises LookupError."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue  # it has just ended
        if b"valkey-server" in command and os.fsencode(home) in command:
            return int(folder.name)
    raise LookupError(f"no embedded store in {home}")
