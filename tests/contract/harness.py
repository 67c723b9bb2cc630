"""What the contract tests of this folder share: a listener, patience, and pictures."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from typing import TypeVar

from bridge.channel import Channel
from bridge.errors import RateLimited
from bridge.inbound import Inbound, Said
from bridge.types import BodyFile
from tests.fakes import ALLOW_ALL
from tests.platform import Bubble, Place, Platform

PATIENCE_SECONDS = 30.0
E = TypeVar("E", bound=Inbound)
Open = Callable[[], AbstractAsyncContextManager[Channel]]


class Listener:
    """Listens in the background, as the bridge does: each event is acknowledged at once."""

    def __init__(self, channel: Channel) -> None:
        self.events: list[Inbound] = []
        self._task = asyncio.create_task(self._listen(channel))

    async def _listen(self, channel: Channel) -> None:
        async with aclosing(channel.listen(ALLOW_ALL)) as batches:
            async for batch in batches:
                self.events += batch

    @property
    def heard(self) -> list[Said]:
        return self.all(Said)

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def next(self, number: int = 1) -> Said:
        """The message that is heard as that number."""
        return await self.event(Said, number)

    async def event(self, kind: type[E], number: int = 1) -> E:
        """The event of that kind that comes as that number."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(found := self.all(kind)) < number:
                assert not self._task.done(), "listening ended"
                await asyncio.sleep(0.01)
        return found[number - 1]

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


async def shows(platform: Platform, wanted: Callable[[list[Bubble]], bool], place: Place = "direct") -> list[Bubble]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not wanted(platform.bubbles(place)):
            await asyncio.sleep(0.01)
    return platform.bubbles(place)


async def patiently(call: Callable[[], object]) -> None:
    """As the reply engine does: what was refused for its rate is said again."""
    while True:
        try:
            await call()  # type: ignore[misc]
        except RateLimited as error:
            await asyncio.sleep(error.retry_after)
        else:
            return


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR42mNk+M+AFzCNSg8haQB0FQHhh3pWJAAAAABJRU5ErkJggg=="
)


def picture(number: int) -> BodyFile:
    """A picture that differs from the others: what follows the end of a PNG is not looked at."""
    return BodyFile.of("image", f"{number}.png", "image/png", PNG + b"%d" % number, f"Picture {number}")
