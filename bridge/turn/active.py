"""The answers under way in this process, and how to stop one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bridge.reply import Draft
from bridge.types import Chat


class ActiveAnswers:
    """The drafts of the answers under way, by chat."""

    def __init__(self) -> None:
        self._drafts: dict[str, dict[Draft, str]] = {}

    @contextmanager
    def track(self, chat: Chat, draft: Draft, key: str) -> Iterator[None]:
        """While inside, `draft` is what a stop in `chat` stops; `key` is its turn's."""
        self._drafts.setdefault(str(chat), {})[draft] = key
        try:
            yield
        finally:
            drafts = self._drafts[str(chat)]
            del drafts[draft]
            if not drafts:
                del self._drafts[str(chat)]

    def stop(self, chat: Chat, key: str = "") -> None:
        """Stop the answers under way in `chat`, if there are any; with `key` only those of this turn."""
        for draft, turn_key in self._drafts.get(str(chat), {}).items():
            if key in ("", turn_key):
                draft.stop()
