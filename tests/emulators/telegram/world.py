"""The state behind the emulated Bot API: who there is, which rooms, what was said, what waits to be fetched.

`Crowd` changes it as people do, the calls change it as the bot does; both go through the few verbs here.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from .envelope import ApiError, bad_request, forbidden
from .files import FOLDERS, MIMES, Form, StoredFile
from .menus import Menus
from .messages import Message, Write, thread_of
from .people import Person, Room, RoomType, Standing, member_json
from .rules import Rules
from .updates import Updates

_FIRST_GROUP = 4_000_000_001
_FIRST_SUPERGROUP = 2_100_000_001


@dataclass(eq=False, slots=True)
class Press:
    """A pressed button; `answer` is what the bot showed for it, None until answerCallbackQuery."""

    id: str
    person: Person
    message: Message
    data: str
    at: float
    answer: str | None = None
    alert: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    room: Room
    id: int
    write: Write


@dataclass(eq=False)
class World:
    me: Person
    rules: Rules
    now: Callable[[], float]
    """The loop's clock, in seconds."""
    reads_all: bool = False
    """Privacy mode off: the bot sees all that is said in its groups."""
    rooms: dict[int, Room] = field(default_factory=dict)
    people: dict[int, Person] = field(default_factory=dict)
    presses: dict[str, Press] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    served: dict[str, tuple[StoredFile, float]] = field(default_factory=dict)
    """The paths that getFile has handed out, and until when they work."""
    drafts: list[Draft] = field(default_factory=list)
    typing: Counter[tuple[int, int]] = field(default_factory=Counter)
    """How often typing was shown, by room and thread."""
    delivered: dict[tuple[int, int], int] = field(default_factory=dict)
    """The update that last brought a message, by room and message; 0 where the bot did not want it."""
    menus: Menus = field(default_factory=Menus)
    webhook: str = ""
    parse_modes: list[str] = field(default_factory=list)
    """Every parse_mode the bot asked for. It is meant to send entities; each of these calls was refused."""

    def __post_init__(self) -> None:
        self.updates = Updates(self.rules, self.now)
        self._private_numbers = count(1)
        self._supergroups = count(1)
        self._groups = count(_FIRST_GROUP)
        self.unique = count(1)

    # -- rooms and people

    def private(self, person: Person) -> Room:
        """Their private chat with the bot, which they have not started yet if it is new."""
        if person.id not in self.rooms:
            self.people[person.id] = person
            room = Room(person.id, "private", "", self._private_numbers, person=person, started=False)
            room.members = {person.id: (person, "member"), self.me.id: (self.me, "member")}
            self.rooms[person.id] = room
        return self.rooms[person.id]

    def open_room(self, type: RoomType, title: str, *, forum: bool = False) -> Room:
        """A new group, supergroup or channel. A supergroup numbers its messages itself: from 10,001, 20,001 …"""
        if type == "group":
            room = Room(-next(self._groups), type, title, self._private_numbers)
        else:
            number = next(self._supergroups)
            id = -1_000_000_000_000 - _FIRST_SUPERGROUP - number
            room = Room(id, type, title, count(10_000 * number + 1), is_forum=forum)
        room.members[self.me.id] = (self.me, "member")
        self.rooms[room.id] = room
        return room

    def room(self, given: str) -> Room:
        """The room of a `chat_id` argument, wherever the bot may act in it. Raises ApiError as the server does."""
        if not given:
            raise bad_request("chat_id is empty")
        room = self.rooms.get(int(given)) if given.lstrip("-").isdecimal() else None
        if room is None:
            raise bad_request("chat not found")
        if room.moved_to is not None:
            reason = "Bad Request: group chat was upgraded to a supergroup chat"
            raise ApiError(400, reason, migrate_to_chat_id=room.moved_to.id)
        if room.bot == "kicked":
            raise forbidden(f"bot was kicked from the {room.type} chat")
        if room.bot == "left":
            raise forbidden(f"bot is not a member of the {room.type} chat")
        return room

    def open_to_us(self, given: str) -> Room:
        """`room`, where the bot may also speak."""
        room = self.room(given)
        if room.deleted_account:
            raise forbidden("user is deactivated")
        if room.blocked:
            raise forbidden("bot was blocked by the user")
        if not room.started:
            raise forbidden("bot can't initiate conversation with a user")
        return room

    # -- files and messages

    def store(self, form: Form, data: bytes, *, name: str = "", mime: str = "", size: int | None = None) -> StoredFile:
        """Keep a file; `size` lets it claim more bytes than it has."""
        number = next(self.unique)
        suffix = name.rpartition(".")[2] if "." in name else "bin"
        file = StoredFile(
            f"AgACAgIAAxkBAA{number:06d}",
            f"{FOLDERS[form]}/file_{number}.{suffix}",
            data,
            len(data) if size is None else size,
            form,
            name,
            mime or MIMES[form],
        )
        self.files[file.id] = file
        return file

    def add(self, room: Room, sender: Person | None, *, topic: int = 0, **fields: Any) -> Message:
        """A new message in `room`; whether it becomes an update is not decided here."""
        thread, in_topic = thread_of(room, topic, fields.get("reply_to"))
        message = Message(
            room, next(room.numbers), sender, int(time.time()), thread=thread, in_topic=in_topic, **fields
        )
        room.messages[message.id] = message
        if sender is not None and sender.is_bot:
            room.last_bot = sender.id
        return message

    def message(self, room: Room, id: int) -> Message | None:
        found = room.messages.get(id)
        return None if found is None or found.deleted else found

    def deliver(self, message: Message, *, edited: bool = False) -> int:
        """Make it an update if the bot may see it; returns the update's id, or 0."""
        room = message.room
        gone = room.bot in ("kicked", "left") or room.blocked or message.sender == self.me
        if gone or not (room.is_private or message.service or self._meant_for_us(message)):
            return 0
        post = "channel_post" if room.type == "channel" else "message"
        update = self.updates.push(f"edited_{post}" if edited else post, message.json())
        self.delivered[room.id, message.id] = update
        return update

    def _meant_for_us(self, message: Message) -> bool:
        """What privacy mode lets through: commands, mentions, replies to the bot. An admin bot sees everything."""
        room = message.room
        if self.reads_all or room.bot == "administrator" or room.type == "channel":
            return True
        if message.reply_to is not None and message.reply_to.sender == self.me:
            return True
        name = f"@{self.me.username}".lower()
        content = message.content
        if any(found.lower() == name for found in content.blocks("mention")):
            return True
        if any(e.type == "text_mention" and e.extra["user"]["id"] == self.me.id for e in content.entities):
            return True
        for command in content.blocks("bot_command"):
            _, at, whom = command.lower().partition("@")
            if at + whom == name or (not at and room.last_bot in (0, self.me.id)):
                return True
        return False

    def report(self, room: Room, by: Person, old: Standing, new: Standing) -> None:
        """The my_chat_member that tells the bot how its own standing in a room changed."""
        change = {
            "chat": room.json(),
            "from": by.json(),
            "date": int(time.time()),
            "old_chat_member": member_json(self.me, old),
            "new_chat_member": member_json(self.me, new),
        }
        self.updates.push("my_chat_member", change)
