"""What an event leaves out and the platform tells when asked: kinds of groups, messages replied to, edited messages.

A question may go unanswered, or be refused: a missing scope costs a title or a quotation, never the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bridge.types import Attachment
from channels.feishu.cached_lookup import CachedLookup
from channels.feishu.incoming import MAX_ID_LENGTH, read_parent
from channels.feishu.rest import Rest


@dataclass(frozen=True, slots=True)
class ChatInfo:
    title: str = ""
    direct: bool = False
    topics: bool = False
    """Made of topics, each a conversation of its own."""


@dataclass(frozen=True, slots=True)
class Parent:
    author: str = ""
    """An open_id, or the app's id where we wrote it."""
    text: str = ""
    attachments: tuple[Attachment, ...] = ()


class Lookups:
    """Each is asked once. `until` is the time of the loop's at which the answer is no longer waited for."""

    def __init__(self, rest: Rest, app: str) -> None:
        self._rest = rest
        self._app = app
        self.bot = ""
        """Our open_id."""
        self._chats = CachedLookup(self._ask_chat, ChatInfo())
        self._parents = CachedLookup(self._ask_parent, Parent())

    async def chat(self, chat: str, until: float) -> ChatInfo:
        return await self._chats.get(chat, until)

    async def parent(self, message: str, until: float) -> Parent:
        return await self._parents.get(message, until)

    async def message(self, message: str) -> dict[str, Any]:
        """A message as it is now; empty where the answer holds none. Raises ChannelError."""
        self._parents.forget(message)
        # Without this a card is told as what clients show that are too old for it: a hint to upgrade.
        params = {"card_msg_content_type": "user_card_content"}
        items = (await self._rest.data(f"/im/v1/messages/{message}", params)).get("items")
        return items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}

    async def _ask_chat(self, chat: str) -> ChatInfo:
        data = await self._rest.data(f"/im/v1/chats/{chat}", {})
        title, mode = data.get("name"), data.get("chat_mode")
        topics = mode == "topic" or data.get("group_message_type") == "thread"
        return ChatInfo(title[:MAX_ID_LENGTH] if isinstance(title, str) else "", mode == "p2p", topics)

    async def _ask_parent(self, message: str) -> Parent:
        item = await self.message(message)
        return Parent(*read_parent(item, self._app, self.bot)) if item else Parent()
