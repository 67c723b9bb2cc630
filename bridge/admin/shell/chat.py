"""`cherry-bridge chat`: the console as one more channel, with the same conversation behind it."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Callable
from contextlib import suppress

from bridge import log
from bridge.admin.shell.language import terminal_words
from bridge.app import open_bridge
from bridge.channel import Channel, Memory
from bridge.errors import GatewayError
from bridge.gateway import Gateway
from bridge.settings import Settings
from bridge.types import Chat, ModelId, User

SESSION = "local"
HERE = Chat("console", SESSION, direct=True)

MakeConsole = Callable[..., Channel]
"""Makes the console channel; `channels.console.Console` says what it takes."""


async def chat(settings: Settings, model: ModelId | None, make_console: MakeConsole) -> int:
    """Talk until the person leaves. Their history stays in the store."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    me = User("console", SESSION, _name())
    settings = settings.model_copy(update={"admins": (*settings.admins, me)})
    names: list[str] = []
    # A log line in the middle of an answer would spoil it.
    with (settings.data_dir / "chat.log").open("a", encoding="utf-8") as stream:
        log.configure(settings.log, stream)
        async with open_bridge(settings) as bridge:
            if model is not None:
                await bridge.store.preferences.set_model(HERE, model)
            greeting = terminal_words(settings).welcome.format(model=await bridge.commands.picker.name_of(HERE))

            def open_console(_memory: Memory) -> Channel:
                return make_console(
                    user=me.name,
                    session=SESSION,
                    history_file=settings.data_dir / "typed",
                    completions=lambda: names,
                    greeting=greeting,
                )

            offering = asyncio.create_task(_offer(bridge.gateway, names))
            try:
                await bridge.serve({"console": open_console}, grace=0.5)
            finally:
                offering.cancel()
                await asyncio.wait([offering])
    return 0


async def _offer(gateway: Gateway, names: list[str]) -> None:
    """Learn the models' names for Tab, as soon as the gateway is there."""
    while not names:
        with suppress(GatewayError):
            names[:] = [str(model.id) for model in await gateway.models()]
        await asyncio.sleep(5)


def _name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in some containers
        return "you"
