"""What people do: write, paste, send pictures, press buttons, block the bot, turn their group into a supergroup.

Each verb changes the world and queues the updates that the real server would send for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from tests.platform import SharedFile

from .entities import Entity
from .files import Form, StoredFile, media_json
from .keyboards import find_button, labels
from .messages import Message, inaccessible, opening
from .people import ANONYMOUS_ADMIN, CHANNEL_AUTHOR, TELEGRAM, Person, Room, Standing
from .text import NO_TEXT, Formatted, written
from .world import Press, World

_FIRST_PERSON = 7_300_000_000
_FORMS: dict[str, Form] = {"image": "photo", "audio": "audio", "video": "video", "sticker": "sticker"}
"""How apps send what people pick; anything else is a document."""
_CLIENT_TEXT_MAX = 4096
"""Where people's apps cut what they paste (code points)."""


class Crowd:
    def __init__(self, world: World) -> None:
        self._world = world

    # -- who is where

    def person(self, first_name: str, *, username: str = "", language: str = "en", is_bot: bool = False) -> Person:
        """Someone new. Their ids do not fit 32 bits, as those of newer accounts do not."""
        person = Person(_FIRST_PERSON + next(self._world.unique), first_name, username, language, is_bot)
        self._world.people[person.id] = person
        return person

    def join(self, person: Person, room: Room, standing: Standing = "member") -> None:
        room.members[person.id] = (person, standing)

    def topic(self, room: Room, name: str, by: Person, *, told: bool = True) -> int:
        """Open a topic in a forum; returns its thread id. Unless `told`, it was there before the bot came."""
        message = self._world.add(room, by, service={"forum_topic_created": {"name": name, "icon_color": 7322096}})
        message.thread, message.in_topic = message.id, True
        room.topics[message.id] = name
        if told:
            self._world.deliver(message)
        return message.id

    def block(self, person: Person) -> None:
        room = self._world.private(person)
        self._world.report(room, person, "member", "kicked")
        room.blocked = True

    def unblock(self, person: Person) -> None:
        room = self._world.private(person)
        room.blocked = False
        self._world.report(room, person, "kicked", "member")

    def stand(self, room: Room, by: Person, standing: Standing) -> None:
        """Make the bot an admin, an ordinary member again, or throw it out: `left` or `kicked`."""
        self._world.report(room, by, room.bot, standing)
        room.bot = standing

    def migrate(self, room: Room, by: Person) -> Room:
        """Turn a basic group into a supergroup, which has a new id and none of the old messages."""
        supergroup = self._world.open_room("supergroup", room.title)
        supergroup.members = dict(room.members)
        supergroup.bot = room.bot
        room.moved_to = supergroup
        self.report(room, by, migrate_to_chat_id=supergroup.id)
        self.report(supergroup, by, migrate_from_chat_id=room.id)
        return supergroup

    # -- what is said

    def say(
        self,
        person: Person,
        room: Room,
        text: str,
        *,
        topic: int = 0,
        reply_to: Message | None = None,
        quote: str = "",
        anonymous: bool = False,
        channel: Room | None = None,
        marked: Sequence[Entity] = (),
        **extra: Any,
    ) -> Message:
        """Write a message. An `anonymous` admin speaks as the group, with `channel` one speaks as that channel.

        What they `marked` is bold, a link, a mention without a username; `extra` goes into the message as it is
        (`forward_origin`).
        """
        content = written(text, marked)
        return self._send(person, room, content, {}, topic, reply_to, quote, anonymous, channel, extra)

    async def paste(self, person: Person, room: Room, text: str, *, topic: int = 0, gap: float = 0.05) -> list[Message]:
        """Send a text too long for one message: the app cuts it into several, `gap` seconds apart, and nothing on
        the wire says that they belong together. Spaces at the cuts are lost, as they are in the app."""
        sent: list[Message] = []
        for start in range(0, len(text), _CLIENT_TEXT_MAX):
            if sent:
                await asyncio.sleep(gap)
            sent.append(self.say(person, room, text[start : start + _CLIENT_TEXT_MAX], topic=topic))
        return sent

    @staticmethod
    def copied(channel: Room, date: int) -> dict[str, Any]:
        """What marks a post of `channel` that Telegram itself copies into the channel's group."""
        origin = {"type": "channel", "chat": channel.json(), "message_id": 7, "date": date}
        return {"from": TELEGRAM.json(), "is_automatic_forward": True, "forward_origin": origin}

    def edit(self, message: Message, text: str) -> None:
        message.content = written(text)
        message.edit_date = int(time.time())
        self._world.deliver(message, edited=True)

    def delete(self, message: Message) -> None:
        """The bot is never told."""
        message.deleted = True

    def start(self, person: Person, payload: str = "") -> Message:
        """Press Start in the private chat, or follow a deep link that carries `payload`."""
        return self.say(person, self._world.private(person), f"/start {payload}")

    def report(self, room: Room, by: Person, **service: Any) -> Message:
        """A service message: ``pinned_message``, ``new_chat_title``, ``new_chat_members``."""
        message = self._world.add(room, by, service=service)
        self._world.deliver(message)
        return message

    # -- what is shown

    def photo(
        self,
        person: Person,
        room: Room,
        caption: str = "",
        *,
        data: bytes = b"jpeg",
        topic: int = 0,
        album: str = "",
    ) -> Message:
        thumbnail, file = (
            self._world.store("photo", data[:100], name="x.jpg"),
            self._world.store("photo", data, name="x.jpg"),
        )
        media = media_json(file, thumbnail=thumbnail)
        return self._send(person, room, written(caption), media, topic, album=album, file=file)

    def album(
        self, person: Person, room: Room, pictures: int, caption: str = "", *, caption_on: int = 0
    ) -> list[Message]:
        """Several photos as one: messages of their own with one media_group_id, the caption on one of them."""
        group = self._new_album()
        return [
            self.photo(person, room, caption if index == caption_on else "", album=group) for index in range(pictures)
        ]

    def document(
        self,
        person: Person,
        room: Room,
        name: str,
        data: bytes = b"document",
        *,
        caption: str = "",
        mime: str = "application/octet-stream",
        size: int | None = None,
        topic: int = 0,
    ) -> Message:
        """`size` lets it claim more bytes than it has."""
        file = self._world.store("document", data, name=name, mime=mime, size=size)
        return self._send(person, room, written(caption), media_json(file), topic, file=file)

    def voice(self, person: Person, room: Room, data: bytes = b"OggS", *, seconds: int = 3, topic: int = 0) -> Message:
        file = self._world.store("voice", data, name="x.oga")
        return self._send(person, room, NO_TEXT, media_json(file, seconds=seconds), topic, file=file)

    def sticker(self, person: Person, room: Room, emoji: str = "👍", *, topic: int = 0) -> Message:
        file = self._world.store("sticker", b"RIFF", name="x.webp")
        return self._send(person, room, NO_TEXT, media_json(file, emoji=emoji), topic, file=file)

    def share(
        self, person: Person, room: Room, files: Sequence[SharedFile], caption: str = "", **where: Any
    ) -> list[Message]:
        """Send files as people's apps do: pictures and videos together, any others among themselves, and the
        caption with the first. What cannot be one album is sent one after the other."""
        world = self._world
        stored = [
            world.store(_FORMS.get(file.kind, "document"), file.content, name=file.name, mime=file.mime)
            for file in files
        ]
        stills = [world.store("photo", file.still, name="thumb.jpg") if file.still else None for file in files]
        together = len({"visual" if file.form in ("photo", "video") else file.form for file in stored}) == 1
        album = self._new_album() if len(stored) > 1 and together else ""
        return [
            self._send(
                person,
                room,
                written(caption if index == 0 else ""),
                media_json(file, thumbnail=still),
                album=album,
                file=file,
                **where,
            )
            for index, (file, still) in enumerate(zip(stored, stills, strict=True))
        ]

    def _new_album(self) -> str:
        return str(13_000_000_000_000_000 + next(self._world.unique))

    # -- what is pressed

    def press(self, person: Person, message: Message, label: str, *, too_old: bool = False, data: str = "") -> Press:
        """Press the button that reads `label`. With `too_old` the update carries an InaccessibleMessage only.

        A changed app may send other `data` than the button's; the server passes on what it is sent.
        """
        button = find_button(message.markup, label)
        if message.deleted or button is None or "callback_data" not in button:
            raise LookupError(f"no button {label!r} to press; there are {labels(message.markup)}")
        world = self._world
        press = Press(
            str(4_000_000_000_000_000_000 + next(world.unique)),
            person,
            message,
            data or button["callback_data"],
            world.now(),
        )
        world.presses[press.id] = press
        query = {
            "id": press.id,
            "from": person.json(),
            "message": inaccessible(message) if too_old else message.json(),
            "chat_instance": str(-7_919 * message.room.id),
            "data": press.data,
        }
        world.updates.push("callback_query", query, life=world.rules.callback_life)
        return press

    def _send(
        self,
        person: Person,
        room: Room,
        content: Formatted,
        media: dict[str, Any],
        topic: int = 0,
        reply_to: Message | None = None,
        quote: str = "",
        anonymous: bool = False,
        channel: Room | None = None,
        extra: dict[str, Any] | None = None,
        album: str = "",
        file: StoredFile | None = None,
    ) -> Message:
        if room.is_private:
            room.started = True
            if room.blocked:
                self.unblock(person)
        elif person.id not in room.members:
            self.join(person, room)
        sender: Person | None = person
        sender_chat = room if anonymous else channel
        if room.type == "channel":
            sender, sender_chat = None, room
        elif sender_chat is not None:
            sender = ANONYMOUS_ADMIN if anonymous else CHANNEL_AUTHOR
        message = self._world.add(
            room,
            sender,
            topic=topic,
            reply_to=reply_to or opening(room, topic),
            quote=quote,
            content=content,
            media=media,
            file=file,
            sender_chat=sender_chat,
            album=album,
            extra=extra or {},
        )
        self._world.deliver(message)
        return message
