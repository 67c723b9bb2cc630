"""The Telegram channel: what the bridge asks for, in calls of python-telegram-bot's `Bot`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, Self, TypeVar

import structlog
from telegram import Bot, Message
from telegram.constants import ChatAction
from telegram.error import TelegramError

from bridge.channel import Command, Host, Limits, Memory, Posted
from bridge.errors import ChannelError, Gone, Refused, StoreError, Unsure
from bridge.types import Button, Chat, IncomingMessage, User
from channels.telegram.errors import Rejected, ThreadGone, Unchanged, translated
from channels.telegram.keyboards import keyboard
from channels.telegram.lost_posts import LostPosts
from channels.telegram.markdown import MAX_LENGTH, Content, measure, plain, render
from channels.telegram.menu import publish
from channels.telegram.polling import Polling
from channels.telegram.request import READ_SECONDS, AiohttpRequest
from channels.telegram.settings import Settings
from channels.telegram.updates import CHANNEL, KINDS, Arrival, Me
from channels.telegram.words import privacy_hint

WRITES_PER_SECOND = 28.0
"""The whole bot's share is about 30 (Bots FAQ)."""
MAX_BUTTONS = 24
"""Telegram shows a hundred buttons; nobody reads so many."""

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


class Telegram:
    """One bot account."""

    name = CHANNEL

    def __init__(self, settings: Settings, memory: Memory) -> None:
        # Below warnings the library logs its address, which holds the token, and everything people say.
        logging.getLogger("telegram").setLevel(logging.WARNING)
        token = settings.telegram_token.get_secret_value()
        url = settings.telegram_api_url
        self._account = token.partition(":")[0]
        self._intervals = (settings.telegram_edit_interval, settings.telegram_group_interval)
        self._memory = memory
        self._lost_posts = LostPosts(memory)
        self._request = AiohttpRequest(settings.proxy)
        self._bot = Bot(
            token,
            base_url=f"{url}/bot",
            base_file_url=f"{url}/file/bot",
            request=self._request,
            get_updates_request=self._request,
        )
        self._username = ""
        self._private_mode = False
        """Telegram's privacy mode: in groups only what is plainly meant for the bot is delivered to it."""
        self._polling: Polling | None = None
        self._acknowledging: set[asyncio.Task[None]] = set()

    @property
    def account(self) -> str:
        return self._account

    @property
    def set_aside(self) -> int:
        return self._polling.set_aside if self._polling else 0

    async def __aenter__(self) -> Self:
        """Raises Refused for a token that is not accepted, ChannelError where Telegram cannot be reached."""
        await self._request.initialize()
        try:
            me = await self._ask(self._bot.get_me())
        except BaseException:
            await self._request.shutdown()
            raise
        self._username = me.username or ""
        self._polling = Polling(self._get_updates, self._remove_webhook, self._arrived, Me(me.id, self._username))
        self._private_mode = not me.can_read_all_group_messages
        _log.info("telegram is up", bot=self._username, privacy_mode=self._private_mode)
        if self._private_mode:
            _log.info(
                "privacy mode is on: in groups the bot hears only commands, replies and mentions, unless it is an "
                "admin there. @BotFather's /setprivacy turns it off for groups that it is added to from then on"
            )
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._acknowledging:
            task.cancel()
        await asyncio.gather(*self._acknowledging, return_exceptions=True)
        await self._request.shutdown()

    def limits(self, chat: Chat) -> Limits:
        return Limits(
            max_length=MAX_LENGTH,
            edit_interval=self._intervals[_is_group(chat)],
            measure=measure,
            writes_per_second=WRITES_PER_SECOND,
            bucket=str(chat.whole),
            max_buttons=MAX_BUTTONS,
        )

    def listen(self, host: Host) -> AsyncGenerator[IncomingMessage, None]:
        assert self._polling is not None, "not entered"
        return self._polling.messages()

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
    ) -> Posted:
        if not text.strip():
            raise Refused("an empty message cannot be posted")
        question = int(reply_to) if reply_to.isdecimal() else 0
        floor = await self._lost_posts.floor(chat.id, key, again=again)
        try:
            id = await self._send(chat, chat.thread, text, question, buttons)
        except ThreadGone:
            if not chat.thread:
                raise
            id = await self._send(chat, "", text, question, buttons)
        await self._lost_posts.posted(chat.id, id)
        if again and floor is not None:
            await self._delete_duplicates(chat, self._lost_posts.candidates(chat.id, max(floor, question), id), text)
        return _Posted(self, chat, id, shown=(text, tuple(buttons)))

    def posted(self, chat: Chat, ref: str) -> Posted:
        id = int(ref) if ref.isdecimal() else 0
        self._lost_posts.ours(chat.id, id)
        return _Posted(self, chat, id)

    async def typing(self, chat: Chat) -> None:
        action = self._bot.send_chat_action(chat.id, ChatAction.TYPING, message_thread_id=_number(chat.thread))
        try:
            await self._ask(action, chat)
        except ChannelError as fault:
            _log.debug("typing was not shown", chat=str(chat), fault=str(fault))

    async def publish(self, commands: Sequence[Command], admins: Sequence[User]) -> None:
        try:
            await publish(self._bot, self._memory, commands, admins)
        except StoreError as fault:
            _log.info("the command menus were not compared", fault=str(fault))

    async def branch(self, chat: Chat, title: str) -> Chat | None:
        return None

    def hint(self, chat: Chat, language: str) -> str:
        return privacy_hint(language, self._username) if self._private_mode and _is_group(chat) else ""

    def link(self, code: str) -> str:
        return f"https://t.me/{self._username}?start={code}" if self._username else ""

    async def edit(self, chat: Chat, id: int, text: str, buttons: Sequence[Button]) -> None:
        """Make the message read `text`; that it reads so already is as good."""
        if not text.strip():
            return

        def call(content: Content) -> Awaitable[object]:
            extras = _extras(content, buttons)
            return self._bot.edit_message_text(content.text, chat.id, id, api_kwargs=extras)

        try:
            await self._write(chat, text, call)
        except Unchanged:
            return

    async def delete(self, chat: Chat, id: int) -> None:
        """What is not there any more is deleted; what has become too old for it stays."""
        try:
            await self._ask(self._bot.delete_message(chat.id, id), chat)
        except (Gone, Refused) as fault:
            _log.debug("a message was not deleted", chat=str(chat), fault=str(fault))

    async def _send(self, chat: Chat, thread: str, text: str, question: int, buttons: Sequence[Button]) -> int:
        def call(content: Content) -> Awaitable[Message]:
            extras = _extras(content, buttons)
            if question:
                extras["reply_parameters"] = {"message_id": question, "allow_sending_without_reply": True}
            return self._bot.send_message(chat.id, content.text, message_thread_id=_number(thread), api_kwargs=extras)

        return (await self._write(chat, text, call)).message_id

    async def _write(self, chat: Chat, text: str, call: Callable[[Content], Awaitable[_T]]) -> _T:
        """Rendered; and as it was written, where Telegram finds fault with that."""
        content = render(text)
        try:
            return await self._ask(call(content), chat)
        except Rejected as fault:
            if not content.entities:
                raise
            _log.warning("a text was not taken with its entities", chat=str(chat), fault=str(fault))
            return await self._ask(call(plain(text)), chat)

    async def _delete_duplicates(self, chat: Chat, candidates: Sequence[int], text: str) -> None:
        """Delete those of the candidates that are posts of ours gone astray. The new post stands, come what may."""
        for number, id in enumerate(candidates):
            if number:
                await asyncio.sleep(self.limits(chat).edit_interval)
            try:
                await self.edit(chat, id, text, ())
                await self.delete(chat, id)
            except (Gone, Refused):
                continue  # somebody else's, or none at all
            except ChannelError as fault:
                _log.info("a post may stand twice", chat=str(chat), fault=str(fault))
                return
            _log.info("a post that had arrived unnoticed was taken back", chat=str(chat))

    async def _ask(self, call: Awaitable[_T], chat: Chat | None = None) -> _T:
        """Make a call, and raise nothing but ChannelErrors."""
        try:
            return await call
        except TelegramError as error:
            raise translated(error, chat) from None
        except (TypeError, KeyError, AttributeError):  # the library could not make sense of what came back
            raise Unsure("Telegram's answer cannot be read") from None

    async def _get_updates(self, offset: int, seconds: int) -> Any:
        parameters: dict[str, Any] = {"timeout": seconds, "allowed_updates": list(KINDS)}
        if offset:
            parameters["offset"] = offset
        url = f"{self._bot.base_url}/getUpdates"
        return await self._ask(self._request.call(url, parameters, seconds + READ_SECONDS))

    async def _remove_webhook(self) -> object:
        return await self._ask(self._bot.delete_webhook(drop_pending_updates=False))

    def _arrived(self, arrival: Arrival) -> None:
        message = arrival.message
        if message.id.isdecimal():
            self._lost_posts.seen(message.chat.id, int(message.id))
        if arrival.query:
            task = asyncio.create_task(self._acknowledge(arrival.query))
            self._acknowledging.add(task)
            task.add_done_callback(self._acknowledging.discard)

    async def _acknowledge(self, query: str) -> None:
        """Stop the spinner on a pressed button. A press that came late can no longer be acknowledged."""
        try:
            await self._ask(self._bot.answer_callback_query(query))
        except ChannelError as fault:
            _log.debug("a press was not acknowledged", fault=str(fault))


class _Posted:
    def __init__(
        self, telegram: Telegram, chat: Chat, id: int, shown: tuple[str, tuple[Button, ...]] | None = None
    ) -> None:
        self._telegram, self._chat, self._id = telegram, chat, id
        self._shown = shown
        """What the message reads, as far as is known: saying it again would use up the chat's rate."""

    @property
    def ref(self) -> str:
        return str(self._id)

    async def edit(self, text: str, *, final: bool, buttons: Sequence[Button] = ()) -> None:
        wanted = (text, tuple(buttons))
        if wanted != self._shown:
            self._shown = None
            await self._telegram.edit(self._chat, self._id, text, buttons)
            self._shown = wanted

    async def delete(self) -> None:
        self._shown = None
        await self._telegram.delete(self._chat, self._id)


def _extras(content: Content, buttons: Sequence[Button]) -> dict[str, Any]:
    """What goes to Telegram as it is: objects of the library's would only cost time.

    Previews are off, on every edit too: fetching one tells the page's owner that somebody was given its address.
    """
    extras: dict[str, Any] = {"link_preview_options": {"is_disabled": True}}
    if content.entities:
        extras["entities"] = content.entities
    if buttons:
        extras["reply_markup"] = keyboard(buttons)
    return extras


def _is_group(chat: Chat) -> bool:
    return chat.id.startswith("-")


def _number(thread: str) -> int | None:
    """The thread as Telegram takes it; General has none."""
    return int(thread) if thread.isdecimal() else None
