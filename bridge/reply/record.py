"""What outlives the process of a reply: where its messages went, so that the next process edits the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


class Record(Protocol):
    """Kept with the turn in Redis. Each call is durable once it returns. Raises StoreError."""

    @property
    def refs(self) -> Sequence[str]:
        """The messages that the reply consists of, the first first."""

    @property
    def begun(self) -> int:
        """How many posts were begun; one more than `refs` where the last may or may not have arrived."""

    @property
    def begun_as(self) -> str:
        """The fingerprint that the post begun last was begun with."""

    @property
    def drops(self) -> int:
        """How many messages of the reply have been deleted so far."""

    @property
    def dropping(self) -> bool:
        """Whether the last message was about to be deleted, so that it may be gone."""

    @property
    def quiet_until(self) -> float:
        """Until when the platform takes nothing for the reply, in seconds since 1970; 0 where it never said so."""

    def ensure_ours(self) -> None:
        """Raise StoreError where another process may have taken the turn over by now; Redis is not asked.

        To be called before each write to the platform, which knows nothing of who has the turn: a process that slept
        would otherwise put its old words over those of the process that took over.
        """

    async def keep_quiet(self, until: float) -> None:
        """Write down that the platform takes nothing for the reply before `until`, in seconds since 1970."""

    async def begin(self, fingerprint: str) -> None:
        """Write down that the next message is about to be posted, and will be known by `fingerprint`."""

    async def posted(self, ref: str) -> None:
        """Write down that the message begun last is now `ref`."""

    async def replaced(self, number: int, ref: str) -> None:
        """Write down that that message, counted from 0, has been posted again, as `ref`."""

    async def drop(self) -> None:
        """Write down that the last message is about to be deleted."""

    async def dropped(self) -> None:
        """Write down that the last message has been deleted."""


@dataclass
class Unrecorded:
    """The record of a reply that need not survive the process; `refs` are messages that it takes the place of."""

    refs: list[str] = field(default_factory=list)
    begun: int = 0
    begun_as: str = ""
    drops: int = 0
    dropping: bool = False
    quiet_until: float = 0.0

    def ensure_ours(self) -> None:
        """Nobody else has it."""

    async def keep_quiet(self, until: float) -> None:
        self.quiet_until = until

    async def begin(self, fingerprint: str) -> None:
        self.begun, self.begun_as = len(self.refs) + 1, fingerprint

    async def posted(self, ref: str) -> None:
        self.refs.append(ref)

    async def replaced(self, number: int, ref: str) -> None:
        self.refs[number] = ref

    async def drop(self) -> None:
        self.dropping = True

    async def dropped(self) -> None:
        self.refs.pop()
        self.begun = len(self.refs)
        self.drops += 1
        self.dropping = False
