"""The text so far, and how it came to its end. One task adds to it, another shows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Self

from bridge.errors import GatewayError


def no_pause() -> float:
    """Read as fast as it comes."""
    return 0.0


class Draft:
    """An answer in the making: `deltas` are read at the pace that `pause` sets, in seconds between two reads."""

    def __init__(self, deltas: AsyncIterator[str], *, pause: Callable[[], float] = no_pause) -> None:
        self.text = ""
        self.complete = False
        """Nothing will be added any more; `error` and `stopped` say why."""
        self.stopped = False
        """A person said stop."""
        self.error: GatewayError | None = None
        self._deltas = deltas
        self._pause = pause
        self._reading: asyncio.Task[None] | None = None
        self._grew = asyncio.Event()
        self._at_end: Callable[[], None] | None = None

    @classmethod
    def whole(cls, text: str) -> Self:
        """A text that is complete from the start."""
        draft = cls(_nothing())
        draft.text, draft.complete = text, True
        return draft

    def start(self) -> None:
        if self.complete:
            return
        self._reading = asyncio.create_task(self._read())
        self._reading.add_done_callback(self._end)

    def stop(self) -> None:
        """A person has read enough: read no further, and keep what there is."""
        if not self.complete:
            self.stopped = True
            self.close()

    def close(self) -> None:
        """Read no further. The stream sees its reader cancelled and closes its connection."""
        if self._reading is not None:
            self._reading.cancel()

    async def closed(self) -> None:
        if self._reading is not None:
            await asyncio.wait([self._reading])

    def at_end(self, call: Callable[[], None] | None) -> None:
        """What to call once the draft is complete; one at a time."""
        self._at_end = call

    async def growth(self) -> None:
        """Wait until there is more text, or the end."""
        await self._grew.wait()
        self._grew.clear()

    async def _read(self) -> None:
        try:
            async for delta in self._deltas:
                self.text += delta
                self._grew.set()
                # Nobody can see more than the screen shows; what comes meanwhile waits in the kernel.
                if pause := self._pause():
                    await asyncio.sleep(pause)
        except GatewayError as error:  # told after what came before it
            self.error = error

    def _end(self, reading: asyncio.Task[None]) -> None:
        self.complete = True
        self._grew.set()
        if self._at_end is not None:
            self._at_end()

    def check(self) -> None:
        """Raise what broke the reading, where that was neither the gateway nor a person: half is not whole."""
        if self._reading is not None and self._reading.done() and not self._reading.cancelled():
            self._reading.result()


async def _nothing() -> AsyncIterator[str]:
    silence: tuple[str, ...] = ()
    for delta in silence:
        yield delta
