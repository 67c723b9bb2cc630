"""A message, from the moment it is sent to what a person sees of it now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .files import StoredFile
from .people import GENERAL_TOPIC, Person, Room
from .text import NO_TEXT, Formatted


@dataclass(frozen=True, slots=True)
class Write:
    """One text that a message has shown: the post, then each edit of it."""

    at: float
    """The loop's time."""
    text: str
    preview_disabled: bool
    """Whether this write asked for no link preview."""


@dataclass(eq=False, slots=True)
class Message:
    room: Room
    id: int
    sender: Person | None
    date: int
    content: Formatted = NO_TEXT
    media: dict[str, Any] = field(default_factory=dict)
    """What it carries besides text (`photo`, `sticker`); its text is then a caption."""
    file: StoredFile | None = None
    """The file in `media`."""
    service: dict[str, Any] = field(default_factory=dict)
    """What it reports, for a service message (`pinned_message`, `migrate_to_chat_id`)."""
    markup: dict[str, Any] | None = None
    thread: int = 0
    in_topic: bool = False
    """Whether `thread` is a forum's topic and not only a chain of replies."""
    reply_to: Message | None = None
    quote: str = ""
    sender_chat: Room | None = None
    album: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    """Further fields as they are (`forward_origin`, `via_bot`)."""
    edit_date: int = 0
    deleted: bool = False
    writes: list[Write] = field(default_factory=list)

    @property
    def editable_text(self) -> bool:
        return not self.media and not self.service

    def put(self, content: Formatted, markup: dict[str, Any] | None, at: float, *, preview_disabled: bool) -> None:
        """Show this from now on."""
        self.content, self.markup = content, markup
        self.writes.append(Write(at, content.text, preview_disabled))

    def json(self, *, replies: bool = True) -> dict[str, Any]:
        """A Message; the one it replies to is in it, that one's own is not."""
        shown: dict[str, Any] = {"message_id": self.id, "date": self.date, "chat": self.room.json()}
        if self.sender is not None:
            shown["from"] = self.sender.json()
        if self.sender_chat is not None:
            shown["sender_chat"] = self.sender_chat.json()
        if self.thread:
            shown["message_thread_id"] = self.thread
        if self.in_topic:
            shown["is_topic_message"] = True
        if self.edit_date:
            shown["edit_date"] = self.edit_date
        if self.album:
            shown["media_group_id"] = self.album
        text, entities = ("caption", "caption_entities") if self.media else ("text", "entities")
        if self.content.text:
            shown[text] = self.content.text
        if self.content.entities:
            shown[entities] = [entity.json() for entity in self.content.entities]
        if self.markup is not None and "inline_keyboard" in self.markup:
            shown["reply_markup"] = self.markup
        if replies and self.reply_to is not None:
            shown["reply_to_message"] = self.reply_to.json(replies=False)
            if self.quote:
                position = self.reply_to.content.text.find(self.quote)
                shown["quote"] = {"text": self.quote, "position": position, "is_manual": True}
        if self.writes and self.writes[-1].preview_disabled:
            shown["link_preview_options"] = {"is_disabled": True}
        return shown | self.media | self.service | self.extra


def inaccessible(message: Message) -> dict[str, Any]:
    """What a callback carries of a message that is too old to be given whole: date 0 tells it apart."""
    return {"chat": message.room.json(), "message_id": message.id, "date": 0}


def thread_of(room: Room, topic: int, reply_to: Message | None) -> tuple[int, bool]:
    """The thread a new message falls into, and whether that is a topic.

    Outside topics a supergroup numbers every chain of replies by the message it began with.
    """
    if topic and topic != GENERAL_TOPIC:
        return topic, topic in room.topics
    if reply_to is not None and room.type == "supergroup":
        return (reply_to.thread or reply_to.id), reply_to.in_topic
    return 0, False


def opening(room: Room, topic: int) -> Message | None:
    """The service message that opened a topic: what is said there without replying replies to it on the wire."""
    return room.messages.get(topic) if topic in room.topics else None
