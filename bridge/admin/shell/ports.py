"""Ports of this machine: taken on loopback, and told in the files that a container's check of health reads."""

from __future__ import annotations

import os
import socket
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


def listen_on_loopback(port: int) -> socket.socket:
    """Return a socket that listens on `port` of 127.0.0.1. Raises OSError."""
    listening = socket.socket()
    if os.name == "posix":  # elsewhere it would let two processes have one port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen()
    except OSError:
        listening.close()
        raise
    return listening
