"""`cherry-bridge chat`: the console as one more channel, with the same conversation behind it.

The input line is shown first. The rest of the program is imported and opened behind it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext, suppress
from typing import TYPE_CHECKING

from bridge import log
from bridge.channel import Channel
from bridge.errors import BridgeError
from bridge.settings import Settings
from bridge.types import Body, Chat, ModelId, User

if TYPE_CHECKING:
    from bridge.app import Bridge


async def chat(
    settings: Settings,
    model: ModelId | None,
    console: Channel,
    with_gateway: Callable[[Settings], AbstractAsyncContextManager[Settings]],
) -> int:
    """Talk until the person leaves. Their history stays in the store."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    me, here = User(console.name, console.account), Chat(console.name, console.account, direct=True)
    # A log line in the middle of an answer would spoil it.
    with (settings.data_dir / "chat.log").open("a", encoding="utf-8") as stream:
        async with console:
            await asyncio.to_thread(_load)  # in a thread: what is typed meanwhile is shown
            log.configure(settings.log, stream)
            from bridge.app import open_bridge

            async with AsyncExitStack() as stack:
                settings = await stack.enter_async_context(with_gateway(settings))
                settings = settings.model_copy(update={"admins": (*settings.admins, me)})
                bridge = await stack.enter_async_context(open_bridge(settings))
                if model is not None:
                    await bridge.store.preferences.set_model(here, model)
                greeting = asyncio.create_task(_greet(bridge, settings, console, here))
                try:
                    await bridge.serve({console.name: lambda _: _entered(console)}, grace=0.5)
                finally:
                    greeting.cancel()
                    await asyncio.wait([greeting])
    return 0


def _load() -> None:
    """Import what answers."""
    import structlog  # noqa: F401

    import bridge.app  # noqa: F401


def _entered(console: Channel) -> AbstractAsyncContextManager[Channel]:
    return nullcontext(console)


async def _greet(bridge: Bridge, settings: Settings, console: Channel, here: Chat) -> None:
    """Name the model that will answer, once the gateway has told it. An output that is no terminal is not greeted."""
    from bridge.admin.shell.language import terminal_words

    if sys.stdout.isatty():
        with suppress(BridgeError):  # the person may have left already
            text = terminal_words(settings).welcome.format(model=await bridge.commands.picker.name_of(here))
            await console.post(here, Body(text), key="greeting", final=True)
