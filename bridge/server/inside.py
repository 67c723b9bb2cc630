"""Our own gateway inside the bridge: the same process, the same loop, and no port unless one is asked for."""

from __future__ import annotations

import secrets
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from bridge.errors import OWN_GATEWAY, SettingsError
from bridge.gateway import Gateway
from bridge.server.provider import HttpProvider
from bridge.server.server import GatewayServer


class OwnGateway(Gateway):
    """A client of the gateway that it starts when it is entered. `options` are those of `Gateway`.

    With a `port` it answers other programs there, too. Entering raises SettingsError where `config` or the port cannot
    be used.
    """

    def __init__(self, config: Path, port: int | None = None, **options: Any) -> None:
        super().__init__("http://127.0.0.1", **options)
        self._config = config
        self._port = port
        self._stack = AsyncExitStack()
        self._server: GatewayServer | None = None
        self.recognise(OWN_GATEWAY)
        self.url = f"our own, with the providers of {config}"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            try:
                await self._start(stack)
            except OSError as error:
                if self._port is None:
                    raise
                why = error.strerror or str(error)
                raise SettingsError([f"BRIDGE_GATEWAY_PORT: {self._port} cannot be listened on: {why}"]) from None
            await super().__aenter__()
            self._stack = stack.pop_all()
        return self

    async def _start(self, stack: AsyncExitStack) -> None:
        if sys.platform == "win32":  # asyncio has no Unix sockets there
            key = secrets.token_urlsafe(32)
            server = GatewayServer(self._config, port=self._port or 0, key=key)
            self._server = await stack.enter_async_context(server)
            self._http.url, self._http.key = server.url, key
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="cherry-bridge-"))
            path = Path(folder) / "gateway.sock"
            server = GatewayServer(self._config, port=self._port, socket=path)
            self._server = await stack.enter_async_context(server)
            self._http.socket = str(path)

    async def __aexit__(self, *exc: object) -> None:
        await super().__aexit__(*exc)
        await self._stack.aclose()

    @property
    def providers(self) -> Sequence[str]:
        """The ids of its providers, once entered."""
        return list(self._server.registry.providers) if self._server is not None else []

    def errors(self) -> dict[str, str]:
        """Why the models of a provider could not be listed when they were read last, by the provider's id."""
        providers = self._server.registry.providers if self._server is not None else {}
        return {
            id: provider.list.error
            for id, provider in providers.items()
            if isinstance(provider, HttpProvider) and provider.list.error
        }
