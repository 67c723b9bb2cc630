"""What outlives us of a reply: where its pages went, so that whoever takes over edits the same messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


class Record(Protocol):
    """Kept with the turn in Redis. Each call is remembered once it returns. Raises StoreError."""

    @property
    def refs(self) -> Sequence[str]:
        """The messages that hold the reply's pages, first page first."""

    @property
    def begun(self) -> int:
        """Posts begun; one more than `refs` where the last of them may or may not have arrived."""

    async def begin(self) -> None:
        """The next page is about to be posted."""

    async def posted(self, ref: str) -> None:
        """The page begun last is now `ref`."""

    async def replaced(self, page: int, ref: str) -> None:
        """That page has been posted anew, as `ref`."""

    async def dropped(self) -> None:
        """The last page has been taken back."""


@dataclass
class Unrecorded:
    """The record of a reply that need not survive us; `refs` are messages it takes the place of."""

    refs: list[str] = field(default_factory=list)
    begun: int = 0

    async def begin(self) -> None:
        self.begun = len(self.refs) + 1

    async def posted(self, ref: str) -> None:
        self.refs.append(ref)

    async def replaced(self, page: int, ref: str) -> None:
        self.refs[page] = ref

    async def dropped(self) -> None:
        self.refs.pop()
