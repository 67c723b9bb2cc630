"""The gateway as something to open and close."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from aiohttp import web

from bridge.errors import SettingsError
from bridge.server.app import Routes
from bridge.server.auth import Guard
from bridge.server.config import ServerConfig
from bridge.server.ledger import LEDGER_FILE_NAME, Ledger
from bridge.server.provider import LocalProvider
from bridge.server.registry import Registry
from bridge.server.upstream import Upstream

KEEP_ALIVE_SECONDS = 75.0
"""How long an idle connection of a client stays open."""
GRACE_SECONDS = 0.2
"""What answers under way are given when the gateway closes."""
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class GatewayServer:
    """Used with ``async with``. Entering raises SettingsError where the file cannot be used, OSError where the address
    cannot be.

    `config` is the path of `gateway.toml`; keys and usage are kept beside it. `local` are providers in this process.
    `host` and `port` go before those of the file. With `socket` it listens at that path of the file system, whose
    folder nobody else may enter, and on a port only where `port` is given. `key` is one more key, without limits.
    """

    def __init__(
        self,
        config: Path | None = None,
        *,
        local: Sequence[LocalProvider] = (),
        host: str = "",
        port: int | None = None,
        socket: Path | None = None,
        key: str = "",
    ) -> None:
        self._config = config
        self._local = local
        self._host = host
        self._port = port
        self._socket = socket
        self._key = key
        self._stack = AsyncExitStack()
        self.url = ""
        """Where it listens, once entered; empty where it has no port."""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            ledger = None
            if self._config is not None:
                ledger = Ledger(self._config.parent / LEDGER_FILE_NAME)
                stack.callback(ledger.close)
            self.registry = Registry(await stack.enter_async_context(Upstream()), self._config, self._local, ledger)
            self.registry.load()
            stack.push_async_callback(self.registry.close)
            server = self.registry.server
            host = self._host or server.host
            private = host in _LOOPBACK or not self._listens_on_port
            if not private and not self._key and not (ledger is not None and ledger.has_keys()):
                said = f"{host} can be reached by others: make a key first, with `cherry-bridge gateway key new NAME`"
                raise SettingsError([said])
            guard = Guard(ledger, key=self._key, private=private)
            await self._listen(stack, Routes(self.registry, guard, ledger).application(), host, server)
            watching = asyncio.create_task(self.registry.watch())
            stack.push_async_callback(_end, watching)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    @property
    def _listens_on_port(self) -> bool:
        return self._socket is None or self._port is not None

    async def _listen(self, stack: AsyncExitStack, app: web.Application, host: str, server: ServerConfig) -> None:
        runner = web.AppRunner(
            app,
            access_log=None,
            # An answer nobody waits for any more must not be written to its end, nor paid for.
            handler_cancellation=True,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            shutdown_timeout=GRACE_SECONDS,
        )
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        if self._socket is not None:
            await web.UnixSite(runner, self._socket).start()
        if not self._listens_on_port:
            return
        port = server.port if self._port is None else self._port
        await web.TCPSite(runner, host, port, backlog=1024).start()
        bound = next(address[1] for address in runner.addresses if isinstance(address, tuple))
        self.url = f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}"


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
