"""What an event leaves out and the platform tells when asked: kinds of groups, messages replied to.

A question may go unanswered, or be refused: a missing scope costs a title or a quotation, never the message.
"""

from __future__ import annotations

from dataclasses import dataclass

from channels.feishu.answers import Answers
from channels.feishu.incoming import LONGEST_ID, read_parent
from channels.feishu.rest import Rest


@dataclass(frozen=True, slots=True)
class Group:
    title: str = ""
    topics: bool = False
    """Made of topics, each a conversation of its own."""


@dataclass(frozen=True, slots=True)
class Parent:
    author: str = ""
    """An open_id, or the app's id where we wrote it."""
    text: str = ""


class Lookups:
    """Each is asked once. `until` is the time of the loop's at which the answer is no longer waited for."""

    def __init__(self, rest: Rest, app: str) -> None:
        self._rest = rest
        self._app = app
        self.bot = ""
        """Our open_id."""
        self._groups = Answers(self._ask_group, Group())
        self._parents = Answers(self._ask_parent, Parent())

    async def group(self, chat: str, until: float) -> Group:
        return await self._groups.get(chat, until)

    async def parent(self, message: str, until: float) -> Parent:
        return await self._parents.get(message, until)

    async def _ask_group(self, chat: str) -> Group:
        data = await self._rest.data(f"/im/v1/chats/{chat}", {})
        title = data.get("name")
        topics = data.get("chat_mode") == "topic" or data.get("group_message_type") == "thread"
        return Group(title[:LONGEST_ID] if isinstance(title, str) else "", topics)

    async def _ask_parent(self, message: str) -> Parent:
        # Without this a card is told as what clients show that are too old for it: a hint to upgrade.
        params = {"card_msg_content_type": "user_card_content"}
        items = (await self._rest.data(f"/im/v1/messages/{message}", params)).get("items")
        if not isinstance(items, list) or not items or not isinstance(items[0], dict):
            return Parent()
        return Parent(*read_parent(items[0], self._app, self.bot))
