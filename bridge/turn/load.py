"""How much this process has to do, and what waits so that nobody is forgotten: reads, edits, and new answers.

How late the event loop runs says whether the processor keeps up. When it does not, what nobody would miss goes first:
answers are read in larger pieces and edited less often; then new answers wait for their turn, the oldest first. First
and last words, commands and the upkeep of claims are never held back.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bridge import metrics

CALM_ANSWERS = 50
"""Up to this many answers at once, each is read as it comes, and nothing is measured."""
READS_PER_SECOND = 1000.0
"""Of all answers together, above that and up to `MAX_PAUSE_SECONDS`. A read costs about a tenth of a millisecond,
whatever it brings."""
MAX_PAUSE_SECONDS = 0.5
"""Between two reads of one answer, times the pressure. No platform shows more than one edit a second; a longer pause
would show at the end, which is found by reading."""
MAX_UNSEEN_PAUSE_SECONDS, UNSEEN_SHARE = 2.0, 1 / 8
"""Where writes wait for the account's rate, so much of the wait may pass between two reads: nobody sees more before."""
MAX_SILENT_PAUSE_SECONDS = 0.1
"""The same while an answer has no words yet: its first are what people wait for."""
TICK_SECONDS = 0.05
CALM_LAG_SECONDS, BUSY_LAG_SECONDS = 0.01, 0.03
"""Lag of the loop, smoothed, below which the pressure falls, and above which it rises."""
MAX_PRESSURE = 16.0
MAX_ANSWERS = 4000
"""Answers under way at the same time in one process, where it may open as many files."""
FILES_PER_ANSWER, OTHER_FILES = 2, 400
"""An answer takes a connection to the gateway, and while it is written to, one to the platform. The others are above
all connections to the store."""
FULL_LAG_SECONDS = 0.5
"""Lag of the loop from which on no new answer is begun."""
ADMITTED_PER_TICK = 32
"""Answers that begin at once when there is room again."""
LONG_WAIT_SECONDS = 10.0
"""Seconds after which people who wait for their answer to begin are told so."""


def answers_that_fit() -> int:
    """Return how many answers may be under way, as far as the limit on open files permits."""
    if sys.platform == "win32":
        return MAX_ANSWERS
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MAX_ANSWERS
    return max(CALM_ANSWERS, min(MAX_ANSWERS, (files - OTHER_FILES) // FILES_PER_ANSWER))


class Load:
    """Counts the answers under way and watches the loop while there are many."""

    def __init__(self, max_answers: int | None = None) -> None:
        self.answers = 0
        self.lag = 0.0
        """Seconds by which the loop runs late, smoothed; 0 while nothing is measured."""
        self.pressure = 1.0
        """How many times longer than usual whatever can wait should wait: 1 where the processor keeps up."""
        self._max_answers = max_answers or answers_that_fit()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._watching: asyncio.Task[None] | None = None

    def pause(self, *, silent: bool = False, backlog: float = 0.0) -> float:
        """Return the seconds until the next read of an answer; `silent` while it has no words yet. `backlog` is how
        many seconds a write waits for the account's rate."""
        if self.answers <= CALM_ANSWERS:
            return 0.0
        most = MAX_SILENT_PAUSE_SECONDS if silent else MAX_PAUSE_SECONDS
        pause = min(most, self.answers / READS_PER_SECOND) * min(self.pressure, 2.0)
        if not silent:
            pause = max(pause, min(MAX_UNSEEN_PAUSE_SECONDS, backlog * UNSEEN_SHARE))
        # Spread, so that a thousand readers that began together do not wake together.
        return pause * random.uniform(0.8, 1.0)

    @contextmanager
    def slot(self) -> Iterator[Slot]:
        """Yield the slot of one answer, which is given up at the end."""
        slot = Slot(self)
        try:
            yield slot
        finally:
            self.answers -= slot.taken

    async def admit(self) -> None:
        """Wait until one more answer may begin, and count it. Those who waited longer go first."""
        if self._waiting or not self._has_room:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            self._watch()
            try:
                await turn  # counted by who admitted it
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self.answers -= 1
                raise
            return
        self.answers += 1
        if self.answers > CALM_ANSWERS:
            self._watch()

    @property
    def _has_room(self) -> bool:
        return self.answers < self._max_answers and self.lag < FULL_LAG_SECONDS

    def _watch(self) -> None:
        if self._watching is None:
            self._watching = asyncio.create_task(self._keep_watching())

    async def _keep_watching(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self.answers > CALM_ANSWERS or self._waiting:
                due = loop.time() + TICK_SECONDS
                await asyncio.sleep(TICK_SECONDS)
                self._note(loop.time() - due)
                self._admit_waiting()
        finally:
            self.lag, self.pressure, self._watching = 0.0, 1.0, None
            metrics.LOOP_LAG.set(0.0)

    def _note(self, lag: float) -> None:
        self.lag += (lag - self.lag) * (0.5 if lag > self.lag else 0.2)
        if self.lag > BUSY_LAG_SECONDS:
            self.pressure = min(MAX_PRESSURE, self.pressure * 1.3)
        elif self.lag < CALM_LAG_SECONDS:
            self.pressure = max(1.0, self.pressure * 0.97)
        metrics.LOOP_LAG.set(self.lag)

    def _admit_waiting(self) -> None:
        admitted = 0
        while self._waiting and self._has_room and admitted < ADMITTED_PER_TICK:
            turn = self._waiting.popleft()
            if not turn.done():  # otherwise it was stopped while it waited
                turn.set_result(None)
                self.answers += 1
                admitted += 1
        metrics.ANSWERS_WAITING.set(len(self._waiting))


class Slot:
    """The slot of one answer among those under way; taken once, when the answer begins."""

    def __init__(self, load: Load) -> None:
        self.taken = False
        self._load = load

    async def take(self, on_long_wait: Callable[[], None]) -> None:
        """Wait until the answer may begin; `on_long_wait` is called where that takes `LONG_WAIT_SECONDS`."""
        if self.taken:
            return
        timer = asyncio.get_running_loop().call_later(LONG_WAIT_SECONDS, on_long_wait)
        try:
            await self._load.admit()
        finally:
            timer.cancel()
        self.taken = True
