"""The files in the data folder that say on which port each process tells its health; a container's check reads them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def port_file_of(data_dir: Path, number: int) -> Path:
    """Return the file of the process `number`: the first of several has the name that a single one has."""
    return data_dir.expanduser() / (f"health-{number}.port" if number > 1 else "health.port")


def forget_ports(data_dir: Path) -> None:
    """Remove what processes 2, 3, ... of an earlier run have left behind."""
    for left in data_dir.expanduser().glob("health-*.port"):
        with suppress(OSError):
            left.unlink()
