"""Our own gateway inside the bridge: the same process, the same loop, and no port unless one is asked for."""

from __future__ import annotations

import secrets
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from bridge.gateway import Gateway
from bridge.server.server import GatewayServer


class OwnGateway(Gateway):
    """A client of the gateway that it starts when it is entered. `options` are those of `Gateway`.

    Entering raises SettingsError where `config` cannot be used.
    """

    def __init__(self, config: Path, port: int | None = None, **options: Any) -> None:
        super().__init__("http://127.0.0.1", **options)
        self._config = config
        self._port = port
        self._stack = AsyncExitStack()
        self._http.name = ""
        self.url = f"our own, with the providers of {config}"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            if sys.platform == "win32":  # asyncio has no Unix sockets there
                key = secrets.token_urlsafe(32)
                server = await stack.enter_async_context(GatewayServer(self._config, port=self._port or 0, key=key))
                self._http.url, self._http.key = server.url, key
            else:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cherry-bridge-"))
                path = Path(folder) / "gateway.sock"
                await stack.enter_async_context(GatewayServer(self._config, port=self._port, socket=path))
                self._http.socket = str(path)
            await super().__aenter__()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await super().__aexit__(*exc)
        await self._stack.aclose()
