"""The last answer of each chat, for as long as something can be done about it: its versions, and where it stands.

It is written by `Turn.done`, in the step that writes the history.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio import Redis

from bridge.events import Source
from bridge.inbound import Said
from bridge.store.errors import translate_redis_errors
from bridge.store.history import Exchange
from bridge.store.keys import ChatKeys
from bridge.store.rows import Row
from bridge.types import Body, Chat

MAX_VERSIONS = 8
"""The most versions of an answer that are kept; the oldest go first."""
MAX_ANSWER_CHARACTERS = 500_000
"""The most characters of JSON that are kept of an answer with all its versions."""
ANSWER_SECONDS = 30 * 86400


class Version(Struct, frozen=True):
    """One of the answers that a question has had."""

    exchange: Exchange
    note: str = ""
    """What stands under it, such as its sources, in Markdown."""
    sources: tuple[Source, ...] = ()
    """What its numbers refer to."""


class Offer(Struct, frozen=True):
    """A message of ours whose buttons are removed once the answer is no longer the last."""

    ref: str
    body: Body
    """What it shows, without the buttons."""
    column: int = 0
    """Which of the answers that are compared stands there, counted from 0."""


class LastAnswer(Struct, frozen=True):
    """The answer that a chat was given last, or the note in its place where none came."""

    key: str
    """The turn key of the turn that wrote it; its buttons carry it, so that those of older answers are known."""
    asked: tuple[Said, ...]
    """The messages that make up its question, each as it reads now."""
    refs: tuple[str, ...] = ()
    """The messages in which it stands, page by page."""
    versions: tuple[Version, ...] = ()
    """Oldest first; none where no answer came."""
    shown: int = 0
    """Which of them stands there, and in the history; counted from 0."""
    offers: tuple[Offer, ...] = ()
    epoch: int = 0
    """The chat's `epoch` when its turn began: it is the last one of that conversation only."""
    columns: tuple[tuple[str, ...], ...] = ()
    """Where several answers are compared: the messages in which each of the versions stands."""
    overheard: int = 0
    """How many of the messages that were overheard here its question is about."""
    until: float = 0.0
    """When the last of them was sent, in seconds since 1970."""

    @property
    def version(self) -> Version | None:
        return self.versions[self.shown] if self.shown < len(self.versions) else None

    def is_about(self, id: str) -> bool:
        """Whether the message `id` is a part of its question."""
        return any(message.id == id for message in self.asked)

    def to_row(self) -> str:
        """The row of what is kept: where it is too large, without its oldest versions or without any."""
        row = ANSWER.encode(self)
        if len(row) <= MAX_ANSWER_CHARACTERS:
            return row
        if not self.versions:
            return ""
        rest = [version for number, version in enumerate(self.versions) if number != (0 if self.shown else 1)]
        only = len(self.versions) == 1
        return replace(self, versions=() if only else tuple(rest), shown=max(0, self.shown - 1)).to_row()


ANSWER = Row(LastAnswer)


def with_version(versions: Sequence[Version], version: Version) -> tuple[Version, ...]:
    """The versions of an answer with one more, within what is kept."""
    return (*versions, version)[-MAX_VERSIONS:]


class Answers:
    """The last answer of every chat. Raises StoreError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def last(self, chat: Chat) -> LastAnswer | None:
        """The last answer of the current conversation in `chat`; None where there is none that is known."""
        keys = ChatKeys(chat)
        async with translate_redis_errors():
            row, epoch = await self._redis.mget(keys.answer, keys.epoch)
        last = read_answer(row)
        return last if last is not None and last.epoch == int(epoch or 0) else None

    async def move(self, old: Chat, new: Chat) -> None:
        """The last answer of `old` is that of `new`, unless `new` has one. May be repeated."""
        source, target = ChatKeys(old), ChatKeys(new)
        async with translate_redis_errors():
            if (answer := read_answer(await self._redis.get(source.answer))) is not None:
                epoch = int(await self._redis.get(target.epoch) or 0)
                asked = tuple(replace(message, chat=new) for message in answer.asked)
                moved = ANSWER.encode(replace(answer, asked=asked, epoch=epoch))
                await self._redis.set(target.answer, moved, ex=ANSWER_SECONDS, nx=True)
                await self._redis.delete(source.answer)


def read_answer(row: str | bytes | None) -> LastAnswer | None:
    """What the row of a chat's last answer says; None where there is none that can be read."""
    try:
        return ANSWER.decode(row) if row else None
    except ValueError:
        return None
