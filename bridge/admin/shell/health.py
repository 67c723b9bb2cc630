"""`GET /healthz /readyz /metrics`, on loopback only, for the programs that supervise and monitor the process.

Processes side by side on one machine each take the next free port. Each writes its port to a file in its data folder,
where a container's health check finds it. Of several processes under one parent, the second takes the second port, and
writes it to ``health-2.port``: so each has the same port whenever it is started again.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aiohttp import web

from bridge import metrics
from bridge.admin.shell.ports import forget_ports, listen_on_loopback, port_file_of
from bridge.app import Bridge
from bridge.errors import GatewayError, SettingsError, StoreError
from bridge.gateway import Gateway
from bridge.settings import Settings

MAX_PORTS = 10
"""How many ports are tried: the one that is set, and those after it."""
GATEWAY_CHECK_SECONDS = 15.0
"""Seconds between two checks of a gateway."""
STORE_TIMEOUT_SECONDS = 3.0
"""For the store to answer."""

_started = time.time()


@asynccontextmanager
async def health(bridge: Bridge, settings: Settings, number: int = 0) -> AsyncIterator[int]:
    """Answer on the port that is yielded; `number` says which of several processes under one parent this is.

    Raises SettingsError where no port is free, or its file cannot be written.
    """
    listening = _bound(settings.health_port + max(number - 1, 0))
    port: int = listening.getsockname()[1]
    app = web.Application()
    app.router.add_get("/healthz", _alive)
    app.router.add_get("/readyz", _ready(bridge))
    app.router.add_get("/metrics", _metrics)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    if not number:
        forget_ports(settings.data_dir)
    port_file = port_file_of(settings.data_dir, number)
    try:
        await web.SockSite(runner, listening).start()
        _write(port_file, port)
        watching = asyncio.create_task(_watch(bridge))
        try:
            yield port
        finally:
            watching.cancel()
            await asyncio.wait([watching])
    finally:
        await runner.cleanup()
        listening.close()
        with suppress(OSError):
            port_file.unlink(missing_ok=True)


async def _alive(_request: web.Request) -> web.Response:
    """200 as long as the event loop runs. Nothing else is checked: a restart would not fix it."""
    return web.json_response({"alive": True})


def _ready(bridge: Bridge) -> Callable[[web.Request], Awaitable[web.Response]]:
    """200 where messages are received: the store answers and a channel is open. The gateway may be asleep meanwhile."""

    async def ready(_request: web.Request) -> web.Response:
        store, channels = await _answers(bridge), metrics.CHANNEL_UP.total() > 0
        up = {gateway.id: metrics.GATEWAY_UP.get(gateway.id) > 0 for gateway in bridge.gateways.all}
        state: dict[str, object] = {"store": store, "channels": channels, "gateway": any(up.values())}
        if bridge.gateways.are_several:
            state["gateways"] = up
        return web.json_response(state, status=200 if store and channels else 503)

    return ready


async def _metrics(_request: web.Request) -> web.Response:
    return web.Response(text=metrics.exposition() + _process(), headers={"Content-Type": metrics.TYPE})


async def _answers(bridge: Bridge) -> bool:
    try:
        async with asyncio.timeout(STORE_TIMEOUT_SECONDS):
            await bridge.store.heartbeats.beat()
    except (StoreError, TimeoutError):
        return False
    return True


async def _watch(bridge: Bridge) -> None:
    async with asyncio.TaskGroup() as watching:
        for gateway in bridge.gateways.all:
            watching.create_task(_ping(gateway))


async def _ping(gateway: Gateway) -> None:
    while True:
        try:
            await gateway.ping()
        except GatewayError:
            metrics.GATEWAY_UP.set(0, gateway.id)
        else:
            metrics.GATEWAY_UP.set(1, gateway.id)
        await asyncio.sleep(GATEWAY_CHECK_SECONDS)


def _process() -> str:
    """The metrics of a process that Prometheus's own clients export, under the same names; memory on Linux only."""
    lines = ["# TYPE process_start_time_seconds gauge", f"process_start_time_seconds {_started:.15g}"]
    lines += ["# TYPE process_cpu_seconds_total counter", f"process_cpu_seconds_total {time.process_time():.15g}"]
    with suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        size = pages * os.sysconf("SC_PAGE_SIZE")
        lines += ["# TYPE process_resident_memory_bytes gauge", f"process_resident_memory_bytes {size}"]
    return "\n".join([*lines, ""])


def _bound(first: int) -> socket.socket:
    ports = range(first, min(first + MAX_PORTS, 65_536))
    for port in ports:
        with suppress(OSError):
            return listen_on_loopback(port)
    raise SettingsError([f"BRIDGE_HEALTH_PORT: no port from {ports[0]} to {ports[-1]} is free on 127.0.0.1"])


def _write(port_file: Path, port: int) -> None:
    try:
        port_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        port_file.write_text(f"{port}\n")
    except OSError as error:
        raise SettingsError([f"BRIDGE_DATA_DIR: {port_file} cannot be written: {error.strerror}"]) from None
