"""The demo gateway as something to open and close: a web server on a port of its own."""

from __future__ import annotations

from typing import Self

from aiohttp import web

from bridge.demo.app import application

KEEP_ALIVE = 60
"""Seconds that an idle connection stays open, as in v1.7 and later."""
GRACE = 0.2
"""Seconds that answers under way are given when the gateway closes."""


class DemoGateway:
    """Used with ``async with``. Entering raises OSError where the port is taken.

    With a `key`, requests are refused without it as Cherry Studio refuses them; with an empty one, any key will do, or
    none. `pace` multiplies every wait: 1 is the pace of a person's provider, 0 is as fast as the machine can.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, key: str = "", pace: float = 1.0) -> None:
        if pace < 0:
            raise ValueError("the pace is a factor: 0 or more")
        self._host = host
        self._port = port
        self._app = application(key=key, pace=pace)
        self._runner: web.AppRunner | None = None
        self.url = ""
        """Where it listens, once entered."""

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(
            self._app,
            access_log=None,
            # An answer nobody waits for any more must not be written to its end.
            handler_cancellation=True,
            keepalive_timeout=KEEP_ALIVE,
            shutdown_timeout=GRACE,
        )
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, self._host, self._port).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        port = self._runner.addresses[0][1]
        self.url = f"http://[{self._host}]:{port}" if ":" in self._host else f"http://{self._host}:{port}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
