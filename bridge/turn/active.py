"""The answers under way in this process, and how to stop one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bridge.reply import Draft
from bridge.types import Chat


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
