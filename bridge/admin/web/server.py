"""Serve the page on loopback, and say in the store where it is."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress

import structlog
from aiohttp import web

from bridge.access import WebSessions
from bridge.admin.shell.ports import listen_on_loopback
from bridge.admin.web import (
    chats,
    chosen,
    connections,
    entry,
    names,
    now,
    people,
    prompts,
    provider,
    providers,
    read,
    settings,
    setup,
    usage,
)
from bridge.admin.web.guard import MAX_FORM_BYTES, Guard
from bridge.admin.web.site import SITE, STARTED, Site
from bridge.admin.web.variables import written
from bridge.errors import SettingsError, StoreError

log = structlog.get_logger(__name__)

MODULES = (entry, now, people, chats, chosen, usage, setup, connections, settings, names, prompts, providers, provider)
"""Those that have routes, but for the one that is there only where it is allowed."""
ANNOUNCE_SECONDS = 10.0
SHUTDOWN_SECONDS = 1.0
"""For requests under way; those that follow what happens would never end by themselves."""


def application(site: Site) -> web.Application:
    """The page with all of its routes."""
    app = web.Application(middlewares=[Guard().gate], client_max_size=MAX_FORM_BYTES)
    app[SITE] = site
    app[STARTED] = written()
    for module in MODULES:
        app.add_routes(module.ROUTES)
    if site.settings.web_read:
        app.add_routes(read.ROUTES)
    return app


@asynccontextmanager
async def page(site: Site, port: int) -> AsyncIterator[str]:
    """Answer at the address that is yielded. Raises SettingsError where the port is taken; 0 takes a free one."""
    listening = _bound(port)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    runner = web.AppRunner(application(site), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    with closing(listening):
        await runner.setup()
        announcing = asyncio.create_task(_announce(site.management.access.web, address))
        try:
            await web.SockSite(runner, listening).start()
            yield address
        finally:
            announcing.cancel()
            await asyncio.wait([announcing])
            with suppress(StoreError):  # then it is forgotten after a while
                await site.management.access.web.announce("")
            await site.conditions.close()
            await runner.cleanup()


async def _announce(sessions: WebSessions, address: str) -> None:
    while True:
        try:
            await sessions.announce(address)
        except StoreError as error:
            log.debug("page not announced", error=str(error))
        await asyncio.sleep(ANNOUNCE_SECONDS)


def _bound(port: int) -> socket.socket:
    try:
        return listen_on_loopback(port)
    except OSError as error:
        raise SettingsError([f"BRIDGE_WEB_PORT: port {port} of 127.0.0.1 cannot be used: {error.strerror}"]) from None
