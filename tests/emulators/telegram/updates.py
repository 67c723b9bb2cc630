"""The queue of updates and the polls that read it: nothing is forgotten until an offset passes it.

Follows telegram-bot-api's Client.cpp (do_get_updates): one poll at a time, a newer one ends the older with 409; an
offset forgets what is below it; a hasty repeat of the same offset is slowed down.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from .envelope import ApiError
from .rules import Rules

_OPTIONAL = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_BY_DEFAULT = frozenset(
    {
        *(
            "message",
            "edited_message",
            "channel_post",
            "edited_channel_post",
            "inline_query",
            "chosen_inline_result",
        ),
        *("callback_query", "shipping_query", "pre_checkout_query", "poll", "poll_answer", "my_chat_member"),
        *("chat_join_request", "chat_boost", "removed_chat_boost", "business_connection", "business_message"),
        *("edited_business_message", "deleted_business_messages", "purchased_paid_media"),
    }
)
_AHEAD = 10
"""An offset this far beyond the last update is still taken at its word; one further on starts from the head."""


@dataclass(frozen=True, slots=True)
class _Update:
    id: int
    body: Any
    expires: float
    once: bool = False
    """Sent once whatever the offset says: a redelivery, or a body that has no usable update_id to confirm."""


class Updates:
    def __init__(self, rules: Rules, now: Callable[[], float], first_id: int = 730_000_001) -> None:
        self._rules, self._now = rules, now
        self._queue: deque[_Update] = deque()
        self._sent: dict[int, Any] = {}
        self._next_id = first_id
        self._poll: asyncio.Future[str] | None = None
        self._last_offset: int | None = None
        self._last_at = 0.0
        self._held = 0
        self._reversed = False
        self._conflict_free_at = 0.0
        self.allowed = _BY_DEFAULT

    @property
    def pending(self) -> int:
        """How many updates wait to be confirmed."""
        return sum(not update.once for update in self._queue)

    def push(self, kind: str, payload: Any, *, life: float | None = None) -> int:
        """Queue an update and return its id; 0 if the bot has not asked for this kind."""
        if kind not in self.allowed:
            return 0
        id = self._new_id()
        self._sent[id] = {"update_id": id, kind: payload}
        self._add(_Update(id, self._sent[id], self._now() + (life or self._rules.update_life)))
        return id

    def push_raw(self, body: Any) -> None:
        """Queue anything at all. ``{"update_id": "next"}`` gets a proper id, every other body stays as it is."""
        id = self._new_id()
        proper = isinstance(body, dict) and body.get("update_id") == "next"
        self._add(
            _Update(id, body | {"update_id": id} if proper else body, self._now() + self._rules.update_life, not proper)
        )

    def redeliver(self, id: int, *, new_id: bool = False) -> None:
        """Send an update once more, confirmed or not; with `new_id` as one of its own. KeyError if unknown."""
        body = self._sent[id]
        if new_id:
            self.push_raw(body | {"update_id": "next"})
        else:
            self._add(_Update(id, body, self._now() + self._rules.update_life, once=True), first=True)

    @contextmanager
    def held(self, *, reverse: bool = False) -> Iterator[None]:
        """Whatever is pushed inside arrives in one batch; with `reverse` in the wrong order."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self._reversed = reverse
            self._wake()

    def clear(self) -> None:
        self._queue.clear()

    def allow(self, kinds: Any) -> None:
        """Take over `allowed_updates`; it stays until it is given again. What is no list changes nothing."""
        if isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds):
            self.allowed = frozenset(kind.lower() for kind in kinds) & (_BY_DEFAULT | _OPTIONAL) or _BY_DEFAULT

    def terminate(self, reason: str) -> None:
        """End the poll that waits, if one does, with a 409 for this reason."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(reason)
        self._poll = None

    async def poll(self, offset: int, limit: int, timeout: float) -> list[Any]:
        """One getUpdates. Raises ApiError 409 when another takes its place."""
        self.terminate("terminated by other getUpdates request; make sure that only one bot instance is running")
        now = self._now()
        if offset == self._last_offset:
            if now < self._last_at + self._rules.repeat_wait:
                timeout = max(timeout, self._rules.repeat_wait)
            if now < self._last_at + self._rules.repeat_hurry:
                limit = 1
        self._last_offset, self._last_at = offset, now
        self._forget(offset)
        deadline = now + timeout
        while not (batch := self._batch(limit)) and (left := deadline - self._now()) > 0:
            waiting = self._poll = asyncio.get_running_loop().create_future()
            await asyncio.wait({waiting}, timeout=left)
            if waiting.done() and waiting.result():
                await self._conflict(waiting.result())
        return batch

    async def _conflict(self, reason: str) -> NoReturn:
        now = self._now()
        if now < self._conflict_free_at:
            await asyncio.sleep(self._rules.conflict_pause)
        else:
            self._conflict_free_at = now + self._rules.conflict_pause
        raise ApiError(409, f"Conflict: {reason}")

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _add(self, update: _Update, *, first: bool = False) -> None:
        if first:
            self._queue.appendleft(update)
        else:
            self._queue.append(update)
        self._wake()

    def _wake(self) -> None:
        if self._poll is not None and not self._poll.done() and not self._held:
            self._poll.set_result("")

    def _forget(self, offset: int) -> None:
        waiting = [update.id for update in self._queue if not update.once]
        if offset < 0:
            gone = set(waiting[:offset])
        elif offset < self._next_id + _AHEAD:
            gone = {id for id in waiting if id < offset}
        else:
            gone = set()
        self._queue = deque(update for update in self._queue if update.once or update.id not in gone)

    def _batch(self, limit: int) -> list[Any]:
        if self._held:
            return []
        now = self._now()
        self._queue = deque(update for update in self._queue if update.expires > now)
        taken: list[_Update] = []
        room = self._rules.batch_bytes
        for update in list(self._queue)[:limit]:
            room -= 50 + len(json.dumps(update.body))
            if room <= 0 and taken:
                break
            taken.append(update)
            if update.once:
                self._queue.remove(update)
        if self._reversed and len(taken) > 1:
            self._reversed = False
            taken.reverse()
        return [update.body for update in taken]
