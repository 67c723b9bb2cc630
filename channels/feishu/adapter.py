"""Feishu and Lark as a `bridge.channel.Channel`: events in over the long connection, cards out over REST."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, Self

import structlog

from bridge.channel import Command, Host, Limits, Memory
from bridge.errors import ChannelError, Refused, StoreError
from bridge.inbound import Inbound, Said
from bridge.types import Attachment, Body, Chat, User
from bridge.words import language_of
from channels.feishu import cards, markdown, posted, slash, uploads
from channels.feishu.card_modes import CardContext
from channels.feishu.content import Malformed
from channels.feishu.errors import Rejected
from channels.feishu.events import NAME, EventReader
from channels.feishu.incoming import MAX_COMMAND_BYTES
from channels.feishu.late_messages import LateMessages
from channels.feishu.longconn import LongConnection
from channels.feishu.lookups import Lookups
from channels.feishu.people import People
from channels.feishu.quota import Meter
from channels.feishu.recent import Recent
from channels.feishu.rest import Rest
from channels.feishu.sending import Sender
from channels.feishu.settings import Settings
from channels.feishu.uploads import Uploads
from channels.feishu.words import WORDS

log = structlog.get_logger(__name__)

EDIT_INTERVAL_SECONDS = (0.5, 3.0, 10.0)
"""Between two writes of a growing answer: calm, past the set share of the quota, past the quota."""
WRITES_PER_SECOND = 15.0
"""An app may call one API 1,000 times a minute (its pages); a growing answer mostly calls one."""
HOUR_SECONDS = 3600.0


class Feishu:
    """`now` gives seconds since 1970."""

    name = NAME

    def __init__(self, settings: Settings, memory: Memory, now: Callable[[], float] = time.time) -> None:
        self.account = settings.feishu_app_id
        self.set_aside = 0
        self._settings = settings
        self._memory = memory
        self._words = WORDS[settings.own_language]
        self._meter = Meter(memory, settings.feishu_monthly_quota, settings.feishu_quota_share, now)
        self._rest = Rest(settings, self._meter)
        self._sender = Sender(self._rest)
        self._context = CardContext(
            rest=self._rest,
            sender=self._sender,
            uploads=Uploads(self._rest),
            posts=Recent(memory, "post:", 24 * HOUR_SECONDS, now),
            replaced=Recent(memory, "replaced:", 48 * HOUR_SECONDS, now),
            words=self._words,
            now=now,
        )
        people = People(self._rest, settings.feishu_departments_minutes * 60, now)
        self._lookups = Lookups(self._rest, self.account, people)
        self._events = EventReader(
            self.account,
            self._lookups,
            people,
            language=settings.people_language,
            posts=self._context.posts,
            strained=lambda: self._meter.strain > 0,
            now=now,
        )
        self._late = LateMessages(self._sender, memory, settings.feishu_max_age_minutes * 60, self._words.late, now)
        self._admins: Sequence[User] = ()

    async def __aenter__(self) -> Self:
        """Raises Refused where the platform does not accept the app, ChannelError where it cannot be reached."""
        await self._rest.__aenter__()
        try:
            await self._meter.start()
            await self._introduce()
        except BaseException:
            await self._rest.__aexit__()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._rest.__aexit__(*exc)

    def limits(self, chat: Chat) -> Limits:
        return Limits(
            max_length=markdown.MAX_LENGTH,
            edit_interval=EDIT_INTERVAL_SECONDS[self._meter.strain],
            measure=markdown.measure,
            writes_per_second=WRITES_PER_SECOND,
            max_buttons=cards.MAX_BUTTONS,
            max_command_bytes=MAX_COMMAND_BYTES,
            files=uploads.MAX_BYTES,
            max_files=uploads.MAX_FILES,
            max_caption=uploads.MAX_CAPTION,
        )

    async def listen(self, host: Host) -> AsyncGenerator[Sequence[Inbound], None]:
        async def read(event: dict[str, Any]) -> Inbound | None:
            if not self._lookups.bot:
                await self._introduce()
            return await self._events.read(event, host)

        async with LongConnection(self._rest, read, self._set_one_aside) as connection:
            while True:
                batch: list[Inbound] = []
                taken = []
                for delivery in await connection.take():
                    try:
                        inbound = await delivery.made
                        late = isinstance(inbound, Said) and await self._late.dismiss(inbound, host)
                    except Malformed as error:
                        self._set_one_aside()
                        log.info("event set aside", error=str(error))
                    except (ChannelError, StoreError, TimeoutError) as error:
                        log.warning("an event is left to be delivered again", error=str(error) or type(error).__name__)
                        continue
                    else:
                        if inbound is not None and not late:
                            batch.append(inbound)
                    taken.append(delivery)
                if batch:
                    yield batch
                    try:
                        await self._late.remember([inbound for inbound in batch if isinstance(inbound, Said)])
                    except StoreError as error:
                        log.warning("events are left to be delivered again", error=str(error))
                        continue
                for delivery in taken:
                    await delivery.acknowledge()

    async def post(
        self, chat: Chat, body: Body, *, key: str, reply_to: str = "", final: bool, retry: bool = False
    ) -> posted.Message:
        await self._warn_admins()
        return await posted.post(self._context, chat, body, key=key, retry=retry, reply_to=reply_to, final=final)

    async def fetch(self, attachment: Attachment) -> AsyncGenerator[bytes, None]:
        """A file of up to 100 MB, in a message that is in a chat of ours (im-v1/message-resource/get)."""
        message, key, kind = [*attachment.ref.split("/"), "", ""][:3]
        if kind not in ("image", "file"):
            raise Refused("Feishu does not hand out this kind of attachment")
        download = self._rest.download(f"/im/v1/messages/{message}/resources/{key}", {"type": kind})
        async with aclosing(download):
            async for piece in download:
                yield piece

    def posted(self, chat: Chat, ref: str) -> posted.Message:
        id, mode = posted.parse(self._context, chat, ref)
        return posted.Message(self._context, chat, id, mode, known=False)

    async def typing(self, chat: Chat) -> None:
        """There is no such sign on Feishu, and a reaction in its place would cost two calls of the quota."""

    async def publish(self, commands: Sequence[Command], admins: Sequence[User]) -> None:
        self._admins = tuple(admins)
        try:
            await slash.register(self._rest, self._memory, commands)
        except (ChannelError, StoreError) as error:
            log.info("slash commands not registered", error=str(error))

    async def branch(self, chat: Chat, title: str) -> Chat | None:
        return None

    def hint(self, chat: Chat, language: str) -> str:
        return "" if chat.direct else WORDS[language_of(language, self._settings.own_language)].mention

    def link(self, code: str) -> str:
        """Feishu's links open a chat but write nothing into it."""
        return ""

    def _set_one_aside(self) -> None:
        self.set_aside += 1

    async def _introduce(self) -> None:
        """Ask who we are. An app that has not been published as a bot yet may connect, and has to, to be set up."""
        try:
            # This answer, unlike all others, holds no `data`.
            bot = (await self._rest.call("GET", "/bot/v3/info")).get("bot")
            self._lookups.bot = str(bot.get("open_id", "")) if isinstance(bot, dict) else ""
        except Rejected as error:
            log.warning("the app is no bot yet: add the bot feature and publish a version", error=str(error))

    async def _warn_admins(self) -> None:
        """Tell the admins, once a month, that the quota of calls is running out."""
        if not self._admins or not self._meter.strain:
            return

        async def tell(used: int, quota: int) -> None:
            text = self._words.quota.format(used=used, quota=quota)
            for admin in self._admins:
                await self._sender.tell(admin.id, text, uuid=f"quota.{used}.{admin.id}"[:50])

        try:
            await self._meter.warn(tell)
        except (ChannelError, StoreError) as error:
            log.warning("the admins could not be warned about the quota", error=str(error))
