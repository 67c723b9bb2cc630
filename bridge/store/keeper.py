"""Keeps keys from expiring, in a thread with an event loop and a connection of its own.

Claims and leases live for some seconds unless they are kept fresh. In the loop that reads a thousand answers a pass may
take longer than that, and claims that expire for our own slowness make others ask again, which makes all slower still.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field

import structlog
from redis.asyncio import Redis

from bridge.errors import StoreError
from bridge.store.scripts import Script

log = structlog.get_logger(__name__)

Connect = Callable[[], AbstractAsyncContextManager[Redis]]
"""Opens one more client of the same Redis, for the loop that it is called in."""

BEATS_PER_LIFE = 5
"""How often a key is renewed in its life: four renewals may fail before it is lost."""
MAX_PER_TRIP = 250
"""Keys that one round trip keeps; a longer pipeline would hold up what other clients ask of Redis."""

KEEP = Script("""
-- KEYS key, head or nothing; ARGV token, ttl in ms. Keeps the key where it is ours. Where it has expired and nobody has
-- taken it since, it is taken back: a lease at once, a claim while the turn under way is signed for by its token.
local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if holder then return 0 end
if KEYS[2] then
  local by = redis.call('HGET', KEYS[2], 'by')
  if not by or string.sub(by, 1, #ARGV[1] + 1) ~= ARGV[1] .. '.' then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
""")


@dataclass(eq=False, slots=True)
class Hold:
    """A key that is ours: `lost` is called, in the loop that added it, once it is another's or may be."""

    keys: Sequence[str]
    """The key itself; of a claim, the turn's record as well."""
    token: str
    ttl: float
    """Seconds."""
    lost: Callable[[], None]
    confirmed: float = field(default_factory=time.monotonic)
    """When it was last known to be ours, by the monotonic clock."""

    def expired(self, now: float) -> bool:
        """Whether it may be another's at `now`, by the monotonic clock."""
        return self.confirmed + self.ttl <= now


class Keeper:
    """Started by the first hold, ended by `close`. Its methods are called in one loop."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._holds: set[Hold] = set()
        self._owner: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed: asyncio.Event | None = None
        self._closing = False

    def add(self, hold: Hold) -> None:
        """Keep `hold` until it is discarded or lost."""
        with self._lock:
            self._holds.add(hold)
            loop, changed = self._loop, self._changed
        if self._thread is None:
            self._owner = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._main, name="keeper", daemon=True)
            self._thread.start()
        elif loop is not None and changed is not None and len(self._holds) == 1:
            loop.call_soon_threadsafe(changed.set)

    def discard(self, hold: Hold) -> None:
        """Stop renewing `hold`; it expires, unless it is let go."""
        with self._lock:
            self._holds.discard(hold)

    async def close(self) -> None:
        """End the thread; what is still held expires."""
        self._closing = True
        with self._lock:
            loop, changed = self._loop, self._changed
        if loop is not None and changed is not None:
            loop.call_soon_threadsafe(changed.set)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    # In the thread

    def _main(self) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._run())
        except Exception:
            log.exception("keeper failed")

    async def _run(self) -> None:
        with self._lock:
            self._loop, self._changed = asyncio.get_running_loop(), asyncio.Event()
        async with AsyncExitStack() as stack:
            redis: Redis | None = None
            while not self._closing:
                self._changed.clear()
                holds = self._snapshot()
                if holds:
                    try:
                        async with asyncio.timeout(min(hold.ttl for hold in holds) / 2):
                            if redis is None:
                                redis = await stack.enter_async_context(self._connect())
                            await self._keep_all(redis, holds)
                    except (StoreError, TimeoutError) as error:
                        log.debug("not kept", keys=len(holds), error=str(error))
                    self._give_up(time.monotonic())
                await self._pause()

    async def _pause(self) -> None:
        assert self._changed is not None
        holds = self._snapshot()
        wait = min((hold.ttl for hold in holds), default=None)
        try:
            async with asyncio.timeout(None if wait is None else wait / BEATS_PER_LIFE):
                await self._changed.wait()
        except TimeoutError:
            return

    def _snapshot(self) -> list[Hold]:
        with self._lock:
            return list(self._holds)

    async def _keep_all(self, redis: Redis, holds: Sequence[Hold]) -> None:
        for start in range(0, len(holds), MAX_PER_TRIP):
            batch, asked = holds[start : start + MAX_PER_TRIP], time.monotonic()
            answers = await KEEP.many(redis, [(hold.keys, (hold.token, int(hold.ttl * 1000))) for hold in batch])
            for hold, answer in zip(batch, answers, strict=True):
                if answer == 1:
                    hold.confirmed = asked
                elif answer == 0:
                    self._lose(hold)

    def _give_up(self, now: float) -> None:
        """Lose what may be another's by now, because Redis could not be asked for too long."""
        for hold in self._snapshot():
            if hold.expired(now):
                log.warning("expired", key=hold.keys[0])
                self._lose(hold)

    def _lose(self, hold: Hold) -> None:
        with self._lock:
            if hold not in self._holds:
                return  # it was let go meanwhile
            self._holds.discard(hold)
        if self._owner is not None and not self._owner.is_closed():
            self._owner.call_soon_threadsafe(hold.lost)
