"""A sentence said outside of any queue: to people who are not let in, or who write too fast. Bounded, best effort."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import structlog

from bridge.errors import BridgeError
from bridge.inbound import Pressed, Said
from bridge.reply import Account
from bridge.store import keys

log = structlog.get_logger(__name__)

MAX_ASIDES = 20
"""Asides under way at the same time; in a flood, the rest is not said."""


class Asides:
    """Runs what is said outside of any queue, and counts how much of it is under way."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def say(self, message: Said | Pressed, account: Account, text: str) -> None:
        """Answer `message` with `text`, unless too much is being said."""
        self.run(tell(message, account, text))

    def run(self, telling: Coroutine[object, object, None]) -> None:
        """Run `telling` in the background, unless too much is under way."""
        if len(self._tasks) >= MAX_ASIDES:
            telling.close()
            return
        task = asyncio.create_task(_logged(telling))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)


async def tell(message: Said | Pressed, account: Account, text: str) -> None:
    """Answer `message` with `text`. Raises ChannelError."""
    # The same in every process, so that a platform with idempotency keys says it once.
    await account.say(message.chat.place, text, key=f"aside{keys.turn(message.chat, message.id)}"[:20])


async def _logged(telling: Coroutine[object, object, None]) -> None:
    try:
        await telling
    except BridgeError as error:
        log.warning("aside not said", error=str(error))
