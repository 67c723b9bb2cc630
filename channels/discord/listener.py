"""What comes in: messages, commands and pressed buttons, and after a new session what was missed, as one stream."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import discord
import structlog
from discord import app_commands

from bridge.channel import Host, Memory
from bridge.errors import ChannelError, Gone, Refused, StoreError
from bridge.types import Button, Chat, IncomingMessage
from bridge.words import language_of
from channels.discord.calls import call
from channels.discord.catchup import Arrival, Holding, Mark, Marks, bounded
from channels.discord.gateway import Gateway
from channels.discord.grouped import Grouped
from channels.discord.incoming import NAME, chosen, incoming, is_talk, option
from channels.discord.settings import Settings
from channels.discord.words import SKIPPED

if TYPE_CHECKING:
    from channels.discord.adapter import Discord

log = structlog.get_logger(__name__)

ACKNOWLEDGE = 2.5
"""Seconds for the acknowledgement of an interaction: Discord waits three."""
JUDGED = 1.0
"""So many of them may pass until it is known whether the sender is let in."""
SUGGEST = 2.0
MOST_SUGGESTIONS = 25
LONGEST_SUGGESTION = 100
ONE_PAGE = 100
"""The most messages that one call for a channel's history may return."""
AT_ONCE = 4
"""Channels that are caught up with at the same time."""
TRIES = 6
"""For one channel's history: for about a minute and a half."""
TRIES_TO_TAKE_BACK = 4
"""Within some seven seconds."""
MANY_PEOPLE = 1000


class Listener:
    def __init__(self, channel: Discord, settings: Settings, memory: Memory) -> None:
        self._channel, self._settings = channel, settings
        self._marks = Marks(memory, NAME)
        self._languages: OrderedDict[int, str] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._behind: asyncio.Future[dict[int, Mark]]
        self._host: Host
        self._me = 0
        self.set_aside = 0
        self._begin()

    def _begin(self) -> None:
        """Start with nothing: what an earlier listening left untaken is found again in the history."""
        self._arrived: asyncio.Queue[Arrival | Exception] = asyncio.Queue()
        self._holding = Holding(self._arrived.put_nowait)

    async def listen(self, account: discord.Client, host: Host) -> AsyncGenerator[IncomingMessage]:
        """As `Channel.listen`; `account` is logged in."""
        assert account.user is not None
        self._me, self._host = account.user.id, host
        self._begin()
        settings = self._settings
        token = settings.discord_token.get_secret_value()
        gateway = Gateway(token, settings.proxy, settings.discord_message_content, self)
        self._spawn(self._run(gateway, account))
        try:
            while True:
                arrival = await self._arrived.get()
                if isinstance(arrival, Exception):
                    raise arrival
                await self._marks.meets(arrival)
                yield arrival.message
                await self._marks.passed(arrival)
        finally:
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def expect(self, chat: Chat) -> None:
        """Catch up with a direct chat from now on, although nobody has written there yet.

        Discord does not tell a bot which direct chats it has, so a first message that came while we were down could
        not be found otherwise. Opening one is not seen by the person. Raises ChannelError, StoreError.
        """
        if not await self._marks.knows(chat):
            channel = await self._channel.channel_of(chat)
            now = discord.utils.time_snowflake(discord.utils.utcnow())
            await self._marks.move(channel.id, Mark(now, chat))

    async def _run(self, gateway: Gateway, account: discord.Client) -> None:
        try:
            await gateway.run(account)
        except Exception as error:  # noqa: BLE001 - whatever ends it must not leave the listener waiting
            self._arrived.put_nowait(error)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def connected(self) -> None:
        self._holding.begin()
        self._behind = asyncio.get_running_loop().create_future()
        self._spawn(self._load(self._behind))

    def ready(self, client: discord.Client) -> None:
        self._spawn(self._catch_up(client, self._behind))

    def not_understood(self, event: str, error: Exception) -> None:
        self.set_aside += 1
        log.warning("an event was set aside", event_type=event, error=type(error).__name__)

    def message(self, message: discord.Message) -> None:
        try:
            if is_talk(message) and (heard := self._heard(message)) is not None:
                self._channel.met(heard.chat, message.channel.id)
                self._holding.arrived(Arrival(heard, message.channel.id, message.id))
        except Exception as error:  # noqa: BLE001 - whatever it holds, the next one must work
            self.not_understood("MESSAGE_CREATE", error)

    def _heard(self, message: discord.Message, mark: Mark | None = None) -> IncomingMessage | None:
        return incoming(
            message,
            self._me,
            commands=self._channel.commands,
            chat=mark.chat if mark else None,
            language=self._languages.get(message.author.id, ""),
        )

    async def interaction(self, interaction: discord.Interaction) -> None:
        try:
            if interaction.type is discord.InteractionType.autocomplete:
                await self._complete(interaction)
            elif interaction.type in (
                discord.InteractionType.application_command,
                discord.InteractionType.component,
            ):
                await self._pick(interaction)
        except ChannelError as error:
            log.warning("an interaction was not acknowledged", error=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it holds, the next one must work
            self.not_understood("INTERACTION_CREATE", error)

    async def _pick(self, interaction: discord.Interaction) -> None:
        """Acknowledge a command or a button, then hand it on as a message."""
        assert interaction.channel is not None
        message = chosen(interaction)
        self._speaks(interaction.user.id, message.language)
        self._channel.met(message.chat, interaction.channel.id)
        try:
            if interaction.type is discord.InteractionType.component:
                menu = str(interaction.message.id) if interaction.message is not None else ""
                message = replace(message, menu=menu)
                await call(interaction.response.defer(), timeout=ACKNOWLEDGE)  # shows nothing to anybody
            else:
                message = replace(message, ack=await self._acknowledge(interaction, message))
        except ChannelError as error:  # the person is told by Discord, and answered all the same
            log.warning("an interaction was not acknowledged", error=str(error))
        self._holding.arrived(Arrival(message, interaction.channel.id))

    async def _acknowledge(self, interaction: discord.Interaction, message: IncomingMessage) -> str:
        """Repeat a command's name in a message, which the answer then replaces; that message's id.

        Everybody there can read it, so it is for those who are let in. To others Discord shows it alone, and it is
        taken back at once; then there is no id. Unlike a deferred response it never hangs as 'thinking', whatever
        happens to us; and where all can read it, it is a message like any other: it can be edited for longer than an
        interaction lives, and by another process.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + ACKNOWLEDGE
        admitted = await self._admits(message)
        try:
            sending = interaction.response.send_message(f"`{message.text.split()[0]}`", ephemeral=not admitted)
            answer = await call(sending, timeout=until - loop.time())
        finally:
            if not admitted:
                self._spawn(self._take_back(interaction))
        return str(answer.message_id or "") if admitted else ""

    async def _admits(self, message: IncomingMessage) -> bool:
        try:
            async with asyncio.timeout(JUDGED):
                return await self._host.admits(message)
        except (StoreError, TimeoutError) as error:
            log.warning("somebody could not be judged, and is taken for a stranger", error=str(error) or "no time left")
            return False

    async def _take_back(self, interaction: discord.Interaction) -> None:
        for attempt in range(TRIES_TO_TAKE_BACK):
            try:
                with suppress(Gone, Refused):  # it is not there, or no longer
                    await call(interaction.delete_original_response())
                return
            except ChannelError as error:
                log.info("an acknowledgement could not be taken back", error=str(error))
                await asyncio.sleep(2**attempt)

    async def _complete(self, interaction: discord.Interaction) -> None:
        command, typed = option(interaction)
        found: Sequence[Button] = ()
        published = self._channel.commands.get(command)
        if published is not None and published.suggest is not None:
            try:
                async with asyncio.timeout(SUGGEST):
                    found = await published.suggest(typed, chosen(interaction))
            except Exception as error:  # noqa: BLE001 - a person who types must always be answered
                log.info("no suggestions", command=command, error=type(error).__name__)
        values = [(each.label, each.command.removeprefix(f"/{command} ")) for each in found[:MOST_SUGGESTIONS]]
        offered = [
            app_commands.Choice(name=label[:LONGEST_SUGGESTION], value=value)
            for label, value in values
            if label and 0 < len(value) <= LONGEST_SUGGESTION
        ]
        await call(interaction.response.autocomplete(offered), timeout=ACKNOWLEDGE)

    def _speaks(self, person: int, language: str) -> None:
        """Only interactions tell a person's language; it goes for their messages too."""
        self._languages[person] = language
        self._languages.move_to_end(person)
        if len(self._languages) > MANY_PEOPLE:
            self._languages.popitem(last=False)

    async def _load(self, behind: asyncio.Future[dict[int, Mark]]) -> None:
        """Find out which channels may be behind; messages of the others need not wait."""
        while True:
            try:
                marks = await self._marks.load()
                break
            except StoreError as error:
                log.warning("marks cannot be read", error=str(error))
                await asyncio.sleep(1)
        self._holding.behind(set(marks))
        behind.set_result(marks)

    async def _catch_up(self, client: discord.Client, behind: asyncio.Future[dict[int, Mark]]) -> None:
        marks = await behind
        gate = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._catch_up_with(client, id, mark, gate) for id, mark in marks.items()))

    async def _catch_up_with(self, client: discord.Client, id: int, mark: Mark, gate: asyncio.Semaphore) -> None:
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
            self._holding.caught_up(id, missed)

    async def _missed(self, client: discord.Client, id: int, mark: Mark) -> list[Arrival]:
        channel = client.get_channel(id)
        place = channel if isinstance(channel, discord.abc.Messageable) else client.get_partial_messageable(id)
        self._channel.met(mark.chat, id)
        messages = [each for each in await self._history(place, mark) if is_talk(each)]
        messages.sort(key=lambda each: each.id)
        limits = self._settings
        found = bounded(
            list(self._meant(messages, mark)), limits.discord_catch_up_hours, limits.discord_catch_up_messages
        )
        grouped = Grouped(self._host, getattr(place, "guild", None))
        if found.skipped:
            if await self._admits(await grouped.of(found.skipped[-1])):
                await self._tell(mark, found.skipped)
            await self._marks.move(id, Mark(int(found.skipped[-1].id), mark.chat))
        if found.answer:
            log.info("catching up", chat=str(mark.chat), messages=len(found.answer))
        return [Arrival(await grouped.of(each), id, int(each.id)) for each in found.answer]

    def _meant(self, messages: Sequence[discord.Message], mark: Mark) -> Iterator[IncomingMessage]:
        for message in messages:
            try:
                heard = self._heard(message, mark)
            except Exception as error:  # noqa: BLE001 - whatever it holds, the next one must work
                self.not_understood("history", error)
            else:
                if heard is not None and heard.addressed:
                    yield heard

    async def _history(self, place: discord.abc.Messageable, mark: Mark) -> list[discord.Message]:
        """The newest page of what came after the mark."""

        async def page() -> list[discord.Message]:
            after = discord.Object(mark.id)
            return [each async for each in place.history(limit=ONE_PAGE, after=after, oldest_first=False)]

        for attempt in range(TRIES):
            try:
                return await call(page())
            except (Gone, Refused):
                raise
            except ChannelError:
                if attempt == TRIES - 1:
                    raise
                await asyncio.sleep(2**attempt)
        return []

    async def _tell(self, mark: Mark, skipped: Sequence[IncomingMessage]) -> None:
        """Say that some of what came while nobody listened will not be answered."""
        last = skipped[-1]
        language = self._settings.bridge_language or language_of(last.language)
        sentence = SKIPPED[language].format(count=len(skipped))
        log.info("messages were skipped", chat=str(mark.chat), count=len(skipped))
        try:
            await self._channel.post(mark.chat, sentence, key=f"s{last.id}", reply_to=last.id, final=True)
        except ChannelError as error:
            log.warning("could not tell of skipped messages", chat=str(mark.chat), error=str(error))
