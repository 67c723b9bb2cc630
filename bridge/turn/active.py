"""The answers that are being given in this process: how to stop one, and how fast all of them should be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bridge.reply import Draft
from bridge.types import Chat

CALM = 50
"""Up to so many answers at once, each is read as it comes."""
PAUSE = 0.25
"""Seconds between two reads of one answer when there are more: nobody could see it sooner, and it halves the
processor time, which keeps the first words of others prompt."""


class Running:
    def __init__(self) -> None:
        self._drafts: dict[str, set[Draft]] = {}

    @contextmanager
    def watch(self, chat: Chat, draft: Draft) -> Iterator[None]:
        """While inside, `draft` is what a stop in `chat` stops."""
        self._drafts.setdefault(str(chat), set()).add(draft)
        try:
            yield
        finally:
            drafts = self._drafts[str(chat)]
            drafts.discard(draft)
            if not drafts:
                del self._drafts[str(chat)]

    def stop(self, chat: Chat) -> None:
        """Stop what is being said in `chat`, if anything is."""
        for draft in self._drafts.get(str(chat), ()):
            draft.stop()

    def pause(self) -> float:
        """Seconds that a reader should wait before its next read."""
        return PAUSE if len(self._drafts) > CALM else 0.0

    def __len__(self) -> int:
        return len(self._drafts)
