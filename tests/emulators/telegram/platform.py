"""The emulator as a platform: people by name, three places to talk in, and the bot's bubbles as people see them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Self

from bridge.types import Chat, User
from tests.platform import Bubble, Place, SharedFile, Voice

from .faults import WRITES, Fault
from .hostile import hostile_updates
from .keyboards import labels
from .messages import Message
from .people import Person, Room
from .rules import Rules
from .server import TelegramServer
from .text import utf16

_CURSORS = "▌▍▎▏▋▊▉█▮▯"


class TelegramPlatform:
    """A private chat for everyone, and forums: a General topic is the group, one further topic the thread.
    ``channel:NAME`` is a broadcast channel that the bot is an admin of.

    Mia made the group; the bot was in it before it was started. Privacy mode is off unless `reads_all` says
    otherwise, so that it is the bot that must tell what is meant for it. `speed` shortens the platform's own times,
    `bot_speed` the pauses that the bot is told to make between two writes.
    All that a platform does not offer is on `server`.
    """

    channel = "telegram"
    bubble_length = 4096
    shows_typing = True

    def __init__(
        self, rules: Rules | None = None, *, speed: float = 1.0, bot_speed: float = 1.0, reads_all: bool = True
    ) -> None:
        self.server = TelegramServer((rules or Rules()).faster(speed), reads_all=reads_all)
        self.world, self.crowd = self.server.world, self.server.crowd
        self.secrets: Sequence[str] = (self.server.token,)
        self._bot_speed = bot_speed
        self._people: dict[str, Person] = {}
        self._groups: dict[str, tuple[Room, int]] = {}
        self._channels: dict[str, Room] = {}
        self.group, self.topic = self._forum("")

    async def __aenter__(self) -> Self:
        await self.server.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.server.__aexit__(*exc)

    def environment(self) -> dict[str, str]:
        return {
            "TELEGRAM_TOKEN": self.server.token,
            "TELEGRAM_API_URL": self.server.url,
            "TELEGRAM_EDIT_INTERVAL": str(1.1 / self._bot_speed),
            "TELEGRAM_GROUP_INTERVAL": str(3.1 / self._bot_speed),
        }

    def person(self, who: str = "mia") -> Person:
        """The person of that name; everybody on platform has pressed Start."""
        if who not in self._people:
            self._people[who] = self.crowd.person(who.title(), username=who)
            self.world.private(self._people[who]).started = True
        return self._people[who]

    def user(self, who: str = "mia") -> User:
        person = self.person(who)
        return User("telegram", str(person.id), person.first_name)

    def chat(self, place: Place = "direct", who: str = "mia") -> Chat:
        room, topic = self._where(place, who)
        title = room.person.first_name if room.person else room.title
        return Chat("telegram", str(room.id), str(topic or ""), direct=room.is_private, title=title)

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
        """Longer than a message allows, it is cut in pieces as people's apps do; the id is the first one's."""
        room, topic = self._where(place, who)
        if mention:
            text = self._addressed(text)
        if len(text) > self.world.rules.text_max and not files:
            return str((await self.crowd.paste(self.person(who), room, text, topic=topic))[0].id)
        person = self.person(who) if voice != "bot" else self._bot(who)
        target = self._message(room, reply_to) if reply_to else None
        extra: dict[str, Any] = {}
        if forwarded:
            origin = {"type": "hidden_user", "sender_user_name": "Somebody"}
            extra = {"forward_origin": {**origin, "date": int(time.time()) - 60}}
        channel = None
        if voice == "channel" and room.type != "channel":
            channel = self._channel(who)
            extra = self.crowd.copied(channel, int(time.time()) - 1)
        where: dict[str, Any] = {
            "topic": topic,
            "reply_to": target,
            "anonymous": voice == "group",
            "channel": channel,
        }
        if files:
            return str(self.crowd.share(person, room, files, text, extra=extra, **where)[0].id)
        return str(self.crowd.say(person, room, text, **where, **extra).id)

    async def edit(
        self, message: str, text: str, *, who: str = "mia", place: Place = "direct", mention: bool = False
    ) -> None:
        room, _ = self._where(place, who)
        self.crowd.edit(self._message(room, message), self._addressed(text) if mention else text)

    async def delete(self, message: str, *, who: str = "mia", place: Place = "direct") -> None:
        raise LookupError("Telegram tells bots nothing of deleted messages")

    async def slash(
        self, command: str, argument: str = "", *, who: str = "mia", place: Place = "direct", voice: Voice = "person"
    ) -> None:
        """Apps type the command that is picked, and mark it; in a group of one bot they need not name the bot."""
        await self.say(f"/{command} {argument}".rstrip(), who=who, place=place, voice=voice)

    async def press(
        self, bubble: str, label: str, *, who: str = "mia", place: Place = "direct", command: str = ""
    ) -> None:
        """Raises LookupError where there is no such bubble or button."""
        room, _ = self._where(place, who)
        self.crowd.press(self.person(who), self._message(room, bubble), label, data=command)

    async def react(self, bubble: str, *, who: str = "mia", place: Place = "direct", down: bool = True) -> None:
        """A MessageReactionUpdated, which in groups only a bot that is an admin is told (Bot API, Update)."""
        room, _ = self._where(place, who)
        message, person = self._message(room, bubble), self.person(who)
        if not room.is_private and room.bot != "administrator":
            return
        told = {
            "chat": room.json(),
            "message_id": message.id,
            "user": person.json(),
            "date": int(time.time()),
            "old_reaction": [],
            "new_reaction": [{"type": "emoji", "emoji": "👎" if down else "👍"}],
        }
        self.world.updates.push("message_reaction", told)

    def bubbles(self, place: Place = "direct", who: str = "mia") -> list[Bubble]:
        room, topic = self._where(place, who)
        bubbles: dict[object, list[Message]] = {}
        for message in room.messages.values():
            here = (message.thread if message.in_topic else 0) == topic
            if message.sender == self.world.me and not message.deleted and here:
                bubbles.setdefault(message.album or message, []).append(message)
        return [_bubble(messages) for messages in bubbles.values()]

    def typing(self, place: Place = "direct", who: str = "mia") -> int:
        room, topic = self._where(place, who)
        return self.world.typing[room.id, topic]

    async def redeliver(self, message: str) -> None:
        """With the same update_id. Where several rooms have a message of this id, the latest one's."""
        known = [update for (_, id), update in self.world.delivered.items() if str(id) == message and update]
        if not known:
            raise LookupError(f"message {message} never reached the bot")
        self.world.updates.redeliver(max(known))

    async def hostile(self) -> int:
        bodies = hostile_updates(self.person("mallory"), self.world.private(self.person("mallory")))
        with self.world.updates.held():
            for body in bodies:
                self.world.updates.push_raw(body)
        return len(bodies)

    def flood(self, seconds: float, times: int = 1) -> None:
        """The chat of such a write stays closed for `seconds`, and longer if the bot does not wait."""
        self.server.faults.plan(Fault.flooded(seconds), methods=WRITES, times=times)

    def lose_answers(self, times: int = 1) -> None:
        self.server.faults.plan(Fault.lost(), methods=WRITES, times=times)

    def drop_requests(self, times: int = 1) -> None:
        self.server.faults.plan(Fault.dropped(), methods=WRITES, times=times)

    @property
    def downloads(self) -> int:
        return self.server.downloads

    @property
    def refusals(self) -> int:
        return self.server.flood.refusals

    def _where(self, place: Place, who: str) -> tuple[Room, int]:
        kind, _, name = place.partition(":")
        if kind == "direct":
            return self.world.private(self.person(who)), 0
        if kind == "channel":
            return self._channel(name), 0
        group, topic = self._forum(name)
        return group, topic if kind == "topic" else 0

    def _forum(self, name: str) -> tuple[Room, int]:
        if name not in self._groups:
            room = self.world.open_room("supergroup", f"Cherry {name or 'friends'}", forum=True)
            self.crowd.join(self.person("mia"), room, "creator")
            self._groups[name] = room, self.crowd.topic(room, "Recipes", self.person("mia"), told=False)
        return self._groups[name]

    def _channel(self, name: str) -> Room:
        if name not in self._channels:
            self._channels[name] = self.world.open_room("channel", f"{name} news")
            self._channels[name].bot = "administrator"
        return self._channels[name]

    def _bot(self, who: str) -> Person:
        """A bot of that name, with the person's own id: nothing but what it is tells it from the person."""
        person = self.person(who)
        return Person(person.id, person.first_name, f"{person.username}_bot", is_bot=True)

    def _addressed(self, text: str) -> str:
        name = f"@{self.world.me.username}"
        if text.startswith("/"):
            command, space, rest = text.partition(" ")
            return f"{command}{name}{space}{rest}"
        return f"{name} {text}"

    def _message(self, room: Room, id: str) -> Message:
        found = self.world.message(room, int(id.partition(",")[0]))
        if found is None:
            raise LookupError(f"no message {id} in {room.title or room.id}")
        return found


def _bubble(messages: Sequence[Message]) -> Bubble:
    """What is one bubble on the screen: a message, or an album, whose id is those of its messages."""
    first = messages[0]
    target = first.reply_to
    folded = [entity for entity in first.content.entities if entity.type == "expandable_blockquote"]
    aside = first.content.blocks("expandable_blockquote")[0] if folded and folded[0].offset == 0 else ""
    files = [_shared(message) for message in messages if message.file is not None]
    text = "" if files else first.content.text.removeprefix(aside).lstrip("\n") if aside else first.content.text
    return Bubble(
        id=",".join(str(message.id) for message in messages),
        text=text,
        code=first.content.blocks("pre", beyond=utf16(aside)),
        buttons=labels(first.markup),
        reply_to=str(target.id) if target is not None and not target.service else "",
        writes=[(write.at, write.text) for write in first.writes],
        streaming=text[-1:] in _CURSORS and text != "",
        aside=aside,
        files=files,
    )


def _shared(message: Message) -> SharedFile:
    file = message.file
    assert file is not None
    kind = {"photo": "image", "voice": "audio", "document": "file"}.get(file.form, file.form)
    return SharedFile(kind, file.name, file.mime, file.data, message.content.text)
