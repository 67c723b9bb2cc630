"""How far each channel has been read: for every chat in use, the id of the last message that is safe.

A mark moves when the bridge asks for the next message, for then the last one is in its inbox. After a new session
each such chat's history is read from its mark on (`catchup`).
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import structlog

from bridge.channel import Memory
from bridge.errors import StoreError
from bridge.inbound import Said
from bridge.types import Chat
from channels.discord.arrivals import Arrival

log = structlog.get_logger(__name__)

MAX_MARKS = 200
"""Chats that are caught up with; the one that has been silent longest is forgotten first."""
_PREFIX = "seen."


@dataclass(frozen=True, slots=True)
class Mark:
    id: int
    chat: Chat


class _Place(msgspec.Struct):
    id: str
    thread: str = ""
    direct: bool = False
    title: str = ""


class _Row(msgspec.Struct):
    """A mark as it is kept, JSON; unknown fields are passed over."""

    id: int
    chat: _Place
    v: int = 1


class Marks:
    """The marks of one account. Kept in the memory, one entry a channel."""

    def __init__(self, memory: Memory, name: str) -> None:
        self._memory, self._name = memory, name
        self._marks: dict[int, Mark] = {}

    async def load(self) -> dict[int, Mark]:
        """All marks, the most recent first; another process may have moved them. Raises StoreError."""
        found = await self._kept()
        self._marks = dict(sorted(found.items(), key=lambda item: -item[1].id))
        return dict(self._marks)

    async def holds(self, chat: Chat) -> bool:
        """Whether `chat` is one of those that are caught up with. Raises StoreError."""
        return any(mark.chat == chat for mark in (await self._kept()).values())

    def chat_in(self, channel: int) -> Chat | None:
        """The chat that a marked channel holds; None where the channel has no mark."""
        mark = self._marks.get(channel)
        return mark.chat if mark is not None else None

    async def before(self, arrival: Arrival) -> None:
        """The bridge is about to get it: a channel's first message must be found again too if that fails."""
        message = arrival.event
        if arrival.id and isinstance(message, Said) and message.addressed and arrival.channel not in self._marks:
            await self.move(arrival.channel, Mark(arrival.id - 1, message.chat))

    async def after(self, arrival: Arrival) -> None:
        """The bridge has it. Only a message to the bot makes its channel one of those that are caught up with."""
        message = arrival.event
        if arrival.id and isinstance(message, Said) and (message.addressed or arrival.channel in self._marks):
            await self.move(arrival.channel, Mark(arrival.id, message.chat))

    async def move(self, channel: int, mark: Mark) -> None:
        """Set the channel's mark, unless it is further on already."""
        known = self._marks.get(channel)
        if known is not None and known.id >= mark.id:
            return
        self._marks[channel] = mark
        chat = mark.chat
        row = _Row(mark.id, _Place(chat.id, chat.thread, chat.direct, chat.title))
        try:
            await self._memory.put(f"{_PREFIX}{channel}", msgspec.json.encode(row).decode())
        except StoreError as error:
            log.warning("a mark was not kept; messages may be delivered again", error=str(error))
        while len(self._marks) > MAX_MARKS:
            await self.forget(min(self._marks, key=lambda each: self._marks[each].id))

    async def forget(self, channel: int) -> None:
        """The channel is no longer there, or has been silent for too long."""
        self._marks.pop(channel, None)
        try:
            await self._memory.forget(f"{_PREFIX}{channel}")
        except StoreError as error:
            log.warning("a mark was not forgotten", error=str(error))

    async def _kept(self) -> dict[int, Mark]:
        found: dict[int, Mark] = {}
        for key, text in (await self._memory.names(_PREFIX)).items():
            try:
                row = msgspec.json.decode(text, type=_Row)
                chat = Chat(self._name, row.chat.id, row.chat.thread, direct=row.chat.direct, title=row.chat.title)
                found[int(key.removeprefix(_PREFIX))] = Mark(row.id, chat)
            except (ValueError, msgspec.DecodeError):
                log.warning("a mark cannot be read", key=key)
        return found
