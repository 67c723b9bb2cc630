"""What outlives us of a turn, in the hash beside its queue: where its replies stand, and which steps were taken.

Every write checks the fencing token: a worker that was overtaken finds out at its next write, and what it wanted to
write is not written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from bridge.inbox.errors import ClaimLost
from bridge.store import Script

MAX_STEPS = 64
"""The most steps of one turn."""
MAX_RESULT_BYTES = 64_000
"""The most bytes of UTF-8 that are kept of one step's result; what exceeds them is cut off."""

_OF_MESSAGES = frozenset({"ref", "begun", "begun_as", "drops", "dropping"})
"""The fields of `ReplyRecord`, up to the reply's name."""
_NAME = re.compile(r"[A-Za-z0-9_-]{0,32}")

WRITE = Script("""
-- KEYS head; ARGV fencing token, how many fields are set, each with its value, then the fields that are deleted
if redis.call('HGET', KEYS[1], 'by') ~= ARGV[1] then return 'lost' end
local last = 2 + 2 * ARGV[2]
for at = 3, last, 2 do redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1]) end
for at = last + 1, #ARGV do redis.call('HDEL', KEYS[1], ARGV[at]) end
return 'ok'
""")


class Fence:
    """The hash of one turn, for as long as the turn is ours."""

    def __init__(self, redis: Redis, head: str, fencing_token: str, chat: str, expired: Callable[[], bool]) -> None:
        """`expired` tells, without asking Redis, whether the turn may be another's by now."""
        self.token = fencing_token
        self._expired = expired
        self._redis = redis
        self._head = head
        self._chat = chat

    async def write(self, fields: Mapping[str, str | int], *deleted: str) -> None:
        """Set `fields` and delete others, in one step. Raises ClaimLost where the turn is another's, StoreError."""
        pairs = [each for pair in fields.items() for each in pair]
        self.check(await WRITE(self._redis, [self._head], self.token, len(fields), *pairs, *deleted))

    def ensure_ours(self) -> None:
        """Raises ClaimLost where the turn may be another's by now."""
        if self._expired():
            raise ClaimLost(f"another worker may answer in {self._chat}")

    def check(self, went: str) -> None:
        """Raises ClaimLost where a script found that the turn is another's."""
        if went == "lost":
            raise ClaimLost(f"another worker answers in {self._chat}")


class ReplyRecord:
    """The record of one of a turn's replies, as `bridge.reply.Record` wants it. Raises StoreError, ClaimLost."""

    def __init__(self, fence: Fence, name: str, head: Mapping[str, str]) -> None:
        """Raises ValueError where `name` is anything but up to 32 ASCII letters, digits, hyphens and underscores."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"not the name of a reply: {name!r}")
        self._fence = fence
        self._begun = f"begun:{name}" if name else "begun"
        self._ref = f"ref:{name}:" if name else "ref:"
        self._begun_as = f"begun_as:{name}" if name else "begun_as"
        self._drops = f"drops:{name}" if name else "drops"
        self._dropping = f"dropping:{name}" if name else "dropping"
        self.refs: list[str] = []
        """The messages posted by this attempt and earlier ones, page by page."""
        while (ref := head.get(f"{self._ref}{len(self.refs)}")) is not None:
            self.refs.append(ref)
        self.begun = int(head.get(self._begun, 0))
        """Posts begun: where it exceeds `refs`, the last of them may or may not have arrived."""
        self.begun_as = head.get(self._begun_as, "")
        """What the post begun last is known by; empty where it can be edited to show anything."""
        self.drops = int(head.get(self._drops, 0))
        """How many messages of the reply have been deleted so far."""
        self.dropping = self._dropping in head
        """Whether the last page was about to be deleted, so that it may be gone."""
        self.quiet_until = float(head.get("quiet", 0))
        """Until when the platform takes nothing for the turn, in seconds since 1970."""

    def ensure_ours(self) -> None:
        """Raises ClaimLost where the turn may be another's by now; Redis is not asked."""
        self._fence.ensure_ours()

    async def keep_quiet(self, until: float) -> None:
        """Write down that the platform takes nothing for the turn before `until`, in seconds since 1970."""
        await self._fence.write({"quiet": math.ceil(until)})  # too early would begin another limit
        self.quiet_until = until

    async def begin(self, fingerprint: str = "") -> None:
        """Write down that the next page is about to be posted, and will be known by `fingerprint`."""
        begun = len(self.refs) + 1
        if fingerprint or self.begun_as:
            await self._fence.write({self._begun: begun, self._begun_as: fingerprint})
        else:
            await self._fence.write({self._begun: begun})
        self.begun, self.begun_as = begun, fingerprint

    async def posted(self, ref: str) -> None:
        """Write down that the page begun last is now `ref`."""
        page = len(self.refs)
        await self._fence.write({self._begun: page + 1, f"{self._ref}{page}": ref})
        self.refs.append(ref)
        self.begun = page + 1

    async def replaced(self, page: int, ref: str) -> None:
        """Write down that that page, counted from 0, has been posted again, as `ref`."""
        await self._fence.write({f"{self._ref}{page}": ref})
        self.refs[page] = ref

    async def adopt(self, refs: Sequence[str]) -> None:
        """Have the reply, of which nothing was posted yet, take the place of what stands in the messages `refs`."""
        await self._fence.write({self._begun: len(refs), **{f"{self._ref}{at}": ref for at, ref in enumerate(refs)}})
        self.refs, self.begun = list(refs), len(refs)

    async def renounce(self) -> None:
        """Write down that the messages of the reply are no longer there, so that it is posted again."""
        drops = self.drops + len(self.refs)
        gone = [f"{self._ref}{page}" for page in range(len(self.refs))]
        await self._fence.write({self._begun: 0, self._drops: drops}, *gone, self._dropping)
        self.refs, self.begun, self.drops, self.dropping = [], 0, drops, False

    async def drop(self) -> None:
        """Write down that the last page is about to be deleted."""
        await self._fence.write({self._dropping: 1})
        self.dropping = True

    async def dropped(self) -> None:
        """Write down that the last page has been deleted."""
        left = len(self.refs) - 1
        gone = (f"{self._ref}{left}", self._dropping)
        await self._fence.write({self._begun: left, self._drops: self.drops + 1}, *gone)
        self.refs.pop()
        self.begun = left
        self.drops += 1
        self.dropping = False


def without_messages(head: Mapping[str, str]) -> dict[str, str]:
    """Return a turn's record for where the messages of its replies are of no use any more; they count as deleted."""
    stood = sum(name.startswith("ref:") for name in head)
    kept = {name: value for name, value in head.items() if name.partition(":")[0] not in _OF_MESSAGES}
    return kept | {"begun": "0", "drops": str(int(head.get("drops", 0)) + stood)}


@dataclass(frozen=True, slots=True)
class Step:
    """Something with an effect that a turn does on the way to its answer, such as calling a tool."""

    id: str
    result: str | None = None
    """None where it was begun and not finished: whether it had its effect is not known."""


class StepJournal:
    """The steps of a turn. Raises StoreError, ClaimLost."""

    def __init__(self, fence: Fence, head: Mapping[str, str]) -> None:
        self._fence = fence
        self.steps: list[Step] = []
        """In the order in which they were begun, by earlier attempts and by this one."""
        while (id := head.get(f"step:{len(self.steps)}")) is not None:
            self.steps.append(Step(id, head.get(f"result:{len(self.steps)}")))

    async def begin(self, id: str) -> None:
        """Write down that the step `id` is about to be taken, unless it was begun before.

        Raises ValueError where the turn has `MAX_STEPS` steps already.
        """
        if self._find(id) is not None:
            return
        number = len(self.steps)
        if number >= MAX_STEPS:
            raise ValueError(f"a turn has at most {MAX_STEPS} steps")
        await self._fence.write({f"step:{number}": id})
        self.steps.append(Step(id))

    async def finish(self, id: str, result: str) -> str:
        """Write down what the step `id` gave; return as much as is kept. Raises ValueError where it was not begun."""
        number = self._find(id)
        if number is None:
            raise ValueError(f"the step {id!r} was not begun")
        kept = result.encode(errors="replace")[:MAX_RESULT_BYTES].decode(errors="ignore")
        await self._fence.write({f"result:{number}": kept})
        self.steps[number] = Step(id, kept)
        return kept

    async def note(self, id: str, result: str) -> None:
        """Write down a step without an effect that could be lost, begun and finished in one.

        Raises ValueError where the turn has `MAX_STEPS` steps already, or `result` is too long to be kept whole.
        """
        number = len(self.steps)
        if number >= MAX_STEPS or len(result.encode()) > MAX_RESULT_BYTES:
            raise ValueError("too many steps, or too long a result")
        await self._fence.write({f"step:{number}": id, f"result:{number}": result})
        self.steps.append(Step(id, result))

    async def forget(self, read: str) -> None:
        """Forget the steps: the question is read as it is after `read` edits, and they were for what it was before."""
        fields = [f"{name}:{number}" for number in range(len(self.steps)) for name in ("step", "result")]
        await self._fence.write({"read": read}, *fields)
        self.steps.clear()

    def _find(self, id: str) -> int | None:
        return next((number for number, step in enumerate(self.steps) if step.id == id), None)
