"""What an event leaves out and the platform tells when asked: names, kinds of groups, messages replied to.

Every answer is remembered, a refusal too; a question takes two seconds at most, and may go unanswered: a missing
scope costs a name or a quotation, never the message.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog

from bridge.errors import ChannelError, Gone, Refused
from channels.feishu.content import Malformed
from channels.feishu.incoming import LONGEST_ID, read_parent
from channels.feishu.rest import Rest

log = structlog.get_logger(__name__)

PATIENCE = 2.0
"""Seconds; an event has to be acknowledged within three."""
REMEMBERED = 1000
T = TypeVar("T")


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
    def __init__(self, rest: Rest, app: str) -> None:
        self._rest = rest
        self._app = app
        self.bot = ""
        """Our open_id."""
        self._names: _Answers[str] = _Answers(self._ask_name, "")
        self._groups: _Answers[Group] = _Answers(self._ask_group, Group())
        self._parents: _Answers[Parent] = _Answers(self._ask_parent, Parent())

    def learn(self, names: Mapping[str, str]) -> None:
        for id, name in names.items():
            self._names.put(id, name)

    async def name(self, open_id: str) -> str:
        """Empty without the scope contact:user.base:readonly, or for people out of the app's reach."""
        return await self._names.get(open_id)

    async def group(self, chat: str) -> Group:
        return await self._groups.get(chat)

    async def parent(self, message: str) -> Parent:
        return await self._parents.get(message)

    async def _ask_name(self, open_id: str) -> str:
        data = await self._data(f"/contact/v3/users/{open_id}", {"user_id_type": "open_id"})
        user = data.get("user")
        name = user.get("name") if isinstance(user, dict) else None
        return name[:LONGEST_ID] if isinstance(name, str) else ""

    async def _ask_group(self, chat: str) -> Group:
        data = await self._data(f"/im/v1/chats/{chat}", {})
        title = data.get("name")
        topics = data.get("chat_mode") == "topic" or data.get("group_message_type") == "thread"
        return Group(title[:LONGEST_ID] if isinstance(title, str) else "", topics)

    async def _ask_parent(self, message: str) -> Parent:
        # Without this a card is told as what clients show that are too old for it: a hint to upgrade.
        params = {"card_msg_content_type": "user_card_content"}
        items = (await self._data(f"/im/v1/messages/{message}", params)).get("items")
        if not isinstance(items, list) or not items or not isinstance(items[0], dict):
            return Parent()
        return Parent(*read_parent(items[0], self._app, self.bot))

    async def _data(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        answer = (await self._rest.call("GET", path, params=params)).get("data")
        return answer if isinstance(answer, dict) else {}


class _Answers(Generic[T]):
    def __init__(self, ask: Callable[[str], Awaitable[T]], otherwise: T) -> None:
        self._ask = ask
        self._otherwise = otherwise
        self._known: OrderedDict[str, T] = OrderedDict()

    def put(self, about: str, answer: T) -> None:
        self._known[about] = answer
        self._known.move_to_end(about)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    async def get(self, about: str) -> T:
        if about in self._known:
            return self._known[about]
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._ask(about)
        except (Refused, Gone, Malformed) as error:
            log.info("a question was refused", about=about, error=str(error))
            answer = self._otherwise
        except (ChannelError, TimeoutError) as error:
            log.info("a question went unanswered", about=about, error=str(error) or "no time left")
            return self._otherwise
        self.put(about, answer)
        return answer
