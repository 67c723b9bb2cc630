"""The Discord channel: two clients of discord.py, one that only writes and, while listening, one that hears.

The writing client is logged in but never connected, so every process can answer while one of them listens, and
a lost gateway never stops an answer that is being written.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any, Self

import discord
import structlog
import yarl

from bridge.channel import Command, Host, Limits, Memory
from bridge.errors import ChannelError, Gone, StoreError, TooLong
from bridge.types import Button, Chat, IncomingMessage, User
from bridge.words import language_of
from channels.discord import dialect
from channels.discord.calls import BadReference, Spacing, call, watch
from channels.discord.incoming import NAME
from channels.discord.listener import Listener
from channels.discord.menu import MAX_BUTTONS, button_view, fingerprint, slash_commands
from channels.discord.settings import Settings
from channels.discord.words import CONTENT_HIDDEN

log = structlog.get_logger(__name__)

LONGEST = 2000
"""Code points, as Discord's staff say (discord-api-docs #1315)."""
LONGEST_TITLE = 100
"""Characters in a thread's name."""
BLANK = "\u200b"
"""What a message without words is sent as; Discord takes no empty one."""
MANY_CHATS = 1000
_COMMANDS = "commands"

_Shown = tuple[str, tuple[Button, ...]]


class Discord:
    def __init__(self, settings: Settings, memory: Memory) -> None:
        self._settings, self._memory = settings, memory
        self._spacing = Spacing()
        self._published: dict[str, Command] = {}
        self._direct: OrderedDict[str, int] = OrderedDict()
        self._listener = Listener(self, settings, memory)

    @property
    def name(self) -> str:
        return NAME

    @property
    def account(self) -> str:
        assert self._client.user is not None
        return str(self._client.user.id)

    @property
    def set_aside(self) -> int:
        return self._listener.set_aside

    @property
    def commands(self) -> Mapping[str, Command]:
        """The commands that have been published, by name."""
        return self._published

    async def __aenter__(self) -> Self:
        self._point()
        # discord.py writes whole payloads, people's words among them, to its debug log.
        logging.getLogger("discord").setLevel(logging.WARNING)
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody speaks here
        self._client = discord.Client(
            intents=discord.Intents(guilds=True),  # never connects; discord.py warns of a client without it
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            proxy=self._settings.proxy,
            http_trace=watch(self._spacing),
        )
        try:
            await call(self._client.login(self._settings.discord_token.get_secret_value()))
        except BaseException:
            await self._client.close()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._client.close()

    def _point(self) -> None:
        """Tell discord.py where Discord is. It keeps these for the whole process."""
        discord.http.Route.BASE = self._settings.discord_api_url
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(self._settings.discord_gateway_url)

    def limits(self, chat: Chat) -> Limits:
        return Limits(
            max_length=LONGEST,
            edit_interval=max(self._settings.discord_edit_interval, self._spacing.seconds),
            measure=dialect.measure,
            max_buttons=MAX_BUTTONS,
        )

    async def listen(self, host: Host) -> AsyncGenerator[IncomingMessage]:
        async with aclosing(self._listener.listen(self._client, host)) as messages:
            async for message in messages:
                yield message

    async def post(
        self,
        chat: Chat,
        text: str,
        *,
        key: str,
        again: bool = False,
        reply_to: str = "",
        final: bool,
        buttons: Sequence[Button] = (),
    ) -> _Posted:
        # Discord keeps a nonce for some minutes and answers a second post of it with the first one's message,
        # so `again` needs nothing more.
        channel = await self.channel_of(chat)
        more: dict[str, Any] = {"nonce": key or None, "view": button_view(buttons)}
        content = fitting(text)

        async def send(**reference: Any) -> discord.Message:
            return await call(channel.send(content, suppress_embeds=True, mention_author=False, **more, **reference))

        if not reply_to.isdigit():  # an interaction is nothing that can be replied to
            message = await send()
        else:
            target = discord.MessageReference(message_id=int(reply_to), channel_id=channel.id, fail_if_not_exists=False)
            try:
                message = await send(reference=target)
            except BadReference:
                message = await send()
        # A nonce that was known has brought back the first post, with the words of then.
        shown = None if again else (content, tuple(buttons))
        return _Posted(self, chat, str(message.id), shown)

    def posted(self, chat: Chat, ref: str) -> _Posted:
        return _Posted(self, chat, ref)

    async def typing(self, chat: Chat) -> None:
        async def once(channel: discord.PartialMessageable) -> None:
            await channel.typing()

        await call(once(await self.channel_of(chat)))

    async def publish(self, commands: Sequence[Command], admins: Sequence[User]) -> None:
        self._published = {command.name: command for command in commands}
        await self._register(commands)
        for admin in admins:
            try:
                await self._listener.expect(Chat(NAME, admin.id, direct=True, title=admin.name))
            except (ChannelError, StoreError, ValueError) as error:
                log.info("an admin has no direct chat with the bot yet", admin=str(admin), error=str(error))

    async def _register(self, commands: Sequence[Command]) -> None:
        payload: list[Any] = slash_commands(commands)
        wanted = fingerprint(payload, self.account)
        try:
            if await self._memory.get(_COMMANDS) == wanted:
                return
            await call(self._client.http.bulk_upsert_global_commands(self._client.application_id or 0, payload))
            await self._memory.put(_COMMANDS, wanted)
            log.info("slash commands registered", count=len(payload))
        except (ChannelError, StoreError) as error:
            log.warning("slash commands could not be registered", error=str(error))

    async def branch(self, chat: Chat, title: str) -> Chat | None:
        """Needs the permission Create Public Threads; a thread that nobody writes in is archived after a day."""
        if chat.direct or chat.thread:
            return None
        opening = self._client.http.start_thread_without_message(
            int(chat.id), name=title[:LONGEST_TITLE], auto_archive_duration=1440, type=11
        )
        try:
            thread = await call(opening)
        except ChannelError as error:
            log.info("a thread was not opened", chat=str(chat), error=str(error))
            return None
        return Chat(NAME, chat.id, thread=str(thread["id"]), title=title)

    def hint(self, chat: Chat, language: str) -> str:
        return "" if chat.direct or self._reads_content else CONTENT_HIDDEN[language_of(language)]

    def link(self, code: str) -> str:
        return ""  # Discord has no address that makes a person say something

    @property
    def _reads_content(self) -> bool:
        """Whether messages that are not meant for the bot reach it with their words."""
        application = self._client.application
        flags = application.flags if application else discord.ApplicationFlags()
        granted = flags.gateway_message_content or flags.gateway_message_content_limited
        return granted and self._settings.discord_message_content is not False

    async def channel_of(self, chat: Chat) -> discord.PartialMessageable:
        """The Discord channel that `chat` is held in; a direct one is opened where it is not known yet."""
        id = self._direct.get(chat.id) if chat.direct else int(chat.thread or chat.id)
        if id is None:
            id = (await call(self._client.create_dm(discord.Object(int(chat.id))))).id
            self.met(chat, id)
        return self._client.get_partial_messageable(id)

    def met(self, chat: Chat, channel: int) -> None:
        """Remember the channel of a direct chat."""
        if chat.direct:
            self._direct[chat.id] = channel
            self._direct.move_to_end(chat.id)
            if len(self._direct) > MANY_CHATS:
                self._direct.popitem(last=False)


class _Posted:
    def __init__(self, channel: Discord, chat: Chat, ref: str, shown: _Shown | None = None) -> None:
        self._channel, self._chat, self._ref = channel, chat, ref
        self._shown = shown

    @property
    def ref(self) -> str:
        return self._ref

    async def edit(self, text: str, *, final: bool, buttons: Sequence[Button] = ()) -> None:
        wanted = fitting(text), tuple(buttons)
        if wanted == self._shown:  # the last words of an answer are often there already; edits are few
            return
        self._shown = None
        # A partial message's edit leaves the flag that hides link previews alone; a whole message's does not.
        message = await self._message()
        await call(message.edit(content=wanted[0], view=button_view(buttons)))
        self._shown = wanted

    async def delete(self) -> None:
        with suppress(Gone):  # it is as it should be
            await call((await self._message()).delete())

    async def _message(self) -> discord.PartialMessage:
        return (await self._channel.channel_of(self._chat)).get_partial_message(int(self._ref))


def fitting(text: str) -> str:
    """`text` as it is sent. Raises TooLong where Discord would refuse it."""
    content = dialect.convert(text)
    if len(content) > LONGEST:
        raise TooLong(f"{len(content)} characters")
    return content if content.strip() else BLANK
