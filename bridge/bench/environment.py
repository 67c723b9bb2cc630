"""Where a measurement was made, as far as it matters and can be shown to anybody: no address, no name, no key."""

from __future__ import annotations

import os
import platform
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from bridge import __version__
from bridge.errors import OWN_GATEWAY, GatewayError
from bridge.gateway import Gateway, Gateways

_GENERATIONS = {
    "A": "Cherry Studio 1.6",
    "B": "Cherry Studio 1.7 to 1.9",
    "C": "Cherry Studio 2",
    "other": "another OpenAI-compatible server",
}
_HERE = {"127.0.0.1", "::1", "localhost"}


async def environment(gateways: Gateways) -> dict[str, str]:
    """Return what a reader needs to compare the figures with others, by name."""
    packages = ("httpx", "uvloop", "msgspec")
    return {
        "cherry-bridge": __version__,
        "gateway": "; ".join([await _kind_of(gateway) for gateway in gateways.all]),
        "Python": f"{platform.python_version()} ({', '.join(filter(None, map(_versioned, packages)))})",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "CPU": f"{os.cpu_count()} x {_cpu()}",
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


async def _kind_of(gateway: Gateway) -> str:
    try:
        kind = _GENERATIONS[await gateway.generation()]
    except GatewayError:
        kind = "unknown"
    host = urlsplit(gateway.url).hostname
    where = "by 127.0.0.1" if host in _HERE else "on another machine"
    if host is None:  # it has no address, as it runs in this process
        kind, where = OWN_GATEWAY, "inside"
    return f"{f'{gateway.id}: ' if gateway.id else ''}{kind}, {where}"


def _versioned(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:  # uvloop, on Windows
        return ""


def _cpu() -> str:
    """Return the processor's name; on Linux the standard library knows only the architecture."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            name, _, value = line.partition(":")
            if name.strip() in ("model name", "Model", "Hardware"):
                return " ".join(value.split())
    return platform.processor() or platform.machine()
