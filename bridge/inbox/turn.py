"""One job being done, and everything about it that outlives the process.

The turn's record is a hash beside the queue. It holds the fencing token of the process that took the turn last; every
write checks it: a worker that was overtaken finds out at its next write, and what it wanted to write is not written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from bridge.errors import StoreError
from bridge.inbound import Said
from bridge.inbox import aside
from bridge.inbox.endings import DONE, FAILED, SET_ASIDE, SUSPEND
from bridge.inbox.entry import Entry, Origin
from bridge.inbox.job import Job, Notice, Question
from bridge.inbox.joining import JOIN, MAX_JOINED, following, join
from bridge.inbox.move import move
from bridge.inbox.parking import PARK, PARKED_SECONDS
from bridge.inbox.ready import announce_at
from bridge.inbox.record import Fence, ReplyRecord, Step, StepJournal
from bridge.store import (
    ANSWER_SECONDS,
    CHAT,
    EPOCH_SECONDS,
    HISTORY_SECONDS,
    KEY_LENGTH,
    MAX_EXCHANGES,
    ChatKeys,
    Exchange,
    LastAnswer,
    keys,
    translate_redis_errors,
)
from bridge.usage import Ledger, Spent, count

if TYPE_CHECKING:
    from bridge.inbox.claim import Claim

log = structlog.get_logger(__name__)

UNREADABLE = aside.UNREADABLE
"""The kind of the notice that stands for a job that cannot be read."""


class Turn:
    """The first job of a chat's queue, while it is ours. All calls raise StoreError, ClaimLost where it is not."""

    def __init__(
        self, redis: Redis, claim: Claim, *, fencing_token: str, rows: list[str], head: Mapping[str, str]
    ) -> None:
        row, *behind = rows
        self._behind: list[str] | None = behind
        """What stood behind it when it was handed out, until `join` has looked at it."""
        self.key = row[:KEY_LENGTH]
        """Names the turn for as long as it takes, across restarts: 16 ASCII letters and digits."""
        self.job: Job
        """What is to be done; where that cannot be read, a `Notice` of the kind `UNREADABLE` in its place."""
        self.readable = True
        try:
            self.job = Entry.from_row(row).job
        except ValueError:
            log.warning("queued job unreadable", chat=str(claim.chat))
            self.readable = False
            if not (len(self.key) == KEY_LENGTH and self.key.isascii() and self.key.isalnum()):
                self.key = keys.turn(claim.chat, row)
            origin = Origin.of_row(row)
            self.job = Notice(
                id=f"{UNREADABLE}:{self.key}",
                chat=origin.chat if origin.chat == claim.chat else claim.chat,
                kind=UNREADABLE,
                language=origin.language,
                reply_to=origin.id,
            )
        self.attempt = int(head.get("failures", 0)) + 1
        """1 on the first try, one more for each that failed. One that ended with its process counts in `crashes`."""
        self.crashes = int(head.get("crashes", 0))
        """How often the turn was taken over from a worker that died, or that could not keep its claim."""
        self.delayed = "late" in head
        """Whether it was suspended, or stood behind one that was: question and answer may be far apart by now."""
        self._questions = [self.job] if isinstance(self.job, Question) else []
        self._redis = redis
        self._claim = claim
        self._rows = [row]
        """The entries that the turn takes out of the queue."""
        self._fence = Fence(redis, claim.keys.head, fencing_token, str(claim.chat), claim.expired)
        self._head = head
        self._edits = head.get("edits", "0")
        """How often the question had been edited, while an attempt was under way, when it was last read."""
        self._replies: dict[str, ReplyRecord] = {}
        self._journal = StepJournal(self._fence, head)

    def reply(self, name: str = "") -> ReplyRecord:
        """Return the record of the turn's reply `name`; one turn may have several, such as one for each model compared.

        Raises ValueError where `name` is anything but up to 32 ASCII letters, digits, hyphens and underscores.
        """
        if name not in self._replies:
            self._replies[name] = ReplyRecord(self._fence, name, self._head)
        return self._replies[name]

    async def join(self, unless: Callable[[], bool] = lambda: False) -> bool:
        """Have what waits behind the question and belongs to it join it, and return whether there was something.

        `job` then says all of it, and all of it leaves the queue when the turn ends. Nothing joins where `unless` says
        so once it is known. Of a turn of which people have seen something only what had joined it before does. The
        first call costs no round trip where nothing stood behind the question when the turn was handed out.
        """
        if not self._questions:
            return False
        question, claim = self._questions[0], self._claim
        if (rows := self._behind) is None:
            async with translate_redis_errors():
                rows = cast(list[str], await self._redis.lrange(claim.keys.queue, 1, MAX_JOINED - 1))
        self._behind = None
        if self._is_seen:
            joined = self._head.get("joined", "")
            rows = [row for row in rows if row[:KEY_LENGTH] in joined]
        found = following(question, rows, claim.account)
        if len(found) < len(self._rows):
            return False
        names = [claim.keys.queue, claim.keys.head, ChatKeys(claim.chat).seen]
        count = int(await JOIN(self._redis, names, self._fence.token, *rows[: len(found)]))
        self._fence.check("lost" if count < 0 else "ok")
        if unless():
            await self._fence.write({"joined": self._joined})  # people may change it again
            return False
        if count < len(self._rows):
            return False
        self._rows = [self._rows[0], *rows[:count]]
        self._questions = [question, *found[:count]]
        self.job = join(self._questions)
        ids = " ".join(each.message.id for each in self._questions)
        log.info("messages joined", chat=str(claim.chat), messages=ids)
        return True

    @property
    def _joined(self) -> str:
        return "".join(row[:KEY_LENGTH] for row in self._rows[1:])

    @property
    def _is_seen(self) -> bool:
        """Whether an earlier attempt has left something that people see, or taken a step."""
        return self._head.get("begun", "0") != "0" or "step:0" in self._head

    @property
    def question(self) -> Question:
        """The job, where it is a question: with all that has joined it."""
        assert isinstance(self.job, Question)
        return self.job

    @property
    def messages(self) -> tuple[Said, ...]:
        """The messages that make up the question, those included that have joined it."""
        return tuple(question.message for question in self._questions)

    @property
    def edits(self) -> int:
        """How often the question was edited since the first attempt at it began, as far as it has been read."""
        return int(self._edits)

    @property
    def epoch(self) -> int:
        """The number of the conversation in which the first attempt began."""
        return int(self._head.get("epoch") or 0)

    async def reread(self) -> bool:
        """Read the question again, and return whether it has been edited since; the steps taken are then forgotten."""
        claim = self._claim
        async with translate_redis_errors(), self._redis.pipeline(transaction=True) as pipe:
            pipe.hmget(claim.keys.head, "by", "edits")
            pipe.lrange(claim.keys.queue, 0, len(self._rows) - 1)
            (by, edits), rows = await pipe.execute()
        self._fence.check("lost" if by != self._fence.token else "ok")
        if (edits or "0") == self._edits:
            return False
        self._edits = edits
        self._rows = cast(list[str], rows)
        jobs = [Entry.from_row(row).job for row in self._rows]
        questions = [job for job in jobs if isinstance(job, Question)]
        self._questions = [job for job in questions if job.action != "deleted"] or questions[:1]
        self.job = join(self._questions)
        await self._journal.forget(read=self._edits)
        return True

    async def more(self) -> None:
        """Wait until something new waits behind the turn."""
        await self._claim.more.wait()
        self._claim.more.clear()

    @property
    def steps(self) -> list[Step]:
        """The steps taken by earlier attempts and by this one, in the order in which they were begun."""
        return self._journal.steps

    async def begin_step(self, id: str) -> None:
        """Write down that the step `id` is about to be taken, unless it was begun before.

        Raises ValueError where the turn has `MAX_STEPS` steps already.
        """
        await self._journal.begin(id)

    async def finish_step(self, id: str, result: str) -> str:
        """Write down what the step `id` gave; return what is kept of it, `MAX_RESULT_BYTES` of UTF-8 at most.

        Raises ValueError where it was not begun.
        """
        return await self._journal.finish(id, result)

    async def note_step(self, id: str, result: str) -> None:
        """Write down what a step gave that has no effect which could be lost.

        Raises ValueError where there are too many, or the result is longer than `MAX_RESULT_BYTES`.
        """
        await self._journal.note(id, result)

    async def done(
        self,
        exchange: Exchange | None = None,
        *,
        replaces: str = "",
        answer: LastAnswer | None = None,
        seconds: int = HISTORY_SECONDS,
        spent: Sequence[Spent] = (),
    ) -> bool:
        """End the turn: in one step it leaves the queue, `exchange` enters the history, and `answer` is kept.

        It enters the conversation in which the turn began, for `seconds`, also where another one is current by now, and
        none where that has been deleted. The exchange whose id is `replaces` goes, with those after it; where there is
        no `exchange`, it alone. An `answer` to nothing (`LastAnswer.asked`) drops what was kept of the last one.
        `spent` is counted in the same round trip. A job that could not be read is kept for an operator. May be called
        again when it raised StoreError.

        False where the question has been edited since `reread`: the turn goes on.
        """
        if not self.readable:
            await self.set_aside(UNREADABLE)
            return True
        claim, chat = self._claim, ChatKeys(self._claim.chat)
        row, id = (exchange.to_row(), exchange.id) if exchange is not None else ("", "")
        kept = "" if answer is None else answer.to_row() if answer.asked else "-"
        lane = claim.keys
        names = [lane.queue, lane.head, chat.history, chat.epoch, chat.moved, chat.answer, chat.kept, chat.about]
        bounds = (MAX_EXCHANGES, seconds)
        rest = (self._joined, self._edits, kept, ANSWER_SECONDS, EPOCH_SECONDS)
        args = (self._fence.token, row, id, replaces, *bounds, *rest)
        went, moved = await self._end_and_count(names, args, spent) if spent else await DONE(self._redis, names, *args)
        if went == "edited":
            return False
        self._fence.check(went)
        if moved:
            await move(self._redis, claim.chat, CHAT.decode(moved))
        return True

    async def _end_and_count(
        self, names: Sequence[str], args: Sequence[str | int], spent: Sequence[Spent]
    ) -> tuple[str, str]:
        """Run `DONE` and count `spent`, in one round trip. That the turn ends does not depend on the counting."""
        async with translate_redis_errors():
            pipe = self._redis.pipeline(transaction=False)
            DONE.add_to(pipe, names, *args)
            count(pipe, self.key, spent)
            ended, counted = await pipe.execute(raise_on_error=False)
            if isinstance(ended, Exception) and not isinstance(ended, NoScriptError):
                raise ended
        try:
            if isinstance(counted, NoScriptError):
                await Ledger(self._redis).count(self.key, spent)
            elif isinstance(counted, Exception):
                async with translate_redis_errors():
                    raise counted
        except StoreError as error:
            log.warning("usage not counted", chat=str(self._claim.chat), error=str(error))
        if isinstance(ended, NoScriptError):
            ended = await DONE(self._redis, names, *args)
        return cast(tuple[str, str], ended)

    async def set_aside(self, why: str) -> None:
        """Give the turn up: it leaves the queue for a short list that an operator may look at."""
        claim = self._claim
        rows = [aside.aside(why, self.attempt, claim.account, claim.lane, row) for row in self._rows]
        kept = [claim.keys.queue, claim.keys.head, ChatKeys(claim.chat).aside]
        bounds = (aside.MAX_ASIDE, aside.ASIDE_SECONDS)
        went = await SET_ASIDE(self._redis, kept, self._fence.token, self._joined, *bounds, *rows)
        self._fence.check(went)
        log.warning("turn set aside", chat=str(claim.chat), why=why, attempt=self.attempt, crashes=self.crashes)

    async def rest(self, seconds: float) -> None:
        """Wait before the attempt does anything: a process that dies meanwhile counts as no crash of the turn's."""
        await self._fence.write({"resting": 1})
        await asyncio.sleep(seconds)
        await self._fence.write({}, "resting")

    async def failed(self) -> None:
        """Count the attempt as failed by an error of ours; `Claim.next` then hands the turn out once more.

        Asking `Claim.next` for a turn that has not ended comes to the same.
        """
        self._fence.check(await FAILED(self._redis, [self._claim.keys.head], self._fence.token))

    async def park(self) -> bool:
        """Leave the queue, record and all, until `Inbox.call_back`: what stands behind is answered meanwhile.

        The attempt does not count. Where it was called back while it was under way, it is handed out again at once.
        False where the question has been edited since `reread`: the turn goes on.
        """
        lane = self._claim.keys
        names = [lane.queue, lane.head, lane.parked]
        went = await PARK(self._redis, names, self._fence.token, self._joined, PARKED_SECONDS, self._edits)
        if went == "edited":
            return False
        self._fence.check(went)
        return True

    async def suspend(self, until: float | None) -> None:
        """Wait, first in the queue, until `until` (seconds since 1970): the chat is let go, the attempt not counted.

        It is taken up sooner where something new is put into the chat, and by `Inbox.wake` and `Inbox.recall`, also
        where they were called while this attempt was under way. Where `until` is None those are what it waits for;
        it is then also taken up when a reader starts, and each time that all queues are looked through.
        """
        claim = self._claim
        if until is not None:
            # Before it is suspended: should we die between the two, it is announced once too often, and not never.
            await announce_at(self._redis, claim.account, claim.chat, claim.lane, until)
        went, woken = await SUSPEND(
            self._redis,
            [claim.keys.claim, claim.keys.head],
            self._fence.token,
            claim.token,
            "" if until is None else f"{until:.3f}",
        )
        self._fence.check(went)
        await claim.let_go(announced=bool(woken))
