"""What people sent and nobody has answered yet: nothing is lost, nothing answered twice, each chat in order.

A message is pushed to its chat's queue and then the chat is announced. A worker that reads the marker takes the
chat by a claim that expires, works its queue off, and lets go in the step that finds it empty. So:

- A marker of a chat that somebody has can be dropped: its holder looks again before letting go.
- The marker that a worker took a chat by stays pending until it lets go. Pending ones are looked at again
  once for every life of a claim, so a dead worker's chats are taken up when its claims have expired.
- Queue and stream lie in different slots of a cluster. Between push and marker a process may die; then the
  platform delivers again, and a message that was seen is announced all the same.
- Whatever an outage did to the stream, all queues are looked through and announced when a worker (re)connects
  and every `SWEEP_SECONDS` seconds.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Coroutine, Sequence
from functools import partial

import structlog

from bridge.errors import StoreError
from bridge.inbox import aside, backlog, parking, queue, ready, under_way
from bridge.inbox.aside import Kept
from bridge.inbox.backlog import Backlog
from bridge.inbox.claim import TAKE, Claim
from bridge.inbox.entry import Entry
from bridge.inbox.errors import InboxFull
from bridge.inbox.job import Job, Question, lane_of
from bridge.inbox.move import move
from bridge.inbox.queue import Changed, Put
from bridge.inbox.ready import ReadyMarker
from bridge.inbox.under_way import Queues
from bridge.store import LANES, Hold, Lane, LaneKeys, Script, Store, raise_refusals, translate_redis_errors
from bridge.types import Chat

log = structlog.get_logger(__name__)

CLAIM_SECONDS = 6.0
"""Seconds that a claim lives unless it is renewed: how long a chat waits when its worker dies."""
MAX_COMMAND_CHATS = 64
"""Chats whose commands one process handles at a time, beside whatever it answers."""
MAX_READ = 64
"""Announcements that one read takes; more would be held back from other processes."""
READ_SECONDS = 1.0
"""Seconds that a read waits for a marker; well below the connection's time limit."""
FULL_SECONDS = 0.05
"""Seconds between two looks for room, when there is none."""
SWEEP_SECONDS = 600.0
"""Between two looks through all queues."""
END_OF_TURN_SECONDS = 0.05
"""Between two looks whether a turn has ended."""
MIN_RETRY_SECONDS, MAX_RETRY_SECONDS = 0.1, 5.0

WAKE = Script("""
-- KEYS head. The process that has the turn, and is about to suspend it, finds that it was woken.
return redis.call('EXISTS', KEYS[1]) == 1 and redis.call('HSET', KEYS[1], 'woken', 1) or 0
""")


class Inbox:
    """The queues of every chat. One object for each process; `ttl` in seconds must be the same in all of them."""

    def __init__(self, store: Store, worker: str = "", ttl: float = CLAIM_SECONDS) -> None:
        self._redis = store.redis
        self._keeper = store.keeper
        self._signals = store.signals
        self._worker = worker or secrets.token_hex(8)
        self._ttl = ttl
        self._taken = 0
        self._held: dict[tuple[Chat, Lane], Claim] = {}

    async def put(self, account: str, job: Job) -> bool:
        """Take a job in, into the lane that `lane_of` says; once this returns it will be done, whatever happens to us.

        False where it was taken in before, within `SEEN_SECONDS` (or just now, if Redis' first answer was lost).
        Raises InboxFull when `MAX_WAITING` jobs wait already, StoreError when it may not have been taken in.
        """
        batch = (job.chat, lane_of(job), [Entry.of(account, job)])
        [[went]] = await queue.put(self._redis, account, [batch])
        if went == "full":
            raise InboxFull(f"{queue.MAX_WAITING} jobs wait in {job.chat}")
        return went == "new"

    async def put_many(self, account: str, jobs: Sequence[Job]) -> list[Put]:
        """Take jobs in as `put` does, in one round trip. Returns for each, in order, what became of it.

        Those of one chat and lane keep their order. Raises StoreError when some may not have been taken in.
        """
        batches: list[tuple[tuple[Chat, Lane], list[int]]] = []
        latest: dict[Chat, int] = {}
        for number, job in enumerate(jobs):
            at = (job.chat, lane_of(job))
            # A command between two messages keeps them apart, so it has to come in between them.
            if job.chat in latest and batches[latest[job.chat]][0] == at:
                batches[latest[job.chat]][1].append(number)
            else:
                latest[job.chat] = len(batches)
                batches.append((at, [number]))
        went: list[Put] = ["full"] * len(jobs)
        if batches:
            entries = [(*at, [Entry.of(account, jobs[number]) for number in batch]) for at, batch in batches]
            for (_, batch), answers in zip(batches, await queue.put(self._redis, account, entries), strict=True):
                for number, answer in zip(batch, answers, strict=True):
                    went[number] = answer
        return went

    async def replace(self, job: Question) -> Changed:
        """Have `job` take the place of the question with its id in its chat, for it was edited. Raises StoreError.

        A worker that is answering it starts again (`Turn.reread`).
        """
        return await self._changed(job.chat, await queue.replace(self._redis, job))

    async def asked_again(self, chat: Chat, ids: Collection[str]) -> list[Question]:
        """Return the questions that wait in `chat` and ask once more what one of the messages `ids` asked.

        Raises StoreError.
        """
        return await queue.asked_again(self._redis, chat, ids)

    async def remove(self, chat: Chat, id: str) -> Changed:
        """Drop the question `id` of `chat`, for it was deleted. Raises StoreError.

        A worker that is answering it deletes what can be seen of the answer.
        """
        return await self._changed(chat, await queue.remove(self._redis, chat, id))

    async def _changed(self, chat: Chat, changed: Changed) -> Changed:
        if changed == "begun":
            await self._signals.arrived(chat)
        return changed

    async def current(self, chat: Chat) -> tuple[str, Job] | None:
        """Return the first job of the talk in `chat`, with its turn key; None where there is none to be read.

        Raises StoreError.
        """
        async with translate_redis_errors():
            row = await self._redis.lindex(LaneKeys(chat, "talk").queue, 0)
        try:
            entry = Entry.from_row(str(row or ""))
        except ValueError:
            return None
        return entry.key, entry.job

    async def move(self, old: Chat, new: Chat) -> None:
        """The platform gave the chat `old` the id `new`: history, preferences and what waits follow.

        It may be called at any time and again; what a turn still adds to the old chat follows when it ends. Topics
        and threads are chats of their own. Raises StoreError, and is then to be repeated.
        """
        await move(self._redis, old, new)

    async def announce(self, account: str, chat: Chat, lane: Lane = "talk") -> None:
        """Have somebody look at what waits in `chat`; too often is harmless. Raises StoreError."""
        await ready.announce(self._redis, account, chat, lane)

    def look_again(self, chat: Chat) -> None:
        """Have the turn under way in `chat`, where it is ours, find what was put behind it (`Turn.more`)."""
        if (claim := self._held.get((chat, "talk"))) is not None:
            claim.more.set()

    async def busy(self, chat: Chat) -> bool:
        """Whether an answer is under way in `chat`, or waits for its turn. Raises StoreError."""
        async with translate_redis_errors():
            return bool(await self._redis.llen(LaneKeys(chat, "talk").queue))

    async def end_of_turn(self, chat: Chat, seconds: float) -> None:
        """Wait until the turn under way in `chat`, if there is one, has left the queue, for `seconds` at most.

        Raises StoreError.
        """
        ends_at, first = time.monotonic() + seconds, await self.current(chat)
        while first is not None and time.monotonic() < ends_at:
            await asyncio.sleep(END_OF_TURN_SECONDS)
            now = await self.current(chat)
            if now is None or now[0] != first[0]:
                return

    async def forget(self, chat: Chat) -> int:
        """Forget the talk that waits in `chat` while nobody is at work on it; return how much. Raises StoreError."""
        lane = LaneKeys(chat, "talk")
        return int(await queue.FORGET(self._redis, [lane.claim, lane.queue, lane.head]))

    async def wake(self, account: str, chat: Chat, lane: Lane = "talk") -> None:
        """Have the first turn of `chat` taken up: what it waits for has come. Also where it is just being suspended.

        Raises StoreError.
        """
        await WAKE(self._redis, [LaneKeys(chat, lane).head])
        await self.announce(account, chat, lane)

    async def call_back(self, account: str, chat: Chat, turn: str) -> bool:
        """Have a parked turn taken up, by its key; return False where it no longer waits.

        Raises StoreError.
        """
        return await parking.call_back(self._redis, account, chat, turn)

    async def drop_parked(self, chat: Chat) -> int:
        """Forget the turns of `chat` that wait for somebody to decide; return how many. Raises StoreError."""
        lane = LaneKeys(chat, "talk")
        async with translate_redis_errors():
            count = int(await self._redis.hlen(lane.parked))
            await self._redis.delete(lane.parked)
        return count

    async def recall(self, lane: Lane = "talk", *, account: str = "") -> None:
        """Wake every chat in which something waits, of every account or of one. Raises StoreError."""
        async for waiting in ready.waiting(self._redis, lane):
            if account in ("", waiting.account):
                await self.wake(waiting.account, waiting.chat, lane)

    async def backlog(self) -> Backlog:
        """Return how much waits in all queues, and since when. Raises StoreError."""
        return await backlog.backlog(self._redis)

    async def look(self, accounts: Sequence[str], most: int) -> Queues:
        """Return what is under way for `accounts`, `most` answers of each, and how much waits. Raises StoreError."""
        return await under_way.look(self._redis, accounts, most)

    def kept_aside(self) -> AsyncIterator[Kept]:
        """Yield every turn that was given up and is still kept, those of one chat newest first. Raises StoreError."""
        return aside.kept(self._redis)

    async def put_back(self, kept: Kept, account: str = "") -> bool:
        """Have a turn that was given up done after all, at the end of its queue; False where it is no longer kept.

        `account` is needed where the row does not name it. Raises StoreError, ValueError with a sentence for the
        operator where it cannot be put back.
        """
        account, chat, lane = account or kept.aside.account, kept.chat, kept.aside.lane
        if chat is None or not account:
            raise ValueError("it does not say where it belongs")
        if not await aside.put_back(self._redis, kept, account, LaneKeys(chat, lane).queue, queue.QUEUE_SECONDS):
            return False
        await self.announce(account, chat, lane)
        return True

    async def drop_aside(self, kept: Kept) -> bool:
        """Forget a turn that was given up, for good; False where it is no longer kept. Raises StoreError."""
        return await aside.drop(self._redis, kept)

    async def ready(self, accounts: Sequence[str], room: Callable[[], int]) -> AsyncGenerator[Claim, None]:
        """Yield chats that have something to do, as claims that were won. To be closed (`contextlib.aclosing`).

        `room` tells how many more chats to answer are wanted; it may be exceeded by one for each account. Commands
        come whatever it says, up to `MAX_COMMAND_CHATS` chats of them. Never ends by itself: without Redis it waits.
        """
        won: asyncio.Queue[Claim] = asyncio.Queue()
        waiting = Counter[Lane]()

        def free(lane: Lane) -> int:
            if lane == "commands":
                return MAX_COMMAND_CHATS - sum(claim.lane == lane for claim in self._held.values())
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
                waiting[claim.lane] -= 1  # its holder has counted it, before asking for the next
        finally:
            for reader in readers:
                reader.cancel()
            if readers:
                await asyncio.wait(readers)
            while not won.empty():
                await won.get_nowait().release()

    async def close(self) -> None:
        """Keep no claim any more; those not released expire."""
        for claim in list(self._held.values()):
            self._forget(claim)

    async def _read(self, account: str, lane: Lane, free: Callable[[], int], take: Callable[[Claim], None]) -> None:
        """Follow one stream, through whatever happens to Redis."""
        loop, failures, sweep_at, look_at = asyncio.get_running_loop(), 0, 0.0, 0.0
        wait = min(READ_SECONDS, self._ttl / 6)
        while True:
            try:
                if loop.time() >= sweep_at:
                    await ready.prepare(self._redis, account, lane)
                    await self._sweep(account, lane)
                    sweep_at = loop.time() + SWEEP_SECONDS
                if (room := min(free(), MAX_READ)) <= 0:
                    await asyncio.sleep(FULL_SECONDS)
                elif loop.time() >= look_at:
                    if lane == "talk":
                        await ready.wake_due(self._redis, account)
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
                await asyncio.sleep(min(MAX_RETRY_SECONDS, MIN_RETRY_SECONDS * 2 ** min(failures, 10)))
                failures, sweep_at = failures + 1, 0.0
            except Exception:
                log.exception("inbox reader failed", account=account)
                await asyncio.sleep(MAX_RETRY_SECONDS)

    async def _sweep(self, account: str, lane: Lane) -> None:
        """Announce whatever waits, but for turns that are suspended until a time that has not come."""
        async for waiting in ready.waiting(self._redis, lane):
            if waiting.account == account and waiting.until <= time.time():
                await self.announce(account, waiting.chat, lane)

    async def _take_all(
        self, found: list[ReadyMarker], account: str, lane: Lane, take: Callable[[Claim], None], *, fresh: bool
    ) -> None:
        asked = time.monotonic()
        for each, token, went in await self._try_all(found, lane):
            if went == "won":
                claim = Claim(self._redis, each.chat, account, lane, token=token, marker=each.id, ended=self._forget)
                self._hold(claim, asked)
                take(claim)
                continue
            if went.startswith("held:") and fresh and lane == "talk":
                await self._tell_holder(each.chat, went.removeprefix("held:"))
            if went == "empty" or fresh:
                # One that was left may be what its holder took the chat by: it stays, and is looked at again.
                await ready.drop(self._redis, account, lane, each.id)

    async def _tell_holder(self, chat: Chat, token: str) -> None:
        """Have the process that answers in `chat`, and holds it by `token`, look at what else waits there."""
        if token.startswith(f"{self._worker}:"):
            self.look_again(chat)
        else:
            await self._signals.arrived(chat)

    async def _try_all(self, found: Sequence[ReadyMarker], lane: Lane) -> list[tuple[ReadyMarker, str, str]]:
        """Try to take each chat, in one round trip; return with each marker the token and what became of it."""
        tokens, calls = [], []
        for each in found:
            self._taken += 1
            tokens.append(f"{self._worker}:{self._taken}")
            lane_keys = LaneKeys(each.chat, lane)
            calls.append(([lane_keys.claim, lane_keys.queue], (tokens[-1], int(self._ttl * 1000))))
        if not calls:
            return []
        answers = await TAKE.many(self._redis, calls)
        await raise_refusals(answers)
        return list(zip(found, tokens, map(str, answers), strict=True))

    def _hold(self, claim: Claim, asked: float) -> None:
        if (overtaken := self._held.get((claim.chat, claim.lane))) is not None:
            overtaken.lose()  # by ourselves: we slept so long that it expired
        self._held[claim.chat, claim.lane] = claim
        claim.hold = Hold([claim.keys.claim, claim.keys.head], claim.token, self._ttl, claim.lose, asked)
        self._keeper.add(claim.hold)

    def _forget(self, claim: Claim) -> None:
        if claim.hold is not None:
            self._keeper.discard(claim.hold)
        if self._held.get((claim.chat, claim.lane)) is claim:
            del self._held[claim.chat, claim.lane]


async def _whole(work: Coroutine[object, object, None]) -> None:
    """Do it to its end even if we are cancelled meanwhile: what was half taken would wait until its claim expires."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
