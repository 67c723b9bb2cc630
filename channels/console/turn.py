"""Whether an answer is under way, and what the person's Ctrl-C means because of it.

The bridge says nothing of turns: it takes a message and, some time later, posts and edits. So a turn begins
with a message of the person's and ends with the first final text, or when nothing stirs for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal

GRACE = 10.0
"""Seconds without a sign of life before the person may type again; `typing` lasts about five."""
STOP_GRACE = 2.0
"""The same after /stop: when nothing was written yet, the bridge may have nothing to say."""


class Turn:
    """One for each console; everything on the event loop's own thread."""

    def __init__(self) -> None:
        self.left = False
        self.thinking = False
        """An answer is on its way, and none of it is here yet."""
        self._open = ""
        self._until = 0.0
        self._held = 0
        self._stop: Literal["no", "asked", "said"] = "no"
        self._changed = asyncio.Event()

    @property
    def under_way(self) -> bool:
        return bool(self._open or self._held) or self._now() < self._until

    def asked(self) -> None:
        """The person has sent a message."""
        self._stop = "no"
        self._until = self._now() + GRACE

    def typing(self) -> None:
        """The bridge says that an answer is on its way."""
        if self.under_way and not self._open:
            self.thinking = True
            self._until = self._now() + (GRACE if self._stop == "no" else STOP_GRACE)
            self._changed.set()

    def shown(self, ref: str, *, final: bool) -> None:
        """The message `ref` has been shown; a final one gives the terminal back to the person."""
        self._open = "" if final else ref
        self._until = 0.0
        self.thinking = False
        self._changed.set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """The turn does not end in here."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self._changed.set()

    def interrupt(self) -> None:
        """Ctrl-C while an answer is under way: once to stop it, twice to leave."""
        if not self.under_way:
            return
        if self._stop == "no":
            self._stop = "asked"
        else:
            self.left = True
        self._changed.set()

    def leave(self) -> None:
        self.left = True
        self._changed.set()

    async def wait(
        self, tick: Callable[[], None] | None = None, every: float | None = None
    ) -> Literal["over", "stop", "leave"]:
        """Wait until the turn is over, is to be stopped, or the person leaves; call `tick` every so often."""
        while True:
            self._changed.clear()
            if self.left:
                return "leave"
            if not self.under_way:
                self.thinking = False
                self._stop = "no"
                return "over"
            if self._stop == "asked":
                self._stop = "said"
                self._until = self._now() + STOP_GRACE
                return "stop"
            pause = every
            if not self._open and not self._held:
                rest = max(self._until - self._now(), 0.0)
                pause = rest if every is None else min(rest, every)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed.wait()
            if tick is not None:
                tick()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
