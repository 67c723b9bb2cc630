"""The Discord channel: two clients of discord.py, one that only writes and, while listening, one that hears.

The writing client is logged in but never connected, so every process can answer while one of them listens, and
a lost gateway never stops an answer that is being written.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from typing import Any, Final, Self

import discord
import structlog
import yarl

from bridge.channel import Command, Host, Limits, Memory
from bridge.errors import ChannelError, Gone, StoreError
from bridge.inbound import Inbound
from bridge.types import Attachment, Body, Button, Chat, User
from bridge.words import language_of
from channels.discord import dialect
from channels.discord.attachments import Downloads
from channels.discord.body import (
    MAX_BUTTONS,
    MAX_COMMAND_BYTES,
    MAX_CONTENT,
    MAX_DESCRIPTION,
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_FILES_BYTES,
    button_view,
    check_size,
    content_of,
    uploads,
)
from channels.discord.calls import TIMEOUT_SECONDS, BadReference, Spacing, call, watch
from channels.discord.incoming import NAME, Reader
from channels.discord.listener import Listener
from channels.discord.marks import Mark, Marks
from channels.discord.menu import slash_commands
from channels.discord.places import Places
from channels.discord.settings import Settings
from channels.discord.words import CONTENT_HIDDEN
from channels.kit.menus import fingerprint

log = structlog.get_logger(__name__)

MAX_TITLE = 100
"""Characters in a thread's name."""
THREAD_ARCHIVES_MINUTES: Final = 1440
"""A thread that nobody writes in is put away after a day."""
PUBLIC_THREAD: Final = 11
MIN_UPLOAD_BYTES_PER_SECOND = 256 * 1024
"""The slowest upload that is waited for."""
_COMMANDS = "commands"

_Shown = tuple[str, tuple[Button, ...]]


class Discord:
    def __init__(self, settings: Settings, memory: Memory) -> None:
        self._settings, self._memory = settings, memory
        self._spacing = Spacing()
        self._client = _writing_client(settings, self._spacing)
        self._command_names: set[str] = set()
        self._places = Places(self._client)
        self._marks = Marks(memory, NAME)
        self._reader = Reader(self._client, self._command_names)
        self._downloads = Downloads(self._client, settings)
        self._set_aside = 0

    @property
    def name(self) -> str:
        return NAME

    @property
    def account(self) -> str:
        assert self._client.user is not None
        return str(self._client.user.id)

    @property
    def set_aside(self) -> int:
        return self._set_aside

    async def __aenter__(self) -> Self:
        self._point()
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
            max_length=MAX_CONTENT,
            edit_interval=max(self._settings.discord_edit_interval, self._spacing.seconds),
            measure=dialect.measure,
            max_buttons=MAX_BUTTONS,
            max_command_bytes=MAX_COMMAND_BYTES,
            files={"image": MAX_FILE_BYTES, "audio": MAX_FILE_BYTES, "file": MAX_FILE_BYTES},
            max_files=MAX_FILES,
            max_files_bytes=MAX_FILES_BYTES,
            max_caption=MAX_DESCRIPTION,
        )

    async def listen(self, host: Host) -> AsyncGenerator[Sequence[Inbound]]:
        listener = Listener(
            host,
            self._settings,
            reader=self._reader,
            places=self._places,
            marks=self._marks,
            post=self.post,
            set_aside=self._put_aside,
        )
        async with aclosing(listener.listen(self._client)) as batches:
            async for batch in batches:
                yield batch

    def _put_aside(self, event: str, error: Exception) -> None:
        self._set_aside += 1
        log.warning("an event was set aside", event_type=event, error=type(error).__name__)

    async def post(
        self, chat: Chat, body: Body, *, key: str, reply_to: str = "", final: bool, retry: bool = False
    ) -> _Posted:
        # Discord keeps a nonce for some minutes and answers a second post of it with the first one's message,
        # so `retry` needs nothing more.
        content, size = content_of(body), check_size(body.files)
        timeout = TIMEOUT_SECONDS + size / MIN_UPLOAD_BYTES_PER_SECOND
        channel = await self._places.channel_of(chat)

        more: dict[str, Any] = {"nonce": key or None, "view": button_view(body.buttons)}

        async def send(**reference: Any) -> discord.Message:
            files: dict[str, Any] = {"files": uploads(body.files)} if body.files else {}
            sending = channel.send(
                content or None, suppress_embeds=True, mention_author=False, **more, **files, **reference
            )
            return await call(sending, timeout=timeout)

        if not reply_to.isdigit():  # an interaction is nothing that can be replied to
            message = await send()
        else:
            target = discord.MessageReference(message_id=int(reply_to), channel_id=channel.id, fail_if_not_exists=False)
            try:
                message = await send(reference=target)
            except BadReference:
                message = await send()
        # A nonce that was known has brought back the first post, with the words of then.
        shown = None if retry else (content, body.buttons)
        return _Posted(self._places, chat, str(message.id), shown)

    def fetch(self, attachment: Attachment) -> AsyncGenerator[bytes, None]:
        return self._downloads.fetch(attachment)

    def posted(self, chat: Chat, ref: str) -> _Posted:
        return _Posted(self._places, chat, ref)

    async def typing(self, chat: Chat) -> None:
        async def once(channel: discord.PartialMessageable) -> None:
            await channel.typing()

        await call(once(await self._places.channel_of(chat)))

    async def publish(self, commands: Sequence[Command], admins: Sequence[User]) -> None:
        self._command_names.clear()
        self._command_names.update(command.name for command in commands)
        await self._register(commands)
        for admin in admins:
            try:
                await self._expect(Chat(NAME, admin.id, direct=True, title=admin.name))
            except (ChannelError, StoreError, ValueError) as error:
                log.info("an admin has no direct chat with the bot yet", admin=str(admin), error=str(error))

    async def _register(self, commands: Sequence[Command]) -> None:
        payload: list[Any] = slash_commands(commands)
        wanted = fingerprint(self.account, payload)  # an application may register only a number of them a day
        try:
            if await self._memory.get(_COMMANDS) == wanted:
                return
            await call(self._client.http.bulk_upsert_global_commands(self._client.application_id or 0, payload))
            await self._memory.put(_COMMANDS, wanted)
            log.info("slash commands registered", count=len(payload))
        except (ChannelError, StoreError) as error:
            log.warning("slash commands could not be registered", error=str(error))

    async def _expect(self, chat: Chat) -> None:
        """Catch up with a direct chat from now on, although nobody has written there yet.

        Discord does not tell a bot which direct chats it has, so a first message that came while we were down could
        not be found otherwise. Opening one is not seen by the person. Raises ChannelError, StoreError.
        """
        if not await self._marks.holds(chat):
            channel = await self._places.channel_of(chat)
            now = discord.utils.time_snowflake(discord.utils.utcnow())
            await self._marks.move(channel.id, Mark(now, chat))

    async def branch(self, chat: Chat, title: str) -> Chat | None:
        """Needs the permission Create Public Threads."""
        if chat.direct or chat.thread:
            return None
        opening = self._client.http.start_thread_without_message(
            int(chat.id), name=title[:MAX_TITLE], auto_archive_duration=THREAD_ARCHIVES_MINUTES, type=PUBLIC_THREAD
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


class _Posted:
    def __init__(self, places: Places, chat: Chat, ref: str, shown: _Shown | None = None) -> None:
        self._places, self._chat, self._ref = places, chat, ref
        self._shown = shown

    @property
    def ref(self) -> str:
        return self._ref

    async def edit(self, body: Body, *, final: bool) -> None:
        content = content_of(body)
        wanted = content, body.buttons
        if wanted == self._shown:  # the last words of an answer are often there already; edits are few
            return
        self._shown = None
        # A partial message's edit leaves the flag that hides link previews alone, and the files; a whole message's
        # does not.
        message = await self._message()
        await call(message.edit(content=content or None, view=button_view(body.buttons)))
        self._shown = wanted

    async def delete(self) -> None:
        with suppress(Gone):  # it is as it should be
            await call((await self._message()).delete())

    async def _message(self) -> discord.PartialMessage:
        return (await self._places.channel_of(self._chat)).get_partial_message(int(self._ref))


def _writing_client(settings: Settings, spacing: Spacing) -> discord.Client:
    """A client that is to be logged in, and that never connects."""
    # discord.py writes whole payloads, people's words among them, to its debug log.
    logging.getLogger("discord").setLevel(logging.WARNING)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody speaks here
    return discord.Client(
        intents=discord.Intents(guilds=True),  # discord.py warns of a client without it
        max_messages=None,
        allowed_mentions=discord.AllowedMentions.none(),
        proxy=settings.proxy,
        http_trace=watch(spacing),
    )
