"""What people sent and nobody has answered yet: nothing is lost, nothing answered twice, each chat in order.

A message is pushed to its chat's queue and then the chat is announced. A worker that reads the marker takes the
chat by a claim that expires, works its queue off, and lets go in the step that finds it empty. So:

- An marker of a chat that somebody has can be dropped: its holder looks again before letting go.
- The marker that a worker took a chat by stays pending until it lets go. Pending ones are looked at again
  once for every life of a claim, so a dead worker's chats are taken up when its claims have expired.
- Queue and stream lie in different slots of a cluster. Between push and marker a process may die; then the
  platform delivers again, and a message that was seen is announced all the same.
- Whatever an outage did to the stream, all queues are looked through and announced when a worker (re)connects
  and every `SWEEP_EVERY` seconds.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from functools import partial

import structlog
from redis.asyncio import Redis

from bridge.errors import StoreError
from bridge.inbox import ready
from bridge.inbox.claim import KEEP, TAKE, Claim
from bridge.inbox.entry import Entry
from bridge.inbox.ready import ReadyMarker
from bridge.store import keys
from bridge.store.errors import InboxFull, translate_redis_errors
from bridge.store.keys import LANES, ChatKeys, Lane, LaneKeys
from bridge.store.scripts import Script
from bridge.types import Chat, IncomingMessage

log = structlog.get_logger(__name__)

TTL = 6.0
"""Seconds that a claim lives unless it is kept fresh: so long a chat waits when its worker dies."""
MOST_WAITING = 100
"""Messages of one chat and lane that may wait."""
SEEN_SECONDS = 86400
"""Telegram delivers again for 24 hours, which is the longest of the platforms."""
MOST_SEEN = 10_000
QUEUE_SECONDS = 30 * 86400
COMMANDS_AT_ONCE = 64
"""Chats whose commands one process handles at a time, beside whatever it answers."""
MOST_AT_A_TIME = 64
"""Announcements that one read takes; more would be held back from other processes."""
WAIT = 1.0
"""Seconds that a read waits for an marker; well below the connection's time limit."""
FULL_WAIT = 0.05
"""Seconds between two looks for room, when there is none."""
SWEEP_EVERY = 600.0
FIRST_RETRY, LONGEST_RETRY = 0.1, 5.0
BATCH = 500

PUT = Script("""
-- KEYS seen, queue; ARGV key, entry, now, seconds seen, most seen, most waiting, seconds kept
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3] - ARGV[4])
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 'seen' end
if redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[6]) then return 'full' end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[5] - 1)
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('RPUSH', KEYS[2], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[7])
return 'new'
""")


FORGET = Script("""
-- KEYS claim, queue, head. Run twice, it says 0.
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local waiting = redis.call('LLEN', KEYS[2])
redis.call('DEL', KEYS[2], KEYS[3])
return waiting
""")


class Inbox:
    """The queues of every chat. One object for each process; `ttl` in seconds must be the same in all of them."""

    def __init__(self, redis: Redis, worker: str = "", ttl: float = TTL) -> None:
        self._redis = redis
        self._worker = worker or secrets.token_hex(8)
        self._ttl = ttl
        self._taken = 0
        self._held: dict[tuple[Chat, Lane], Claim] = {}
        self._keeping: asyncio.Task[None] | None = None

    async def put(self, account: str, message: IncomingMessage, *, lane: Lane = "talk") -> bool:
        """Take a message in; once this returns it will be answered, whatever happens to us.

        False where it was taken in before, within `SEEN_SECONDS` (or just now, if Redis' first answer was lost).
        Raises InboxFull when `MOST_WAITING` messages wait already, StoreError when it may not have been taken in.
        """
        chat, entry = message.chat, Entry.of(account, message)
        went = await PUT(
            self._redis,
            [ChatKeys(chat).seen, LaneKeys(chat, lane).queue],
            entry.key,
            entry.to_row(),
            time.time(),
            SEEN_SECONDS,
            MOST_SEEN,
            MOST_WAITING,
            QUEUE_SECONDS,
        )
        if went == "full":
            raise InboxFull(f"{MOST_WAITING} messages wait in {chat}")
        await self.announce(account, chat, lane)
        return bool(went == "new")

    async def announce(self, account: str, chat: Chat, lane: Lane = "talk") -> None:
        """Have somebody look at what waits in `chat`; too often is harmless. Raises StoreError."""
        await ready.announce(self._redis, account, chat, lane)

    async def busy(self, chat: Chat) -> bool:
        """Whether an answer is under way in `chat`, or waits for its turn. Raises StoreError."""
        async with translate_redis_errors():
            return bool(await self._redis.llen(LaneKeys(chat, "talk").queue))

    async def forget(self, chat: Chat) -> int:
        """Forget the talk that waits in `chat` while nobody is at work on it; how many messages. Raises StoreError."""
        lane = LaneKeys(chat, "talk")
        return int(await FORGET(self._redis, [lane.claim, lane.queue, lane.head]))

    async def recall(self, lane: Lane = "talk", *, account: str = "") -> None:
        """Announce every chat in which something waits, of every account or of one. Raises StoreError."""
        async for whose, chat in ready.waiting(self._redis, lane):
            if account in ("", whose):
                await self.announce(whose, chat, lane)

    async def set_aside(self, account: str) -> int:
        """How many turns of `account` were given up in all. Raises StoreError."""
        async with translate_redis_errors():
            return int(await self._redis.get(keys.set_aside(account)) or 0)

    async def ready(self, accounts: Sequence[str], room: Callable[[], int]) -> AsyncGenerator[Claim, None]:
        """Chats that have something to do, as claims that were won. To be closed (`contextlib.aclosing`).

        `room` tells how many more chats to answer are wanted; it may be exceeded by one for each account. Commands
        come whatever it says, up to `COMMANDS_AT_ONCE` chats of them. Never ends by itself: without Redis it waits.
        """
        won: asyncio.Queue[Claim] = asyncio.Queue()
        waiting = Counter[Lane]()

        def free(lane: Lane) -> int:
            if lane == "commands":
                return COMMANDS_AT_ONCE - sum(claim.lane == lane for claim in self._held.values())
            return room() - waiting[lane]

        def take(claim: Claim) -> None:
            waiting[claim.lane] += 1
            won.put_nowait(claim)

        def share(lane: Lane) -> int:
            return free(lane) // len(accounts) or free(lane)

        readers = [
            asyncio.create_task(self._read(account, lane, partial(share, lane), take))
            for account in accounts
            for lane in LANES
        ]
        try:
            while True:
                claim = await won.get()
                yield claim
                waiting[claim.lane] -= 1  # whoever has it has counted it, before asking for the next
        finally:
            for reader in readers:
                reader.cancel()
            if readers:
                await asyncio.wait(readers)
            while not won.empty():
                await won.get_nowait().release()

    async def close(self) -> None:
        """Stop keeping claims fresh; those not released expire."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
            self._keeping = None

    async def _read(self, account: str, lane: Lane, free: Callable[[], int], take: Callable[[Claim], None]) -> None:
        """Follow one stream, through whatever happens to Redis."""
        loop, failures, sweep_at, look_at = asyncio.get_running_loop(), 0, 0.0, 0.0
        wait = min(WAIT, self._ttl / 6)
        while True:
            try:
                if loop.time() >= sweep_at:
                    await ready.prepare(self._redis, account, lane)
                    await self.recall(lane, account=account)
                    sweep_at = loop.time() + SWEEP_EVERY
                if (room := min(free(), MOST_AT_A_TIME)) <= 0:
                    await asyncio.sleep(FULL_WAIT)
                elif loop.time() >= look_at:
                    found = await ready.left(self._redis, account, lane, room, self._ttl * 1.05)
                    await _whole(self._take_all(found, account, lane, take, fresh=False))
                    look_at = loop.time() + wait
                else:
                    found = await ready.fresh(self._redis, account, lane, room, wait)
                    await _whole(self._take_all(found, account, lane, take, fresh=True))
                failures = 0
            except StoreError as error:
                if failures == 0:
                    log.warning("inbox out of reach", account=account, error=str(error))
                await asyncio.sleep(min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(failures, 10)))
                failures, sweep_at = failures + 1, 0.0
            except Exception:
                log.exception("inbox reader failed", account=account)
                await asyncio.sleep(LONGEST_RETRY)

    async def _take_all(
        self, found: list[ReadyMarker], account: str, lane: Lane, take: Callable[[Claim], None], *, fresh: bool
    ) -> None:
        for each in found:
            self._taken += 1
            token, lane_keys = f"{self._worker}:{self._taken}", LaneKeys(each.chat, lane)
            asked = asyncio.get_running_loop().time()
            went = await TAKE(self._redis, [lane_keys.claim, lane_keys.queue], token, int(self._ttl * 1000))
            if went == "won":
                claim = Claim(self._redis, each.chat, account, lane, token=token, marker=each.id, ended=self._forget)
                claim.confirmed = asked
                self._hold(claim)
                take(claim)
            elif went == "empty" or fresh:
                # One that was left may be what its holder took the chat by: it stays, and is looked at again.
                await ready.drop(self._redis, account, lane, each.id)

    def _hold(self, claim: Claim) -> None:
        if (overtaken := self._held.get((claim.chat, claim.lane))) is not None:
            overtaken.lose()  # by ourselves: we slept so long that it expired
        self._held[claim.chat, claim.lane] = claim
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep_fresh())

    def _forget(self, claim: Claim) -> None:
        if self._held.get((claim.chat, claim.lane)) is claim:
            del self._held[claim.chat, claim.lane]

    async def _keep_fresh(self) -> None:
        """Keep every claim from expiring, until none is held; those that are no longer ours are told so."""
        loop = asyncio.get_running_loop()
        while self._held:
            await asyncio.sleep(self._ttl / 3)
            held, asked = list(self._held.values()), loop.time()
            try:
                async with asyncio.timeout(self._ttl / 2):
                    for start in range(0, len(held), BATCH):
                        await self._confirm(held[start : start + BATCH], asked)
            except (StoreError, TimeoutError) as error:
                log.debug("claims not confirmed", claims=len(held), error=str(error))
            except Exception:
                log.exception("claims not confirmed", claims=len(held))
            for claim in list(self._held.values()):
                if claim.confirmed + self._ttl <= loop.time():
                    log.warning("claim expired", chat=str(claim.chat))
                    claim.lose()

    async def _confirm(self, held: list[Claim], asked: float) -> None:
        async with translate_redis_errors():
            pipe = self._redis.pipeline(transaction=False)
            for claim in held:
                pipe.eval(KEEP, 1, claim.keys.claim, claim.token, str(int(self._ttl * 1000)))
            ours = await pipe.execute(raise_on_error=False)
        for claim, kept in zip(held, ours, strict=True):
            if kept == 1:
                claim.confirmed = asked
            elif kept == 0:
                claim.lose()


async def _whole(work: Coroutine[object, object, None]) -> None:
    """Do it to its end even if we are cancelled meanwhile: what was half taken would wait until its claim expires."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
