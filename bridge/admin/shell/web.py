"""`cherry-bridge web`: the page without the bot, and a link for the person who sits at this machine."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress

from bridge.access import LINK_SECONDS, Access
from bridge.admin.web import Site, page
from bridge.channel_settings import ChannelSettings
from bridge.commands import Management
from bridge.inbox import Inbox
from bridge.settings import Settings
from bridge.store import RedisQuirks, open_store
from bridge.tools import BuiltInTools, Reminders, Toolbox


async def web(settings: Settings, channels: Mapping[str, type[ChannelSettings]], port: int | None) -> int:
    """Serve the page until SIGINT or SIGTERM; where `port` is None, on that of the settings, or else a free one.

    Raises SettingsError where the port is taken, StoreError.
    """
    async with (
        open_store(settings.redis_url.get_secret_value(), settings.data_dir) as store,
        settings.open_gateways(RedisQuirks(store.redis)) as gateways,
        AsyncExitStack() as ending,
    ):
        inbox = Inbox(store)
        management = Management(Access(store.redis, settings.admins), inbox, store)
        toolbox = Toolbox(BuiltInTools(Reminders(store.redis)), settings.tool_servers(), gateways.all)
        site = Site(settings, store, inbox, management, gateways, channels, toolbox)
        ending.push_async_callback(toolbox.close)
        async with page(site, settings.web_port if port is None else port) as address:
            link = await management.access.web.link(None)
            print(f"The page is at {address} until you press Ctrl-C. This opens it once, within", end=" ")
            print(f"{LINK_SECONDS // 60} minutes:\n{address}/in/{link}", flush=True)
            with suppress(asyncio.CancelledError):
                await _until_stopped()
    return 0


async def _until_stopped() -> None:
    stopped = asyncio.Event()
    if sys.platform != "win32":  # there Ctrl-C cancels this very task
        for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(stop) is not signal.SIG_IGN:  # which `nohup` asks for
                asyncio.get_running_loop().add_signal_handler(stop, stopped.set)
    await stopped.wait()
