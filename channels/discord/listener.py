"""What happens on Discord, as one stream: messages, their edits and deletions, commands, pressed buttons."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import discord
import structlog
from cachetools import LRUCache

from bridge.channel import Host
from bridge.errors import ChannelError
from bridge.inbound import Deleted, Edited, Inbound
from bridge.types import Chat
from channels.discord.arrivals import Arrival, ChannelOrder
from channels.discord.catchup import CatchUp, Post
from channels.discord.gateway import Gateway
from channels.discord.incoming import Reader, group_of, is_by_person
from channels.discord.interactions import Interactions
from channels.discord.marks import Marks
from channels.discord.places import Places
from channels.discord.settings import Settings
from channels.discord.tasks import Tasks

if TYPE_CHECKING:
    from channels.discord.incoming import Place

log = structlog.get_logger(__name__)

MAX_MESSAGES = 5000
"""Messages that are remembered, to tell whose edits and deletions do not matter."""
MAX_EDIT_AGE = timedelta(hours=1)
"""An update of a message that was edited longer ago is about something else: a pin, a preview."""


class Listener:
    """Listens once, for one `Channel.listen`."""

    def __init__(
        self,
        host: Host,
        settings: Settings,
        *,
        reader: Reader,
        places: Places,
        marks: Marks,
        post: Post,
        set_aside: Callable[[str, Exception], None],
    ) -> None:
        """`set_aside` is told the name of an event that cannot be understood, and why."""
        self._settings, self._reader, self._places, self._marks = settings, reader, places, marks
        self._set_aside = set_aside
        self._tasks = Tasks()
        self._arrived: asyncio.Queue[Arrival | Exception] = asyncio.Queue()
        self._order = order = ChannelOrder(self._arrived.put_nowait)
        self._interactions = Interactions(host, reader, places, order.add, self._tasks)
        self._catch_up = CatchUp(
            host,
            settings,
            reader=reader,
            places=places,
            marks=marks,
            order=order,
            post=post,
            set_aside=set_aside,
            tasks=self._tasks,
        )
        self._unanswerable: LRUCache[int, None] = LRUCache(MAX_MESSAGES)
        """Messages that were heard and not meant for the bot: what becomes of them matters to nobody."""
        self._edits: LRUCache[int, datetime] = LRUCache(MAX_MESSAGES)
        """When each message was last edited, as far as that has been told."""

    async def listen(self, account: discord.Client) -> AsyncGenerator[Sequence[Inbound]]:
        """As `Channel.listen`; `account` is logged in."""
        token = self._settings.discord_token.get_secret_value()
        gateway = Gateway(token, self._settings.proxy, self._settings.discord_message_content, self)
        self._tasks.start(self._run(gateway, account))
        try:
            while True:
                arrivals = await self._take()
                for arrival in arrivals:
                    await self._marks.before(arrival)
                yield [arrival.event for arrival in arrivals]
                for arrival in arrivals:
                    await self._marks.after(arrival)
        finally:
            await self._tasks.cancel()

    async def _take(self) -> list[Arrival]:
        """Wait for what arrives and return all of it. What ended the connection is raised after what came before."""
        first = await self._arrived.get()
        if isinstance(first, Exception):
            raise first
        arrivals = [first]
        while not self._arrived.empty():
            arrival = self._arrived.get_nowait()
            if isinstance(arrival, Exception):
                self._arrived.put_nowait(arrival)
                break
            arrivals.append(arrival)
        return arrivals

    async def _run(self, gateway: Gateway, account: discord.Client) -> None:
        try:
            await gateway.run(account)
        except Exception as error:  # noqa: BLE001 - whatever ends it must not leave the listener waiting
            self._arrived.put_nowait(error)

    def connected(self) -> None:
        self._catch_up.begin()

    def ready(self, client: discord.Client) -> None:
        self._catch_up.run(client)

    def not_understood(self, event: str, error: Exception) -> None:
        self._set_aside(event, error)

    def message(self, message: discord.Message) -> None:
        try:
            said = self._reader.said(message) if is_by_person(message) else None
            if said is None or not said.addressed:
                self._unanswerable[message.id] = None
            if said is not None:
                self._places.learn(said.chat, message.channel.id)
                self._order.add(Arrival(said, message.channel.id, message.id))
        except Exception as error:  # noqa: BLE001 - whatever it holds, the next one must work
            self._set_aside("MESSAGE_CREATE", error)

    def edited(self, message: discord.Message) -> None:
        """A message was updated: by its author, or by Discord (a preview of a link, a pin, a thread)."""
        try:
            if not is_by_person(message) or not self._is_new_edit(message):
                return
            said = self._reader.said(message)
            if said is None or (message.id in self._unanswerable and not said.addressed):
                return
            self._unanswerable.pop(message.id, None)
            self._places.learn(said.chat, message.channel.id)
            self._order.add(Arrival(Edited(said), message.channel.id))
        except Exception as error:  # noqa: BLE001 - whatever it holds, the next one must work
            self._set_aside("MESSAGE_UPDATE", error)

    def _is_new_edit(self, message: discord.Message) -> bool:
        at, known = message.edited_at, self._edits.get(message.id)
        if at is None or at == known or discord.utils.utcnow() - at > MAX_EDIT_AGE:
            return False
        self._edits[message.id] = at
        return True

    def deleted(self, channel: int, place: Place, messages: Collection[int]) -> None:
        """Messages are gone from the channel with this id, which is `place` where discord.py knows it."""
        answerable = [id for id in sorted(messages) if id not in self._unanswerable]
        chat = group_of(place) or self._places.chat_in(channel)
        if chat is not None:
            self._delete(channel, chat, answerable)
        elif answerable:  # a direct chat from before the start; Discord does not tell whose
            self._tasks.start(self._delete_marked(channel, answerable))

    async def _delete_marked(self, channel: int, messages: Collection[int]) -> None:
        await self._catch_up.marks_loaded()
        chat = self._marks.chat_in(channel)
        if chat is not None:
            self._delete(channel, chat, messages)

    def _delete(self, channel: int, chat: Chat, messages: Collection[int]) -> None:
        for id in messages:
            self._order.add(Arrival(Deleted(str(id), chat), channel))

    def reacted(self, reaction: discord.RawReactionActionEvent, place: Place) -> None:
        """A reaction was put on a message; only a thumb down on one of ours says something."""
        try:
            reacted = self._reader.reaction(reaction, group_of(place))
            if reacted is not None:
                self._order.add(Arrival(reacted, reaction.channel_id, urgent=True))
        except Exception as error:  # noqa: BLE001 - whatever it holds, the next one must work
            self._set_aside("MESSAGE_REACTION_ADD", error)

    async def interaction(self, interaction: discord.Interaction) -> None:
        try:
            await self._interactions.handle(interaction)
        except ChannelError as error:
            log.warning("an interaction was not answered", error=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it holds, the next one must work
            self._set_aside("INTERACTION_CREATE", error)
