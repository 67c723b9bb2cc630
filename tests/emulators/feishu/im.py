"""Messages: send, reply, edit, patch, recall, read; the chats they belong to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from tests.emulators.feishu.rules import Fault
from tests.emulators.feishu.tenant import (
    APP_ID,
    BOT,
    BOT_NAME,
    TENANT_KEY,
    Message,
    Tenant,
    card_fault,
    thread_of,
)

FORWARDED = "Merged and Forwarded Message"
"""The content of every forward (im-v1/message/merge_forward)."""
UPGRADE_HINT = {"title": None, "elements": [[{"tag": "text", "text": "Please upgrade your client to read this"}]]}


class Im:
    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def routes(self) -> list[tuple[str, str, str, Any]]:
        return [
            ("GET", "/bot/v3/info", "bot", self.bot),
            ("POST", "/im/v1/messages", "send", self.send),
            ("POST", "/im/v1/messages/{message}/reply", "reply", self.reply),
            ("PUT", "/im/v1/messages/{message}", "edit", self.edit),
            ("PATCH", "/im/v1/messages/{message}", "patch", self.patch),
            ("DELETE", "/im/v1/messages/{message}", "recall", self.recall),
            ("GET", "/im/v1/messages/{message}", "read", self.read),
            ("GET", "/im/v1/chats/{chat}", "chat", self.chat),
        ]

    async def bot(self, _: web.Request) -> dict[str, Any]:
        return {"bot": {"activate_status": 2, "app_name": BOT_NAME, "open_id": BOT}}

    async def send(self, request: web.Request) -> dict[str, Any]:
        body = await request.json()
        kind, id = request.query["receive_id_type"], str(body["receive_id"])
        chat = f"oc_{id.removeprefix('ou_')}" if kind == "open_id" else id
        return self._send(chat, body, None)

    async def reply(self, request: web.Request) -> dict[str, Any]:
        body = await request.json()
        parent = self._tenant.message(request.match_info["message"])
        return self._send(parent.chat, body, parent)

    def _send(self, chat: str, body: dict[str, Any], parent: Message | None) -> dict[str, Any]:
        tenant = self._tenant
        if chat in tenant.gone_chats:
            raise Fault(230002, "The bot can not be outside the group.")
        uuid = str(body.get("uuid", ""))
        if len(uuid) > 50:
            raise Fault(230001, "Your request contains an invalid request parameter.")
        sent = tenant.uuids.get(uuid)
        if uuid and sent and tenant.clock.now() - sent[0] < tenant.rules.uuid_lasts:
            return {"data": self._told(tenant.messages[sent[1]])}
        too_often = Fault(230020, "This operation triggers the frequency limit.")
        tenant.rates.take(f"chat {chat}", tenant.rules.per_chat, 1.0, too_often)
        message = self._make(chat, body, parent)
        if uuid:
            tenant.uuids[uuid] = (tenant.clock.now(), message.id)
        return {"data": self._told(message)}

    def _make(self, chat: str, body: dict[str, Any], parent: Message | None) -> Message:
        tenant = self._tenant
        kind, content = body["msg_type"], self._content(body["msg_type"], body["content"])
        card = None
        if kind == "interactive" and content.get("type") == "card":
            card = tenant.cards.get(content["data"]["card_id"])
            if card is None or card.message is not None:
                # That an entity is sent only once is the page's word; the code is a guess.
                raise card_fault(300314, "card entity cannot be sent")
        message = tenant.new_message(chat, BOT, kind, content, parent)
        if parent is not None and body.get("reply_in_thread") and not message.thread:
            message.thread = thread_of(message.root)
        if card is not None:
            card.message, message.card = message, card
        message.shown()
        return message

    def _content(self, kind: str, source: str) -> dict[str, Any]:
        rules = self._tenant.rules
        limit = rules.text_bytes if kind == "text" else rules.card_bytes
        if len(source.encode()) > limit:
            raise Fault(230025, "The length of the message content reaches its limit.")
        content: dict[str, Any] = json.loads(source)
        for key, uploaded_as in _files(kind, content):
            if key not in self._tenant.stored:
                raise Fault(230001, "Your request contains an invalid request parameter.")  # the code is a guess
            if self._tenant.stored[key].kind not in uploaded_as:
                raise Fault(230055, "The type of file upload does not match the type of message being sent.")
        if kind == "interactive" and content.get("type") != "card":
            return self._tenant.check_card(source, too_large=230025)
        return content

    async def edit(self, request: web.Request) -> dict[str, Any]:
        body = await request.json()
        message = self._mine(request)
        if message.kind not in ("text", "post") or body["msg_type"] != message.kind:
            raise Fault(230054, "This operation is not supported for this message type.")
        if message.edits >= self._tenant.rules.edits:
            raise Fault(230072, "The message has reached the number of times it can be edited.")
        message.content = self._content(message.kind, body["content"])
        message.edits += 1
        message.shown()
        return {"data": self._told(message)}

    async def patch(self, request: web.Request) -> dict[str, Any]:
        body = await request.json()
        message = self._mine(request)
        if message.kind != "interactive" or message.card is not None:
            # Whether a card entity's message can be patched is not known; an adapter must not count on it.
            raise Fault(230054, "This operation is not supported for this message type.")
        too_often = Fault(230020, "This operation triggers the frequency limit.")
        rules = self._tenant.rules
        self._tenant.rates.take(f"patch {message.id}", rules.per_patched, 1.0, too_often)
        was = message.content.get("config", {}).get("update_multi")
        content = self._tenant.check_card(body["content"], too_large=230025)
        if was is not True or content.get("config", {}).get("update_multi") is not True:
            raise Fault(230001, "Your request contains an invalid request parameter.")
        message.content = content
        message.shown()
        return {"data": {}}

    async def recall(self, request: web.Request) -> dict[str, Any]:
        self._mine(request).deleted = True
        return {"data": {}}

    def _mine(self, request: web.Request) -> Message:
        message = self._tenant.message(request.match_info["message"])
        if message.sender != BOT:
            raise Fault(230026, "No permission.")
        return message

    async def read(self, request: web.Request) -> dict[str, Any]:
        message = self._tenant.message(request.match_info["message"])
        raw = request.query.get("card_msg_content_type") == "user_card_content"
        items = [self._item(message, raw=raw)]
        items += [self._item(each, raw=raw) | {"upper_message_id": message.id} for each in message.held]
        return {"data": {"items": items}}

    def _item(self, message: Message, *, raw: bool) -> dict[str, Any]:
        if message.kind == "merge_forward":
            return self._told(message) | {"body": {"content": FORWARDED}}
        content = message.content
        if message.kind == "interactive":
            card = message.card.data if message.card else message.content
            content = card if raw else UPGRADE_HINT
        return self._told(message) | {"body": {"content": json.dumps(content, ensure_ascii=False)}}

    def _told(self, message: Message) -> dict[str, Any]:
        bot = message.sender == BOT
        sender = {"id": APP_ID, "id_type": "app_id", "sender_type": "app"}
        person = {"id": message.sender, "id_type": "open_id", "sender_type": "user"}
        told = {
            "message_id": message.id,
            "root_id": message.root,
            "parent_id": message.parent,
            "thread_id": message.thread,
            "msg_type": message.kind,
            "create_time": message.created,
            "chat_id": message.chat,
            "deleted": message.deleted,
            "updated": message.edits > 0,
            "sender": (sender if bot else person) | {"tenant_key": TENANT_KEY},
            "mentions": [{**each, "id": each["id"]["open_id"], "id_type": "open_id"} for each in message.mentions],
        }
        return {key: value for key, value in told.items() if value not in ("", [])}

    async def chat(self, request: web.Request) -> dict[str, Any]:
        chat = request.match_info["chat"]
        group = chat in self._tenant.groups
        topics = group and self._tenant.rules.topic_group
        mode = "topic" if topics else "group" if group else "p2p"
        return {"data": {"name": "The group", "chat_mode": mode, "group_message_type": "thread" if topics else "chat"}}


def _files(kind: str, content: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The key of each file in a message that is to be sent, and as what it must have been uploaded."""
    match kind:
        case "image":
            yield content["image_key"], ("image",)
        case "audio":
            yield content["file_key"], ("opus",)
        case "media":
            yield content["file_key"], ("mp4",)
        case "file":
            yield content["file_key"], ("pdf", "doc", "xls", "ppt", "stream")
        case "post":
            for line in next(iter(content.values()))["content"]:
                for part in line:
                    if part["tag"] == "img":
                        yield part["image_key"], ("image",)
