"""What was said while nobody listened: for every chat in use, the id of the last message that is safe.

The mark moves when the bridge asks for the next message, for then the last one is in its inbox. After a new
session each such chat's history is read from its mark on, while its live messages wait their turn behind it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bridge.channel import Memory
from bridge.errors import StoreError
from bridge.types import Chat, IncomingMessage

log = structlog.get_logger(__name__)

MOST_MARKS = 200
"""Chats that are caught up with; the one that has been silent longest is forgotten first."""
_PREFIX = "seen."


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message for the bridge, and where it stands in its channel; `id` 0 where no history holds it."""

    message: IncomingMessage
    channel: int
    id: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    id: int
    chat: Chat

    def to_json(self) -> str:
        chat = {
            "id": self.chat.id,
            "thread": self.chat.thread,
            "direct": self.chat.direct,
            "title": self.chat.title,
        }
        return json.dumps({"id": self.id, "chat": chat})

    @classmethod
    def from_json(cls, text: str, name: str) -> Mark:
        data = json.loads(text)
        return cls(int(data["id"]), Chat(name, **data["chat"]))


class Marks:
    """How far each channel has been read. Kept in the memory, one entry a channel."""

    def __init__(self, memory: Memory, name: str) -> None:
        self._memory, self._name = memory, name
        self._marks: dict[int, Mark] = {}

    async def load(self) -> dict[int, Mark]:
        """All marks, the most recent first; another process may have moved them. Raises StoreError."""
        found = await self._kept()
        self._marks = dict(sorted(found.items(), key=lambda item: -item[1].id))
        return dict(self._marks)

    async def knows(self, chat: Chat) -> bool:
        """Whether `chat` is one of those that are caught up with. Raises StoreError."""
        return any(mark.chat == chat for mark in (await self._kept()).values())

    async def _kept(self) -> dict[int, Mark]:
        found: dict[int, Mark] = {}
        for key, text in (await self._memory.names(_PREFIX)).items():
            try:
                found[int(key.removeprefix(_PREFIX))] = Mark.from_json(text, self._name)
            except (ValueError, KeyError, TypeError):
                log.warning("a mark cannot be read", key=key)
        return found

    async def meets(self, arrival: Arrival) -> None:
        """The bridge is about to be given it. A channel's first message too must be found again if that fails."""
        if arrival.id and arrival.message.addressed and arrival.channel not in self._marks:
            await self.move(arrival.channel, Mark(arrival.id - 1, arrival.message.chat))

    async def passed(self, arrival: Arrival) -> None:
        """The bridge has it. Only being addressed makes a channel one of those that are caught up with."""
        known = self._marks.get(arrival.channel)
        if arrival.id == 0 or (known is None and not arrival.message.addressed):
            return
        await self.move(arrival.channel, Mark(arrival.id, arrival.message.chat))

    async def move(self, channel: int, mark: Mark) -> None:
        known = self._marks.get(channel)
        if known is not None and known.id >= mark.id:
            return
        self._marks[channel] = mark
        try:
            await self._memory.put(f"{_PREFIX}{channel}", mark.to_json())
        except StoreError as error:
            log.warning("a mark was not kept; messages may be delivered again", error=str(error))
        while len(self._marks) > MOST_MARKS:
            await self.forget(min(self._marks, key=lambda each: self._marks[each].id))

    async def forget(self, channel: int) -> None:
        """The channel is no longer there, or has been silent for too long."""
        self._marks.pop(channel, None)
        try:
            await self._memory.forget(f"{_PREFIX}{channel}")
        except StoreError as error:
            log.warning("a mark was not forgotten", error=str(error))


@dataclass(frozen=True, slots=True)
class Missed:
    """What a channel's history holds after its mark: what to answer, and what is too old or too much for it."""

    answer: list[IncomingMessage]
    skipped: list[IncomingMessage]


def bounded(messages: list[IncomingMessage], hours: float, most: int) -> Missed:
    """Of `messages`, oldest first, the newest `most` that are younger than `hours`."""
    since = time.time() - hours * 3600
    fresh = [each for each in messages if each.sent_at >= since]
    answered = min(most, len(fresh))
    first = len(messages) - answered
    return Missed(messages[first:], messages[:first])


class Holding:
    """Lets arrivals through, but holds those of a channel that is still behind until it has caught up."""

    def __init__(self, deliver: Callable[[Arrival], None]) -> None:
        self._deliver = deliver
        self._all = False
        self._held: dict[int, list[Arrival]] = {}
        self._behind: set[int] = set()

    def begin(self) -> None:
        """A new session: until it is known which channels are behind, all of them may be."""
        self._all = True

    def behind(self, channels: set[int]) -> None:
        """Only these are; let the others through."""
        self._all, self._behind = False, channels
        for channel in [each for each in self._held if each not in channels]:
            self.caught_up(channel, [])

    def arrived(self, arrival: Arrival) -> None:
        if arrival.id and (self._all or arrival.channel in self._behind):
            self._held.setdefault(arrival.channel, []).append(arrival)
        else:
            self._deliver(arrival)

    def caught_up(self, channel: int, missed: list[Arrival]) -> None:
        """Deliver what was missed and what came meanwhile, in order, each once."""
        self._behind.discard(channel)
        whole = {each.id: each for each in [*missed, *self._held.pop(channel, [])]}
        for id in sorted(whole):
            self._deliver(whole[id])
