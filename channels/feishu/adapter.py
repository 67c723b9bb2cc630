"""Feishu and Lark as a `bridge.channel.Channel`: events in over the long connection, cards out over REST."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from typing import Any, Self

import structlog

from bridge.channel import Command, Host, Limits, Memory
from bridge.errors import ChannelError, StoreError
from bridge.types import Button, Chat, IncomingMessage, User
from bridge.words import language_of
from channels.feishu import cards, markdown, posted, slash
from channels.feishu.card_modes import CardContext
from channels.feishu.content import Malformed
from channels.feishu.errors import Rejected
from channels.feishu.incoming import MESSAGE, PRESS, Arrived, kind_of, read_message, read_press
from channels.feishu.longconn import LongConnection
from channels.feishu.lookups import Lookups, Parent
from channels.feishu.people import People
from channels.feishu.quota import Meter
from channels.feishu.recent import Recent
from channels.feishu.rest import Rest
from channels.feishu.sending import Sender
from channels.feishu.settings import Settings
from channels.feishu.words import WORDS

log = structlog.get_logger(__name__)

NAME = "feishu"
EDIT_INTERVALS = (0.5, 3.0, 10.0)
"""Seconds between two writes of a growing answer: calm, past the set share of the quota, past the quota."""
WRITES_PER_SECOND = 15.0
"""An app may call one API 1,000 times a minute (its pages); a growing answer mostly calls one."""
HOUR = 3600.0
REDELIVERED_FOR = 8 * HOUR
"""The platform's last redelivery comes some seven hours after the first delivery."""
PATIENCE = 2.0
"""Seconds for all that is asked about one event, which has to be acknowledged within three."""


class Feishu:
    """`now` gives seconds since 1970."""

    name = NAME

    def __init__(self, settings: Settings, memory: Memory, now: Callable[[], float] = time.time) -> None:
        self.account = settings.feishu_app_id
        self.set_aside = 0
        self._settings = settings
        self._memory = memory
        self._now = now
        self._words = WORDS[settings.own_language]
        self._meter = Meter(memory, settings.feishu_monthly_quota, settings.feishu_quota_share, now)
        self._rest = Rest(settings, self._meter)
        self._sender = Sender(self._rest)
        self._context = CardContext(
            rest=self._rest,
            sender=self._sender,
            posts=Recent(memory, "post:", 24 * HOUR, now),
            replaced=Recent(memory, "replaced:", 48 * HOUR, now),
            words=self._words,
            now=now,
        )
        self._handed_on = Recent(memory, "seen:", REDELIVERED_FOR, now)
        self._too_old = settings.feishu_max_age_minutes * 60
        self._admins: Sequence[User] = ()
        self._bot = ""
        """Our open_id, which people mention."""
        self._lookups = Lookups(self._rest, self.account)
        self._people = People(self._rest, settings.feishu_departments_minutes * 60, now)
        self._host: Host

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
            edit_interval=EDIT_INTERVALS[self._meter.strain],
            measure=markdown.measure,
            writes_per_second=WRITES_PER_SECOND,
            max_buttons=cards.MAX_BUTTONS,
        )

    async def listen(self, host: Host) -> AsyncGenerator[IncomingMessage]:
        self._host = host
        async with LongConnection(self._rest, self._understand, self._set_one_aside) as connection:
            while True:
                delivery = await connection.next()
                try:
                    message = await delivery.made
                    if message is not None and not await self._stale(message):
                        yield message
                        await self._mark(message)
                except Malformed as error:
                    self._set_one_aside()
                    log.info("event set aside", error=str(error))
                except (ChannelError, StoreError) as error:
                    log.warning("an event is left to be delivered again", error=str(error))
                    continue
                await delivery.acknowledge()

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
    ) -> posted.Message:
        await self._warn()
        return await posted.post(
            self._context, chat, text, key=key, again=again, reply_to=reply_to, final=final, buttons=buttons
        )

    def posted(self, chat: Chat, ref: str) -> posted.Message:
        id, face = posted.parse(self._context, chat, ref)
        return posted.Message(self._context, chat, id, face, known=False)

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

    async def _understand(self, event: dict[str, Any]) -> IncomingMessage | None:
        """None where there is nothing to pass on. Raises Malformed."""
        kind = kind_of(event)
        if kind == PRESS:
            return await self._press(event)
        if kind != MESSAGE:
            return None
        if not self._bot:
            await self._introduce()
        arrived = read_message(event, self._bot)
        return None if arrived is None else await self._complete(arrived)

    async def _introduce(self) -> None:
        """Ask who we are. An app that has not been published as a bot yet may connect, and has to, to be set up."""
        try:
            # This answer, unlike all others, holds no `data`.
            bot = (await self._rest.call("GET", "/bot/v3/info")).get("bot")
            self._bot = str(bot.get("open_id", "")) if isinstance(bot, dict) else ""
        except Rejected as error:
            log.warning("the app is no bot yet: add the bot feature and publish a version", error=str(error))
        self._lookups.bot = self._bot

    async def _complete(self, arrived: Arrived) -> IncomingMessage:
        """Ask for what the event leaves out."""
        until = asyncio.get_running_loop().time() + PATIENCE
        self._people.learn(arrived.names)
        chat, name = await asyncio.gather(self._chat(arrived, until), self._people.name(arrived.sender, until))
        parent = await self._parent(arrived, chat, until)
        ours = parent.author == self.account
        message = IncomingMessage(
            id=arrived.id,
            chat=chat,
            sender=User(NAME, arrived.sender, name),
            text=arrived.text,
            addressed=arrived.direct or arrived.mentioned or ours or arrived.text.startswith("/"),
            quoted=parent.text,
            replied_to=User(NAME, parent.author) if parent.author else None,
            attachments=arrived.attachments,
            language=self._settings.people_language,
            sent_at=arrived.sent_at,
        )
        return await self._with_groups(message, until)

    async def _with_groups(self, message: IncomingMessage, until: float) -> IncomingMessage:
        """With the sender's departments, where anything hangs on them. Raises StoreError."""
        if not await self._host.needs_groups(message):
            return message
        return replace(message, groups=await self._people.departments(message.sender.id, until))

    async def _chat(self, arrived: Arrived, until: float) -> Chat:
        """A thread is named by its first message, which is what one replies to in order to write into it."""
        if arrived.direct:
            thread = (arrived.root or arrived.id) if arrived.thread else ""
            return Chat(NAME, arrived.chat, thread, direct=True)
        group = await self._lookups.group(arrived.chat, until)
        # In a group made of topics a message may name its root and no thread.
        thread = (arrived.root or arrived.id) if arrived.thread or group.topics else ""
        return Chat(NAME, arrived.chat, thread, title=group.title)

    async def _parent(self, arrived: Arrived, chat: Chat, until: float) -> Parent:
        """What is replied to. In a thread every message replies to its first one, which says nothing."""
        if not arrived.parent or (chat.thread and arrived.parent == arrived.root):
            return Parent()
        if self._meter.strain and not (arrived.direct or arrived.mentioned):
            return Parent()  # people among themselves are not worth what is left of the quota
        return await self._lookups.parent(arrived.parent, until)

    async def _press(self, event: dict[str, Any]) -> IncomingMessage:
        until = asyncio.get_running_loop().time() + PATIENCE
        pressed = read_press(event)
        menu = pressed.ref
        if not menu:
            # The card was made before its message had an id; a card that was sent whole has no entity.
            entity = await self._context.posts.get(pressed.key) if pressed.key else ""
            menu = f"{pressed.message}/{entity}".rstrip("/")
        message = IncomingMessage(
            id=pressed.id,
            chat=Chat(NAME, pressed.chat, pressed.thread, direct=pressed.direct),
            sender=User(NAME, pressed.sender, await self._people.name(pressed.sender, until)),
            text=pressed.command,
            menu=menu,
            language=self._settings.people_language,
            sent_at=self._now(),
        )
        return await self._with_groups(message, until)

    async def _stale(self, message: IncomingMessage) -> bool:
        """Whether a message is too old to be answered; its writer is told, unless it had been handed on in time."""
        if not message.sent_at or self._now() - message.sent_at <= self._too_old:
            return False
        if await self._handed_on.get(message.id):
            return True
        log.info("a message came too late", chat=str(message.chat), message=message.id)
        if message.addressed and await self._host.admits(message):
            try:
                content = cards.dumps({"text": self._words.late})
                uuid = f"late.{message.id}"[:50]
                await self._sender.send(message.chat, "text", content, uuid=uuid, reply_to=message.id)
            except ChannelError as error:
                log.info("nobody could be told", chat=str(message.chat), error=str(error))
                return True
        await self._handed_on.put(message.id, "told")
        return True

    async def _mark(self, message: IncomingMessage) -> None:
        """Only where a redelivery could be taken for a stale message is it needed to know that it was handed on."""
        if self._too_old < REDELIVERED_FOR:
            await self._handed_on.put(message.id, "answered")

    async def _warn(self) -> None:
        if not self._admins or not self._meter.strain:
            return

        async def tell(used: int, quota: int) -> None:
            text = self._words.quota.format(used=used, quota=quota)
            for admin in self._admins:
                await self._sender.tell(admin.id, text, uuid=f"quota.{used}.{admin.id}"[:50])

        try:
            await self._meter.warn(tell)
        except (ChannelError, StoreError) as error:
            log.warning("the admins could not be told of the quota", error=str(error))
