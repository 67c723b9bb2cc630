"""`cherry-bridge run`: say what is up, then listen and answer until told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress

import structlog

from bridge import __version__
from bridge.access import Role
from bridge.admin.shell.language import terminal_words
from bridge.app import Bridge, Open, open_bridge
from bridge.channel_settings import ChannelSettings
from bridge.errors import GatewayError, StoreError
from bridge.reply import Account
from bridge.settings import Settings
from bridge.types import User
from bridge.words import trouble

log = structlog.get_logger(__name__)

MAX_FILES = 65_536
RULE = "-" * 72
OWNER_SECONDS = 1.0
"""Between two looks whether somebody has become the owner, at a terminal that shows the claim code."""
GC_ALLOCATIONS = 20_000
"""Objects made and not freed between two looks at the youngest; Python's default is 700."""


async def serve(
    settings: Settings, channels: Mapping[str, Open], kinds: Mapping[str, type[ChannelSettings]], *, number: int = 0
) -> int:
    """Run every channel until SIGINT or SIGTERM, or until its terminal is closed. Return 1 if none of them can ever
    work as it is set up.

    `kinds` are the settings of every channel there is. A process that is one of several has a `number`, and stops when
    its parent is gone. Only the first says what is up.
    """
    _raise_file_limit()
    async with open_bridge(settings, listens=number <= 1) as bridge, AsyncExitStack() as beside:
        if not number:
            print(f"cherry-bridge {__version__}")
        if number <= 1:
            print(f"store     {'Redis' if settings.redis_url.get_secret_value() else settings.data_dir}", flush=True)
        if settings.health_port:
            from bridge.admin.shell.health import health  # a web server, in memory only where it is wanted

            port = await beside.enter_async_context(health(bridge, settings, number))
            print(f"health    http://127.0.0.1:{port}/readyz", flush=True)
        if settings.web_port and number <= 1:  # all of them would show the same
            address = await beside.enter_async_context(_page(bridge, settings, kinds))
            print(f"page      {address} (in a direct chat, /web gives a link)", flush=True)
        printing = asyncio.create_task(_print_gateway(bridge, settings) if number <= 1 else asyncio.sleep(0))
        if number <= 1:
            bridge.opened = lambda account: _opened(bridge, account)
        _tune_garbage_collection()
        if not number and sys.stdout.isatty() and sys.stderr.isatty() and not await _owners(bridge):
            await beside.enter_async_context(_code_in_sight(bridge))
        serving = asyncio.create_task(bridge.serve(channels))
        if number:
            _when_closed(sys.stdin.fileno(), serving.cancel)
        if sys.platform != "win32":  # there Ctrl-C cancels this very task
            for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(stop) is not signal.SIG_IGN:  # which `nohup` asks for
                    asyncio.get_running_loop().add_signal_handler(stop, serving.cancel)
        try:
            await serving
        except asyncio.CancelledError:
            with suppress(OSError):  # the terminal may have gone before us
                print("stopped", flush=True)
            return 0
        finally:
            printing.cancel()
            await asyncio.wait([printing])
        for name, why in bridge.refused.items():
            print(f"{name:<9} {why}", flush=True)
        return 1 if bridge.refused else 0


def _page(
    bridge: Bridge, settings: Settings, kinds: Mapping[str, type[ChannelSettings]]
) -> AbstractAsyncContextManager[str]:
    from bridge.admin.web import Site, page  # a web server, in memory only where it is wanted

    site = Site(
        settings,
        bridge.store,
        bridge.inbox,
        bridge.commands.management,
        bridge.gateways,
        kinds,
        bridge.toolbox,
        bridge.publish_all,
    )
    return page(site, settings.web_port)


def _raise_file_limit() -> None:
    """Open as many files as the system lets us: each answer needs one, and most shells start with 1,024."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _tune_garbage_collection() -> None:
    """Leave alone what is loaded for good, and look seldom at the rest.

    With a thousand answers under way, a full collection by Python's own thresholds stops them all for 50 ms and more,
    several times a second. Reference counts free nearly everything here; only tracebacks and the like make cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, 20, 50)


def _when_closed(pipe: int, call: Callable[[], object]) -> None:
    """Call `call` once the other end of `pipe` is closed; nothing is ever written to it."""
    loop = asyncio.get_running_loop()

    def closed() -> None:
        loop.remove_reader(pipe)
        call()

    loop.add_reader(pipe, closed)


async def _print_gateway(bridge: Bridge, settings: Settings) -> None:
    """Print what each gateway offers, or why it does not answer; it may come up later."""
    gateways = bridge.gateways
    for gateway in gateways.all:
        try:
            offered = await gateway.models()
        except GatewayError as error:
            why = trouble(error, terminal_words(settings), model=None, admin=True).replace("\n\n", " ")
            print(f"gateway   {why}", flush=True)
            continue
        named = f"{gateway.label}, " if gateways.are_several else ""
        answers = ""
        if gateway is gateways.all[0]:
            model = settings.model or (offered[0].id if offered else None)
            answers = f"; {model} answers first"
        print(f"gateway   {named}{gateway.url}: {len(offered)} models{answers}", flush=True)


async def _owners(bridge: Bridge) -> list[User]:
    return [person for person, role in (await bridge.access.roles.all()).items() if role is Role.OWNER]


@asynccontextmanager
async def _code_in_sight(bridge: Bridge) -> AsyncIterator[None]:
    """Until there is an owner, log nothing below warnings to the terminal: it would push the claim code away."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(max(level, logging.WARNING))
    waiting = asyncio.create_task(_until_owned(bridge, level))
    try:
        yield
    finally:
        waiting.cancel()
        await asyncio.wait([waiting])


async def _until_owned(bridge: Bridge, level: int) -> None:
    owners: list[User] = []
    while not owners:
        await asyncio.sleep(OWNER_SECONDS)
        with suppress(StoreError):
            owners = await _owners(bridge)
    print(f"{owners[0]} is the owner now.", flush=True)
    logging.getLogger().setLevel(level)


async def _opened(bridge: Bridge, account: Account) -> None:
    channel = account.channel
    print(f"{channel.name:<9} up as {channel.account}", flush=True)
    if code := await bridge.access.claim_code():
        print(f"\n{RULE}\nThere is no owner yet. In a direct chat, send the bot: /claim {_spelled(code)}")
        if link := channel.link(code):
            print(f"or open {link}")
            if sys.stdout.isatty():
                print(f"\n{qr_code(link)}", end="")
        print(f"{RULE}\n", flush=True)


def qr_code(link: str) -> str:
    """Return `link` for the camera of a phone, in half blocks: a dark terminal shows it light on dark, as phones read
    too."""
    import io

    import segno

    out = io.StringIO()
    segno.make(link, error="l", micro=False).terminal(out, border=2, compact=True)
    return out.getvalue()


def _spelled(code: str) -> str:
    """Return `code` in groups of four, as people read codes."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))
