"""The Telegram channel: what the bridge asks for, in calls of python-telegram-bot's `Bot`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Sequence
from functools import partial
from typing import Any, Self, TypeVar
from urllib.parse import quote

import structlog
from msgspec.structs import replace
from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import TelegramError

from bridge.channel import Command, Host, Limits, Memory, Posted
from bridge.errors import ChannelError, Gone, Refused, StoreError, Unsure
from bridge.inbound import Inbound, Said
from bridge.types import Attachment, Body, Chat, FileKind, User
from channels.telegram.compose import MAX_CAPTION_LENGTH, compose
from channels.telegram.errors import Rejected, ThreadGone, Unchanged, translated
from channels.telegram.keyboards import keyboard
from channels.telegram.lost_posts import LostPosts, in_time
from channels.telegram.markdown import MAX_LENGTH, Content, measure, plain
from channels.telegram.menu import publish
from channels.telegram.polling import Polling
from channels.telegram.request import FILE_SECONDS, READ_SECONDS, AiohttpRequest, Failed
from channels.telegram.settings import Settings
from channels.telegram.updates import CHANNEL, KINDS, Arrival, Me
from channels.telegram.uploads import MAX_ALBUM_FILES, MAX_FILE_BYTES, uploads
from channels.telegram.words import privacy_hint

WRITES_PER_SECOND = 28.0
"""The whole bot's share is about 30 (Bots FAQ)."""
HASTY_PROBES = 2
"""Probes for a lost post that need not wait: until it is found, the answer stands there twice."""
MAX_BUTTONS = 24
"""Telegram shows a hundred buttons; nobody reads that many."""
MAX_COMMAND_BYTES = 64
"""Of a button's callback_data (Bot API, InlineKeyboardButton)."""
FILE_LIMITS: dict[FileKind, int] = {"image": MAX_FILE_BYTES, "audio": MAX_FILE_BYTES, "file": MAX_FILE_BYTES}

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
            max_command_bytes=MAX_COMMAND_BYTES,
            files=FILE_LIMITS,
            max_files=MAX_ALBUM_FILES,
            max_caption=MAX_CAPTION_LENGTH,
        )

    def listen(self, host: Host) -> AsyncGenerator[Sequence[Inbound], None]:
        assert self._polling is not None, "not entered"
        return self._polling.batches()

    async def post(
        self, chat: Chat, body: Body, *, key: str, reply_to: str = "", final: bool, retry: bool = False
    ) -> Posted:
        question = int(reply_to) if reply_to.isdecimal() else 0
        floors = await self._lost_posts.floors(chat.id, key, retry=retry)
        try:
            ids, in_part = await self._send(chat, chat.thread, body, question)
        except ThreadGone:
            if not chat.thread:
                raise
            ids, in_part = await self._send(chat, "", body, question)
        await self._lost_posts.posted(chat.id, key, ids)
        if (retry or in_part) and floors:
            await self._delete_duplicates(chat, [max(floor, question) for floor in floors], ids, body)
        return _Posted(self, chat, ids, shown=body)

    async def fetch(self, attachment: Attachment) -> AsyncGenerator[bytes, None]:
        """Telegram hands out files of up to 20 MB, by an address that is good for an hour (Bot API, getFile)."""
        if not attachment.ref:
            raise Gone("there is nothing to fetch")
        parameters = {"file_id": attachment.ref}
        found = await self._ask(self._request.call(f"{self._bot.base_url}/getFile", parameters, FILE_SECONDS))
        if not isinstance(found, dict) or not isinstance(path := found.get("file_path"), str):
            raise Refused("Telegram gives no path for this file")
        try:
            async for piece in self._request.download(f"{self._bot.base_file_url}/{quote(path)}"):
                yield piece
        except TelegramError as error:
            if isinstance(error, Failed) and error.status == 404:
                raise Gone("the file is no longer there") from None
            raise translated(error) from None

    def posted(self, chat: Chat, ref: str) -> Posted:
        ids = [int(id) if id.isdecimal() else 0 for id in ref.split(",")]
        self._lost_posts.keep(chat.id, ids)
        return _Posted(self, chat, ids)

    async def typing(self, chat: Chat) -> None:
        action = self._bot.send_chat_action(chat.id, ChatAction.TYPING, message_thread_id=_number(chat.thread))
        try:
            await self._ask(action, chat)
        except ChannelError as error:
            _log.debug("typing was not shown", chat=str(chat), error=str(error))

    async def publish(self, commands: Sequence[Command], admins: Sequence[User]) -> None:
        try:
            await publish(self._bot, self._memory, commands, admins)
        except StoreError as error:
            _log.info("the command menus were not compared", error=str(error))

    async def branch(self, chat: Chat, title: str) -> Chat | None:
        return None

    def hint(self, chat: Chat, language: str) -> str:
        return privacy_hint(language, self._username) if self._private_mode and _is_group(chat) else ""

    def link(self, code: str) -> str:
        return f"https://t.me/{self._username}?start={code}" if self._username else ""

    async def edit(self, chat: Chat, ids: Sequence[int], body: Body) -> None:
        """Make the message show `body`; where it does so already, nothing happens.

        Clients show no buttons under an album, and the server takes none (levlam, tdlib/telegram-bot-api#86).
        """
        try:
            if not body.files:
                await self._edit_text(chat, ids[0], body)
            elif len(ids) == 1:
                markup = {"reply_markup": keyboard(body.buttons)}
                await self._ask(self._bot.edit_message_reply_markup(chat.id, ids[0], api_kwargs=markup), chat)
        except Unchanged:
            return

    async def delete(self, chat: Chat, ids: Sequence[int]) -> None:
        """What is not there any more is deleted; what has become too old for it stays."""
        try:
            if len(ids) == 1:
                await self._ask(self._bot.delete_message(chat.id, ids[0]), chat)
            else:
                await self._ask(self._bot.delete_messages(chat.id, ids), chat)
        except (Gone, Refused) as error:
            _log.debug("a message was not deleted", chat=str(chat), error=str(error))

    async def _send(self, chat: Chat, thread: str, body: Body, question: int) -> tuple[list[int], bool]:
        """Post `body`; return the ids of its messages, and whether more of them may stand from a refused attempt."""
        extras: dict[str, Any] = {}
        if body.buttons and len(body.files) <= 1:
            extras["reply_markup"] = keyboard(body.buttons)
        if question:
            extras["reply_parameters"] = {"message_id": question, "allow_sending_without_reply": True}
        if body.files:
            return await self._upload(chat, thread, body, extras)

        where = {"chat_id": chat.id, **extras}
        if (topic := _number(thread)) is not None:
            where["message_thread_id"] = topic
        sent = await self._write(chat, body, "sendMessage", where)
        try:
            return [int(sent["message_id"])], False
        except (TypeError, KeyError, ValueError):
            raise Unsure("Telegram's answer cannot be read") from None

    async def _upload(self, chat: Chat, thread: str, body: Body, extras: dict[str, Any]) -> tuple[list[int], bool]:
        where = {"chat_id": chat.id, **extras}
        if (topic := _number(thread)) is not None:
            where["message_thread_id"] = topic
        refusal: Rejected | None = None
        for upload in uploads(body.files):
            url = f"{self._bot.base_url}/{upload.method}"
            call = self._request.call(url, where | upload.parameters, FILE_SECONDS, upload.files)
            try:
                sent = await self._ask(call, chat)
            except Rejected as error:
                _log.info("files were not taken in this form", chat=str(chat), method=upload.method, error=str(error))
                refusal = error
                continue
            try:
                ids = [int(message["message_id"]) for message in (sent if isinstance(sent, list) else [sent])]
            except (TypeError, KeyError, ValueError):
                raise Unsure("Telegram's answer cannot be read") from None
            # Of an album with one bad file, the server may have sent the others (telegram-bot-api, Client.cpp).
            return ids, refusal is not None and len(body.files) > 1
        assert refusal is not None
        raise refusal

    async def _edit_text(self, chat: Chat, id: int, body: Body) -> None:
        if not (body.text.strip() or body.aside.strip()):
            return
        what: dict[str, Any] = {"chat_id": chat.id, "message_id": id}
        if body.buttons:
            what["reply_markup"] = keyboard(body.buttons)
        await self._write(chat, body, "editMessageText", what)

    async def _write(self, chat: Chat, body: Body, method: str, parameters: dict[str, Any]) -> Any:
        """Call `method` with the rendered body; with its source, where Telegram does not take the rendered one.

        It goes past the library's `Bot`, which would parse a whole `Message` for each edit, and nobody reads it.
        """
        url = f"{self._bot.base_url}/{method}"
        content = compose(body)
        if not content.text.strip():
            raise Refused("an empty message cannot be posted")
        try:
            return await self._ask(self._request.call(url, parameters | _text_of(content), READ_SECONDS), chat)
        except Rejected as error:
            if not content.entities:
                raise
            _log.warning("a text was not taken with its entities", chat=str(chat), error=str(error))
            content = plain(body.text if body.text.strip() else body.aside[:MAX_LENGTH])
            return await self._ask(self._request.call(url, parameters | _text_of(content), READ_SECONDS), chat)

    async def _delete_duplicates(self, chat: Chat, floors: Sequence[int], ids: Sequence[int], body: Body) -> None:
        """Delete what earlier attempts at this post left. The new post stands, come what may."""
        search = self._lost_posts.search(chat.id, floors, ids)
        probes = 0
        try:
            id = next(search)
            while True:
                if found := await in_time(partial(self._is_ours, chat, id, body)):
                    await in_time(partial(self.delete, chat, [id]))
                    _log.info("a post that had arrived unnoticed was taken back", chat=str(chat))
                id = search.send(found)
                probes += 1
                if probes > HASTY_PROBES:
                    await asyncio.sleep(self.limits(chat).edit_interval)
        except StopIteration:
            return
        except ChannelError as error:
            _log.info("a post may stand twice", chat=str(chat), error=str(error))

    async def _is_ours(self, chat: Chat, id: int, body: Body) -> bool:
        """Whether the message `id` is one of ours of the same kind as `body`, which an edit tells.

        A text is made to show `body`, a file to lose its caption: both are about to be deleted.
        """
        try:
            if body.files:
                await self._ask(self._bot.edit_message_caption(chat.id, id, caption=""), chat)
            else:
                await self._edit_text(chat, id, body)
        except Unchanged:
            return True
        except (Gone, Refused):
            return False  # another's, or none at all
        return True

    async def _ask(self, call: Awaitable[_T], chat: Chat | None = None) -> _T:
        """Make a call. Raises nothing but ChannelErrors."""
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
        if isinstance(arrival.event, Said):
            self._lost_posts.seen(arrival.event.chat.id, int(arrival.event.id))
        if arrival.query:
            task = asyncio.create_task(self._acknowledge(arrival.query))
            self._acknowledging.add(task)
            task.add_done_callback(self._acknowledging.discard)

    async def _acknowledge(self, query: str) -> None:
        """Stop the spinner on a pressed button. A late press can no longer be acknowledged."""
        try:
            await self._ask(self._bot.answer_callback_query(query))
        except ChannelError as error:
            _log.debug("a press was not acknowledged", error=str(error))


class _Posted:
    """A message of ours, or the several that make up an album."""

    def __init__(self, telegram: Telegram, chat: Chat, ids: Sequence[int], shown: Body | None = None) -> None:
        self._telegram, self._chat, self._ids = telegram, chat, ids
        self._shown = shown and replace(shown, files=())
        """What the message shows, as far as is known: saying it again would use up the chat's rate."""

    @property
    def ref(self) -> str:
        return ",".join(map(str, self._ids))

    async def edit(self, body: Body, *, final: bool) -> None:
        wanted = replace(body, files=())  # files never change, and need not be kept
        if wanted != self._shown:
            self._shown = None
            await self._telegram.edit(self._chat, self._ids, body)
            self._shown = wanted

    async def delete(self) -> None:
        self._shown = None
        await self._telegram.delete(self._chat, self._ids)


def _text_of(content: Content) -> dict[str, Any]:
    """The parameters that carry a text.

    Previews are off, on every edit too: fetching one tells the page's owner that somebody was given its address.
    """
    parameters: dict[str, Any] = {"text": content.text, "link_preview_options": {"is_disabled": True}}
    if content.entities:
        parameters["entities"] = content.entities
    return parameters


def _is_group(chat: Chat) -> bool:
    return chat.id.startswith("-")


def _number(thread: str) -> int | None:
    """The thread as Telegram takes it; General has none."""
    return int(thread) if thread.isdecimal() else None
