"""Puts messages into chats: under another one, into a thread, or plainly; and takes them back."""

from __future__ import annotations

from typing import Any

import structlog

from bridge.errors import ChannelError, Gone, Refused
from bridge.types import Chat
from channels.feishu import cards, markdown
from channels.feishu.errors import INVALID, MessageGone, Rejected
from channels.feishu.rest import Rest

log = structlog.get_logger(__name__)


class Sender:
    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def send(self, chat: Chat, kind: str, content: str, *, uuid: str, reply_to: str = "") -> str:
        """The new message's id. Within an hour a second message with the same `uuid` is the first one.

        A thread is named by its first message, and written to by replying to it. Raises ChannelError and below.
        """
        body: dict[str, Any] = {"msg_type": kind, "content": content, "uuid": uuid}
        for parent in dict.fromkeys(filter(None, (reply_to, chat.thread))):
            try:
                return await self._reply(parent, body, in_thread=bool(chat.thread))
            except (MessageGone, Rejected) as error:
                if isinstance(error, Rejected) and error.code != INVALID:
                    raise
                log.info("the message to reply to is not there", chat=str(chat))
        if chat.thread:
            raise Gone("the thread is not there any more")
        target = {"receive_id": chat.id, **body}
        return _message_id(await self._rest.call("POST", "/im/v1/messages", target, {"receive_id_type": "chat_id"}))

    async def tell(self, open_id: str, text: str, *, uuid: str) -> None:
        """A text to one person, in their direct chat with the app."""
        body = {"receive_id": open_id, "msg_type": "text", "content": cards.dumps({"text": text}), "uuid": uuid}
        await self._rest.call("POST", "/im/v1/messages", body, {"receive_id_type": "open_id"})

    async def plain(self, chat: Chat, text: str, *, uuid: str, reply_to: str = "") -> tuple[str, str]:
        """A message that is no card: rich text, or bare text where that is refused. Its id and its kind."""
        text = markdown.plain(text)
        try:
            kind, content = "post", _rich(text)
            return await self.send(chat, kind, content, uuid=uuid, reply_to=reply_to), kind
        except Rejected as error:
            log.warning("rich text refused", chat=str(chat), code=error.code)
        kind, content = "text", cards.dumps({"text": text})
        return await self.send(chat, kind, content, uuid=f"{uuid}.t", reply_to=reply_to), kind

    async def edit_plain(self, message: str, kind: str, text: str) -> None:
        text = markdown.plain(text)
        content = _rich(text) if kind == "post" else cards.dumps({"text": text})
        await self._rest.call("PUT", f"/im/v1/messages/{message}", {"msg_type": kind, "content": content})

    async def patch(self, message: str, card: str) -> None:
        """Replace a card that was sent whole."""
        await self._rest.call("PATCH", f"/im/v1/messages/{message}", {"content": card})

    async def recall(self, message: str) -> bool:
        """Take a message back; False where the platform does not allow it (any more)."""
        try:
            await self._rest.call("DELETE", f"/im/v1/messages/{message}")
        except Gone:
            return True
        except Refused as error:
            log.info("a message cannot be taken back", message=message, error=str(error))
            return False
        return True

    async def _reply(self, parent: str, body: dict[str, Any], *, in_thread: bool) -> str:
        body = {**body, "reply_in_thread": in_thread}
        return _message_id(await self._rest.call("POST", f"/im/v1/messages/{parent}/reply", body))


def _rich(text: str) -> str:
    return cards.post([{"tag": "md", "text": text}])


def _message_id(answer: dict[str, Any]) -> str:
    data = answer.get("data")
    id = data.get("message_id") if isinstance(data, dict) else None
    if not isinstance(id, str):
        raise ChannelError("Feishu's answer names no message")
    return id
