"""Feishu with people on it: what they say and press reaches the bot, what it writes can be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Self
from uuid import uuid4

from bridge.types import Chat, User
from tests.emulators.feishu.frames import DATA, Frame
from tests.emulators.feishu.im import FORWARDED
from tests.emulators.feishu.longconn import Lost, event, toast
from tests.emulators.feishu.rules import Fault, Rules, too_often
from tests.emulators.feishu.server import SHOWN, WRITES, Injected, Server
from tests.emulators.feishu.tenant import (
    APP_ID,
    APP_SECRET,
    BOT,
    BOT_NAME,
    ROOT,
    TENANT_KEY,
    Message,
    Stored,
    Tenant,
)
from tests.platform import Bubble, Place, SharedFile, Voice

MENTION = {
    "key": "@_user_1",
    "id": {"union_id": "on_bot", "user_id": "", "open_id": BOT},
    "name": BOT_NAME,
    "tenant_key": TENANT_KEY,
}
"""Of the bot."""


class FeishuPlatform:
    channel = "feishu"
    bubble_length = 24000
    shows_typing = False
    secrets: Sequence[str] = (APP_SECRET,)

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.tenant = Tenant(self.rules)
        self.server = Server(self.tenant)
        self.toasts: list[dict[str, Any]] = []
        """What each press was answered with."""

    async def __aenter__(self) -> Self:
        await self.server.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.server.stop()

    def environment(self) -> dict[str, str]:
        return {"FEISHU_APP_ID": APP_ID, "FEISHU_APP_SECRET": APP_SECRET, "FEISHU_DOMAIN": self.server.base}

    def user(self, who: str = "mia") -> User:
        self.tenant.people[f"ou_{who}"] = who.capitalize()
        return User(self.channel, f"ou_{who}", who.capitalize())

    def department(self, name: str, under: str = ROOT) -> str:
        """A department of this name below another; its id."""
        id = f"od-{name}"
        self.tenant.departments[id] = under
        return id

    def transfer(self, who: str, *departments: str) -> None:
        """Somebody belongs to these departments from now on, and to no other."""
        self.tenant.members[self.user(who).id] = list(departments)

    def chat(self, place: Place = "direct", who: str = "mia") -> Chat:
        if place == "direct":
            return Chat(self.channel, f"oc_{who}", direct=True)
        kind, _, name = place.partition(":")
        group, topic = self.tenant.room(name)
        return Chat(self.channel, group, topic if kind == "topic" else "", title="The group")

    async def say(
        self,
        text: str,
        *,
        who: str = "mia",
        place: Place = "direct",
        mention: bool = False,
        reply_to: str = "",
        voice: Voice = "person",
        forwarded: bool = False,
        files: Sequence[SharedFile] = (),
    ) -> str:
        """What is forwarded several at a time comes as what has to be asked for; one message alone comes as if the
        person had written it, and nothing tells that they had not."""
        if voice in ("group", "channel"):
            raise LookupError("nobody speaks as a group or a channel on Feishu")
        if forwarded:
            return await self.forward([("lea", text, files)], who=who, place=place, voice=voice)
        mentions = [MENTION] if mention else []
        if mention:
            text = f"{MENTION['key']} {text}".rstrip()
        *before, (kind, content) = self._messages(text, files)
        for first_kind, first in before:
            await self.send(first_kind, first, who=who, place=place, voice=voice)
        return await self.send(kind, content, who=who, place=place, reply_to=reply_to, mentions=mentions, voice=voice)

    async def forward(
        self,
        said: Sequence[tuple[str, str, Sequence[SharedFile]]],
        *,
        who: str = "mia",
        place: Place = "direct",
        voice: Voice = "person",
    ) -> str:
        """A person forwards at once what others have said: who, their words, and the files with these."""
        id = await self.send("merge_forward", {}, who=who, place=place, voice=voice)
        forward = self.tenant.messages[id]
        for author, text, files in said:
            for kind, content in self._messages(text, files):
                message = self.tenant.new_message(forward.chat, self.user(author).id, kind, content, None)
                forward.held.append(self.tenant.messages.pop(message.id))
        return id

    def _messages(self, text: str, files: Sequence[SharedFile]) -> list[tuple[str, dict[str, Any]]]:
        """What people's apps make of a text with files: one rich text where there are words or several pictures; a
        message for each other file, the last of which the words go with."""
        if not files:
            return [("text", {"text": text})]
        pictures = [{"tag": "img", "image_key": self._store(file)} for file in files if file.kind == "image"]
        others = [self._message(file) for file in files if file.kind != "image"]
        words = [[{"tag": "text", "text": text}]] if text else []
        if len(pictures) == 1 and not others and not text:
            return [("image", {"image_key": pictures[0]["image_key"]})]
        if not text and not pictures:
            return others
        post: dict[str, Any] = {"title": "", "content": [*([picture] for picture in pictures), *words]}
        if text and others:
            attached = [content for kind, content in others if kind == "file"]
            return [*(each for each in others if each[0] != "file"), ("post", {**post, "files": attached})]
        return [*others, ("post", post)]

    def _message(self, file: SharedFile) -> tuple[str, dict[str, Any]]:
        kind = {"video": "media"}.get(file.kind, file.kind)
        content: dict[str, Any] = {"file_key": self._store(file)}
        if kind in ("file", "media"):
            content["file_name"] = file.name
        if kind in ("audio", "media"):
            content["duration"] = 1500
        if kind == "media" and file.still:
            content["image_key"] = self.tenant.store(Stored("image", "cover.jpg", "image/jpeg", file.still))
        return kind, content

    def _store(self, file: SharedFile) -> str:
        mime = "audio/ogg" if file.kind == "audio" else file.mime
        return self.tenant.store(Stored(file.kind, file.name, mime, file.content))

    async def edit(
        self, message: str, text: str, *, who: str = "mia", place: Place = "direct", mention: bool = False
    ) -> None:
        """An edited text is told in paragraphs of HTML (public reports); its event here names the message only, which
        is all that the reports agree on."""
        edited = self.tenant.messages[message]
        edited.mentions = [MENTION] if mention else []
        text = f"{MENTION['key']} {text}" if mention else text
        edited.kind, edited.content = "text", {"text": "".join(f"<p>{line}</p>" for line in text.split("\n"))}
        edited.edits += 1
        about = {"message_id": message, "chat_id": edited.chat}
        sender = {"sender_id": {"union_id": f"on_{who}", "user_id": None, "open_id": self.user(who).id}}
        self._tell("im.message.updated_v1", {"sender": sender, "message": about})

    async def delete(self, message: str, *, who: str = "mia", place: Place = "direct") -> None:
        deleted = self.tenant.messages[message]
        deleted.deleted = True
        about = {"message_id": message, "chat_id": deleted.chat, "recall_type": "message_owner"}
        self._tell("im.message.recalled_v1", {**about, "recall_time": self.tenant.clock.now_ms()})

    def _tell(self, kind: str, body: dict[str, Any]) -> None:
        self.server.connection.push(event(self.tenant, kind, body))

    async def slash(
        self, command: str, argument: str = "", *, who: str = "mia", place: Place = "direct", voice: Voice = "person"
    ) -> None:
        """Picking one puts it into the box where people write, and it comes as any text does."""
        await self.say(f"/{command} {argument}".rstrip(), who=who, place=place, voice=voice)

    async def send(
        self,
        kind: str,
        content: dict[str, Any],
        *,
        who: str = "mia",
        place: Place = "direct",
        reply_to: str = "",
        mentions: Sequence[dict[str, Any]] = (),
        age: float = 0.0,
        voice: Voice = "person",
    ) -> str:
        """A person sends a message of any kind, `age` seconds ago."""
        user, chat = self.user(who), self.chat(place, who)
        parent = self.tenant.messages.get(reply_to or chat.thread)
        message = self.tenant.new_message(chat.id, user.id, kind, content, parent)
        message.created = str(int(message.created) - int(age * 1000))
        message.mentions = list(mentions)
        body = {
            "message_id": message.id,
            "root_id": message.root,
            "parent_id": message.parent,
            "thread_id": "" if self.rules.topic_group else message.thread,
            "create_time": message.created,
            "update_time": message.created,
            "chat_id": chat.id,
            "chat_type": "p2p" if chat.direct else "group",
            "message_type": kind,
            "content": FORWARDED if kind == "merge_forward" else json.dumps(content, ensure_ascii=False),
            "mentions": list(mentions),
        }
        sender = {
            "sender_id": {"union_id": f"on_{who}", "user_id": None, "open_id": user.id},
            "sender_type": "user" if voice == "person" else "app",
        }
        told = {"sender": sender, "message": {key: value for key, value in body.items() if value}}
        message.event = event(self.tenant, "im.message.receive_v1", told)
        self.server.connection.push(message.event)
        return message.id

    async def press(
        self, bubble: str, label: str, *, who: str = "mia", place: Place = "direct", command: str = ""
    ) -> None:
        message = self.tenant.messages[bubble]
        value = next(value for reads, value in message.seen().buttons if reads == label)
        if command:
            value = {**value, "command": command}
        body = {
            "operator": {"open_id": self.user(who).id, "union_id": f"on_{who}", "tenant_key": TENANT_KEY},
            "token": f"c-{uuid4().hex}",
            "action": {"value": value, "tag": "button"},
            "host": "im_message",
            "context": {"open_message_id": bubble, "open_chat_id": message.chat},
        }
        if message.card is not None:
            message.card.pressed = True
        try:
            answer = await self.server.connection.deliver(event(self.tenant, "card.action.trigger", body))
        except Lost:
            raise AssertionError("the person who pressed was shown an error: no answer within 3 s") from None
        finally:
            if message.card is not None:
                message.card.pressed = False
        assert answer.get("code") == 200, answer
        self.toasts.append(toast(answer))

    async def react(self, bubble: str, *, who: str = "mia", place: Place = "direct", down: bool = True) -> None:
        body = {
            "message_id": bubble,
            "reaction_type": {"emoji_type": "ThumbsDown" if down else "THUMBSUP"},
            "operator_type": "user",
            "user_id": {"open_id": self.user(who).id, "union_id": f"on_{who}", "user_id": None},
            "action_time": str(self.tenant.clock.now_ms()),
        }
        self._tell("im.message.reaction.created_v1", body)

    def bubbles(self, place: Place = "direct", who: str = "mia") -> list[Bubble]:
        chat = self.chat(place, who)
        thread = self.tenant.messages[chat.thread].thread if chat.thread else ""
        messages = self.tenant.messages.values()
        return [
            self._bubble(message)
            for message in messages
            if message.chat == chat.id and message.sender == BOT and message.thread == thread and not message.deleted
        ]

    def _bubble(self, message: Message) -> Bubble:
        seen = message.seen()
        card = message.card.data if message.card else message.content
        return Bubble(
            message.id,
            seen.text,
            seen.code,
            [label for label, _ in seen.buttons],
            message.parent,
            list(message.writes),
            bool(message.kind == "interactive" and card.get("config", {}).get("streaming_mode")),
            seen.aside,
            [self._shared(key, caption) for key, caption in seen.files],
        )

    def _shared(self, key: str, caption: str) -> SharedFile:
        stored = self.tenant.stored[key]
        kind = {"image": "image", "opus": "audio", "mp4": "video"}.get(stored.kind, "file")
        return SharedFile(kind, stored.name, stored.mime, stored.content, caption)

    def typing(self, place: Place = "direct", who: str = "mia") -> int:
        return 0  # there is no such thing on Feishu

    async def redeliver(self, message: str) -> None:
        self.server.connection.push(self.tenant.messages[message].event)

    async def hostile(self) -> int:
        """None of these is a message, even if it looks like one; their acknowledgement is not waited for."""
        good = json.loads(json.dumps(self._sample()))
        bodies: list[Any] = [None, 7, "x", [], {}, {"schema": "2.0"}, {"header": 1, "event": 2}]
        bodies.append({**good, "event": None})
        for name, value in _WRONG:
            wrong = json.loads(json.dumps(good))
            wrong["event"]["message"][name] = value
            bodies.append(wrong)
        bodies.append({**good, "event": {**good["event"], "sender": None}})
        bodies.append(event(self.tenant, "card.action.trigger", {"operator": 1, "action": {"value": "x"}}))
        bodies.append(event(self.tenant, "im.message.recalled_v1", {"message_id": 7, "chat_id": None}))
        bodies.append(event(self.tenant, "im.message.updated_v1", {"message": {"message_id": ["om_x"]}}))
        payloads = [json.dumps(body).encode() for body in bodies]
        payloads += [b"", b"{", b"\xff\xfe", b"[" * 100_000]
        await self.listening()
        frames = [self._frame(payload, number) for number, payload in enumerate(payloads)]
        frames += [b"\xff" * 40, b"", self._frame(b"{}", 900, sum="x"), self._frame(b"{}", 901, sum="9999999")]
        frames += [self._frame(b"{}", 902, sum="2", seq="7"), self._frame(b"{}", 903, sum="2", seq="-1")]
        for frame in frames:
            await self.server.connection.clients[0].send_bytes(frame)
        return len(frames)

    def _sample(self) -> dict[str, Any]:
        message = {
            "message_id": "om_hostile",
            "chat_id": "oc_mia",
            "chat_type": "p2p",
            "message_type": "text",
            "create_time": self.tenant.clock.now_ms(),
            "content": '{"text": "hostile"}',
        }
        sender = {"sender_id": {"open_id": "ou_mia"}, "sender_type": "user"}
        return event(self.tenant, "im.message.receive_v1", {"sender": sender, "message": message})

    def _frame(self, payload: bytes, number: int, **headers: str) -> bytes:
        usual = {"type": "event", "message_id": f"hostile{number}", "sum": "1", "seq": "0"}
        return Frame(DATA, usual | headers, payload, 77, seq=1, log=1).encode()

    def flood(self, seconds: float, times: int = 1) -> None:
        self.server.injected.append(Injected(WRITES, times, too_often(seconds)))

    def lose_answers(self, times: int = 1, *, steps: tuple[str, ...] = SHOWN) -> None:
        self.server.injected.append(Injected(steps, times, carry_out=True))

    def drop_requests(self, times: int = 1) -> None:
        self.server.injected.append(Injected(WRITES, times))

    def fail(self, step: str, code: int, msg: str = "", *, times: int = 1) -> None:
        """Refuse the next `times` calls of a step (see `WRITES`) with a code."""
        self.server.injected.append(Injected((step,), times, Fault(code, msg or "injected")))

    @property
    def downloads(self) -> int:
        return self.count("download")

    @property
    def refusals(self) -> int:
        return self.tenant.rates.refusals

    def count(self, step: str) -> int:
        """How many calls of a step there were."""
        return sum(name == step for name, _ in self.server.calls)

    async def listening(self, clients: int = 1) -> None:
        """Wait until so many clients are connected."""
        await self.server.connection.wait_for(clients)


_WRONG: list[tuple[str, Any]] = [
    ("message_id", None),
    ("message_id", 12),
    ("message_id", "om_" + "x" * 200_000),
    ("chat_id", None),
    ("chat_id", ""),
    ("chat_id", {"a": 1}),
    ("content", None),
    ("content", 5),
    ("content", "not json"),
    ("content", "[]"),
    ("content", "[" * 50_000),
    ("content", '{"text": 5}'),
    ("message_type", None),
    ("create_time", "soon"),
    ("mentions", 5),
]
