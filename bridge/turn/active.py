"""The answers under way in this process: how to stop one, and how fast all of them are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bridge.reply import Draft
from bridge.types import Chat

CALM_ANSWERS = 50
"""Up to so many answers at once, each is read as it comes."""
BUSY_PAUSE_SECONDS = 0.25
"""Between two reads of one answer when there are more: nobody could see it sooner, and it halves the processor time,
which keeps the first words of others prompt."""


class ActiveAnswers:
    def __init__(self) -> None:
        self._drafts: dict[str, set[Draft]] = {}

    @contextmanager
    def track(self, chat: Chat, draft: Draft) -> Iterator[None]:
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
        """Stop the answers under way in `chat`, if there are any."""
        for draft in self._drafts.get(str(chat), ()):
            draft.stop()

    def pause(self) -> float:
        """Return the seconds that a reader should wait before its next read."""
        return BUSY_PAUSE_SECONDS if len(self._drafts) > CALM_ANSWERS else 0.0
