"""What an event leaves out and the platform tells when asked: kinds of groups, messages replied to, edited messages.

A question may go unanswered, or be refused: a missing scope costs a title or a quotation, never the message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from bridge.types import Attachment
from channels.feishu.cached_lookup import CachedLookup
from channels.feishu.incoming import MAX_ID_LENGTH, read_forwarded, read_parent
from channels.feishu.people import People
from channels.feishu.rest import Rest

NAMES_SECONDS = 0.7
"""For the names in a forward, out of the time that all questions about one event have."""
MAX_NAMES = 10
"""Names that are asked for because of one forward; each is a call of the quota."""


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

    def __init__(self, rest: Rest, app: str, people: People) -> None:
        self._rest = rest
        self._people = people
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
        items = await self._ask_message(message)
        return items[0] if items else {}

    async def _ask_message(self, message: str) -> list[dict[str, Any]]:
        """A message, and behind it those that it holds where it is a forward (im-v1/message/get)."""
        # Without this a card is told as what clients show that are too old for it: a hint to upgrade.
        params = {"card_msg_content_type": "user_card_content"}
        items = (await self._rest.data(f"/im/v1/messages/{message}", params)).get("items")
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []

    async def _ask_chat(self, chat: str) -> ChatInfo:
        data = await self._rest.data(f"/im/v1/chats/{chat}", {})
        title, mode = data.get("name"), data.get("chat_mode")
        topics = mode == "topic" or data.get("group_message_type") == "thread"
        return ChatInfo(title[:MAX_ID_LENGTH] if isinstance(title, str) else "", mode == "p2p", topics)

    async def _ask_parent(self, message: str) -> Parent:
        items = await self._ask_message(message)
        if not items:
            return Parent()
        parent = Parent(*read_parent(items[0], self._app, self.bot))
        if len(items) == 1:
            return parent
        said, attachments = read_forwarded(items, self.bot)
        quoted = tuple(replace(each, quoted=True) for each in attachments)
        return Parent(parent.author, await self._with_names(said), quoted)

    async def _with_names(self, said: Sequence[tuple[str, str]]) -> str:
        """A line for each message; with the names of those who wrote them, where there are several."""
        authors = list(dict.fromkeys(author for author, _ in said))
        if len(authors) < 2:
            return "\n".join(text for _, text in said)
        until = asyncio.get_running_loop().time() + NAMES_SECONDS
        known = await asyncio.gather(*(self._people.name(each, until) for each in authors[:MAX_NAMES]))
        names = dict(zip(authors, known, strict=False))
        return "\n".join(f"{name}: {text}" if (name := names.get(author)) else text for author, text in said)
