"""How long a reader may wait for the next bytes, at the price of two assignments for each read."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable


class SilenceTimer:
    """Calls `on_silence` once a wait has lasted past its deadline (in the loop's time).

    One timer of the loop serves a whole stream: it is moved when it fires, or where a deadline comes before it. To
    set and cancel one around each read, as `asyncio.timeout` does, costs more than to decode what was read.
    """

    def __init__(self, on_silence: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_silence = on_silence
        self.expired = False
        """Whether `on_silence` was called."""
        self._deadline = math.inf
        """Infinite while nobody waits: a slow reader is not a silent model."""
        self._fires_at = math.inf
        self._handle: asyncio.TimerHandle | None = None

    def wait_until(self, deadline: float) -> None:
        self._deadline = deadline
        if deadline < self._fires_at:
            self._schedule(deadline)

    def stop_waiting(self) -> None:
        self._deadline = math.inf

    def cancel(self) -> None:
        self._deadline = self._fires_at = math.inf
        if self._handle is not None:
            self._handle.cancel()

    def _schedule(self, moment: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._fires_at = moment
        self._handle = self._loop.call_at(moment, self._fire)

    def _fire(self) -> None:
        self._fires_at = math.inf
        if self._deadline == math.inf:
            return
        if self._loop.time() < self._deadline:
            self._schedule(self._deadline)
        else:
            self.expired = True
            self._on_silence()
