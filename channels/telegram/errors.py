"""The one place where Telegram's errors become ours."""

from __future__ import annotations

import re
from dataclasses import replace

from telegram.error import TelegramError

from bridge.errors import ChannelError, Gone, Moved, RateLimited, Refused, TooLong, Unsure
from bridge.types import Chat
from channels.telegram.request import Failed, NotSent

BAD_TOKEN = "Telegram does not accept this bot's token: check TELEGRAM_TOKEN, or ask @BotFather for a new one"  # noqa: S105

NO_BOT = "there is no bot at this address: check TELEGRAM_TOKEN, and TELEGRAM_API_URL where that is set"


class Unchanged(ChannelError):
    """The edit would change nothing: the message looks like this already."""


class ThreadGone(Gone):
    """The topic is not there; the chat may be."""


class Rejected(Refused):
    """Telegram finds something wrong with the request itself, its entities for example."""


class Conflict(ChannelError):
    """Another receiver takes this bot's updates; `webhook` where it is a web address."""

    def __init__(self, *, webhook: bool) -> None:
        super().__init__("another program receives this bot's messages")
        self.webhook = webhook


# What a 400 may say, in lower case, and what that means; the first match counts. The wordings are those of the
# Bot API server (tdlib/telegram-bot-api, Client.cpp) and of Telegram's own servers (in capitals there).
_MEANINGS: tuple[tuple[str, type[ChannelError]], ...] = (
    ("message is not modified", Unchanged),
    ("message thread not found", ThreadGone),
    ("topic_deleted", ThreadGone),
    ("message is too long", TooLong),
    ("message_too_long", TooLong),
    ("text is too long", TooLong),
    ("message to edit not found", Gone),
    ("message to delete not found", Gone),
    ("message can't be edited", Gone),
    ("message_id_invalid", Gone),
    ("there is no text in the message", Gone),
    ("there is no caption in the message", Gone),
    ("wrong file_id", Gone),
    ("invalid file_id", Gone),
    ("file is too big", Refused),
    ("chat not found", Gone),
    ("user not found", Gone),
    ("peer_id_invalid", Gone),
    ("group chat was deactivated", Gone),
    ("channel_private", Gone),
    ("not enough rights", Refused),
    ("have no rights", Refused),
    ("chat_write_forbidden", Refused),
    ("chat_restricted", Refused),
    ("topic_closed", Refused),
    ("message can't be deleted", Refused),
)


_WAIT_WITHIN = re.compile(r"too many requests: retry after (\d+)")
"""An album of which one file was refused for rate says so within a 400 (telegram-bot-api, on_message_send_failed)."""


def translated(error: TelegramError, chat: Chat | None = None) -> ChannelError:
    """Return our error for the library's; `chat` is where the request went."""
    if isinstance(error, NotSent):
        return ChannelError(f"Telegram cannot be reached ({error.message})")
    if not isinstance(error, Failed):
        return Unsure(f"Telegram's answer was lost ({error.message})")
    status, said = error.status, error.description
    if status == 429:
        return RateLimited(error.retry_after or 1.0)
    if error.moved_to and chat is not None:
        return Moved(replace(chat, id=error.moved_to, direct=False))
    if status == 400:
        if wait := _WAIT_WITHIN.search(said):
            return RateLimited(float(wait[1]))
        for words, kind in _MEANINGS:
            if words in said:
                return kind(said)
        return Rejected(said or "bad request")
    if status == 401:
        return Refused(BAD_TOKEN)
    if status == 404 and "method" not in said:
        return Refused(NO_BOT)
    if status == 403:
        return Gone(said or "forbidden")
    if status == 409:
        return Conflict(webhook="webhook" in said)
    if status == 413:
        return Refused(said or "request too large")
    if status == 408 or status >= 500:
        return Unsure(f"Telegram has trouble of its own ({status})")
    return Refused(said or f"Telegram answered with status {status}")
