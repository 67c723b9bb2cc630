"""Messages that said what another said too, and how long people saw them."""

from __future__ import annotations

import re

from tests.emulators.telegram import TelegramPlatform
from tests.emulators.telegram.messages import Message
from tests.platform import Platform

BEGINNING = re.compile(r"q(\d+)r\d+w(\d*)")
"""A word, or the first half of the first one."""


def lasted(platform: Platform) -> list[float]:
    """How many seconds each of them stood.

    Only Telegram has no keys by which it knows a post again; on the others a message that is gone is a page that
    was not needed any more.
    """
    if not isinstance(platform, TelegramPlatform):
        return []
    deleted = {
        (call.arguments["chat_id"], int(call.arguments["message_id"])): call.at
        for call in platform.server.called("deleteMessage")
    }
    found = []
    for room in platform.world.rooms.values():
        ours = [each for each in room.messages.values() if each.sender == platform.world.me]
        beginnings = {each.id: _beginnings(each) for each in ours}
        for message in ours:
            others = set[str]().union(*(words for id, words in beginnings.items() if id != message.id))
            at = deleted.get((str(room.id), message.id))
            if message.deleted and at is not None and beginnings[message.id] & others:
                found.append(round(at - message.writes[0].at, 2))
    return found


def _beginnings(message: Message) -> set[str]:
    """The words that its texts began with, whichever attempt they belong to."""
    words = [BEGINNING.match(write.text) for write in message.writes]
    return {f"q{word[1]}w{word[2] or 0}" for word in words if word}
