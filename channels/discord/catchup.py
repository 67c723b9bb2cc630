"""Reads what was said while nobody listened, from each marked channel's history.

Meanwhile that channel's live messages wait (`arrivals.ChannelOrder`). What is too old, or too much, is skipped, and
the people there are told so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import discord
import structlog

from bridge.channel import Host
from bridge.errors import ChannelError, Gone, Refused, StoreError
from bridge.inbound import Said
from bridge.types import Body, Chat
from bridge.words import language_of
from channels.discord.arrivals import Arrival, ChannelOrder
from channels.discord.calls import call
from channels.discord.incoming import Reader, is_by_person
from channels.discord.marks import Mark, Marks
from channels.discord.places import Places
from channels.discord.senders import SenderGroups, is_admitted
from channels.discord.settings import Settings
from channels.discord.tasks import Tasks
from channels.discord.words import SKIPPED

log = structlog.get_logger(__name__)

MAX_PAGE = 100
"""The most messages that one call for a channel's history may return."""
MAX_AT_ONCE = 4
"""Channels that are caught up with at the same time."""
MAX_TRIES = 6
"""For one channel's history: for about half a minute."""
MARKS_RETRY_SECONDS = 1.0


class Post(Protocol):
    """`Channel.post`, as far as it is needed here."""

    async def __call__(self, chat: Chat, body: Body, *, key: str, reply_to: str, final: bool) -> object: ...


@dataclass(frozen=True, slots=True)
class Missed:
    """What a channel's history holds after its mark: what to answer, and what is too old or too much for it."""

    answer: list[Said]
    skipped: list[Said]


def newest(messages: list[Said], hours: float, most: int) -> Missed:
    """Answer, of `messages`, oldest first, the newest `most` that are younger than `hours`."""
    since = time.time() - hours * 3600
    fresh = [each for each in messages if each.sent_at >= since]
    first = len(messages) - min(most, len(fresh))
    return Missed(messages[first:], messages[:first])


class CatchUp:
    """Brings the channels of one listener up to date, after each new session of the gateway."""

    def __init__(
        self,
        host: Host,
        settings: Settings,
        *,
        reader: Reader,
        places: Places,
        marks: Marks,
        order: ChannelOrder,
        post: Post,
        set_aside: Callable[[str, Exception], None],
        tasks: Tasks,
    ) -> None:
        self._host, self._settings, self._post = host, settings, post
        self._reader, self._places, self._marks, self._order = reader, places, marks, order
        self._set_aside, self._tasks = set_aside, tasks
        self._loading: asyncio.Task[dict[int, Mark]] | None = None

    def begin(self) -> None:
        """A new session has begun: hold everything back until it is known which channels are behind."""
        self._order.hold_all()
        self._loading = self._tasks.start(self._load())

    def run(self, client: discord.Client) -> None:
        """The session is ready: read the histories with `client`, in the background."""
        if self._loading is not None:
            self._tasks.start(self._run(client, self._loading))

    async def marks_loaded(self) -> None:
        """Wait until the marks of this session are known."""
        if self._loading is not None:
            await self._loading

    async def _load(self) -> dict[int, Mark]:
        """Find out which channels may be behind; messages of the others need not wait."""
        while True:
            try:
                marks = await self._marks.load()
                break
            except StoreError as error:
                log.warning("marks cannot be read", error=str(error))
                await asyncio.sleep(MARKS_RETRY_SECONDS)
        self._order.hold(marks)
        return marks

    async def _run(self, client: discord.Client, loading: asyncio.Task[dict[int, Mark]]) -> None:
        gate = asyncio.Semaphore(MAX_AT_ONCE)
        await asyncio.gather(*(self._read(client, id, mark, gate) for id, mark in (await loading).items()))

    async def _read(self, client: discord.Client, id: int, mark: Mark, gate: asyncio.Semaphore) -> None:
        missed: list[Arrival] = []
        try:
            async with gate:
                missed = await self._missed(client, id, mark)
        except (Gone, Refused) as error:
            log.info("a chat can no longer be read", chat=str(mark.chat), error=str(error))
            await self._marks.forget(id)
        except (ChannelError, StoreError) as error:
            log.warning("a chat could not be caught up with", chat=str(mark.chat), error=str(error))
        finally:
            self._order.release(id, missed)

    async def _missed(self, client: discord.Client, id: int, mark: Mark) -> list[Arrival]:
        channel = client.get_channel(id)
        place = channel if isinstance(channel, discord.abc.Messageable) else client.get_partial_messageable(id)
        self._places.learn(mark.chat, id)
        messages = [each for each in await self._history(place, mark) if is_by_person(each)]
        messages.sort(key=lambda each: each.id)
        limits = self._settings
        found = newest(
            list(self._addressed(messages, mark)), limits.discord_catch_up_hours, limits.discord_catch_up_messages
        )
        groups = SenderGroups(self._host, getattr(place, "guild", None))
        if found.skipped:
            if await is_admitted(self._host, await groups.added_to(found.skipped[-1])):
                await self._tell(mark, found.skipped)
            await self._marks.move(id, Mark(int(found.skipped[-1].id), mark.chat))
        if found.answer:
            log.info("catching up", chat=str(mark.chat), messages=len(found.answer))
        return [Arrival(await groups.added_to(each), id, int(each.id)) for each in found.answer]

    def _addressed(self, messages: Sequence[discord.Message], mark: Mark) -> Iterator[Said]:
        for message in messages:
            try:
                said = self._reader.said(message, mark.chat)
            except Exception as error:  # noqa: BLE001 - whatever it holds, the next one must work
                self._set_aside("history", error)
            else:
                if said is not None and said.addressed:
                    yield said

    async def _history(self, place: discord.abc.Messageable, mark: Mark) -> list[discord.Message]:
        """The newest page of what came after the mark."""

        async def page() -> list[discord.Message]:
            after = discord.Object(mark.id)
            return [each async for each in place.history(limit=MAX_PAGE, after=after, oldest_first=False)]

        for attempt in range(MAX_TRIES):
            try:
                return await call(page())
            except (Gone, Refused):
                raise
            except ChannelError:
                if attempt == MAX_TRIES - 1:
                    raise
                await asyncio.sleep(2**attempt)
        return []

    async def _tell(self, mark: Mark, skipped: Sequence[Said]) -> None:
        """Say that some of what came while nobody listened will not be answered."""
        last = skipped[-1]
        language = self._settings.bridge_language or language_of(last.language)
        sentence = SKIPPED[language].format(count=len(skipped))
        log.info("messages were skipped", chat=str(mark.chat), count=len(skipped))
        try:
            await self._post(mark.chat, Body(sentence), key=f"s{last.id}", reply_to=last.id, final=True)
        except ChannelError as error:
            log.warning("could not tell of skipped messages", chat=str(mark.chat), error=str(error))
