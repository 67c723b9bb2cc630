"""The parts of a Bot API update that we read, and nothing more, so that no other field can trip us up.

Types are strict and numbers bounded: what does not fit raises pydantic's ValidationError, a ValueError. Long
texts are cut, since no client can write them.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_TEXT_LENGTH = 8192
"""Twice what a message can hold."""
MAX_NAME_LENGTH = 64
MAX_ENTITIES = 400
MAX_PHOTO_SIZES = 20


def one_line(text: str) -> str:
    """A name as it can stand in a sentence: no controls, no direction marks, not endless."""
    head = text[: 4 * MAX_NAME_LENGTH]
    shown = "".join(char if unicodedata.category(char)[0] != "C" else " " for char in head)
    return " ".join(shown.split())[:MAX_NAME_LENGTH]


Number = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Positive = Annotated[int, Field(gt=0, lt=2**63)]
Amount = Annotated[int, Field(ge=0, lt=2**63)]
Text = Annotated[str, AfterValidator(lambda text: text[:MAX_TEXT_LENGTH])]
Name = Annotated[str, AfterValidator(one_line)]
Token = Annotated[str, Field(min_length=1, max_length=256)]


class Wire(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


class WireUser(Wire):
    id: Positive
    is_bot: bool = False
    first_name: Name = ""
    last_name: Name = ""
    language_code: Annotated[str, Field(max_length=35)] = ""


class WireChat(Wire):
    id: Number
    type: Literal["private", "group", "supergroup", "channel"]
    title: Name = ""
    first_name: Name = ""
    last_name: Name = ""


class WireEntity(Wire):
    """Offset and length in UTF-16 units."""

    type: str
    offset: Number
    length: Number
    user: WireUser | None = None


class WireThumbnail(Wire):
    """A picture of something that moves: JPEG, or WebP of a sticker, up to 320 pixels (Bot API, PhotoSize)."""

    file_id: Annotated[str, Field(max_length=256)] = ""


class WireFile(Wire):
    """Any of the Bot API's files: a document, a voice message, one size of a photo; each has some of these fields."""

    file_id: Annotated[str, Field(max_length=256)] = ""
    file_size: Amount = 0
    file_name: Name = ""
    mime_type: Name = ""
    title: Name = ""
    emoji: Name = ""
    duration: Amount = 0
    """Seconds."""
    is_animated: bool = False
    is_video: bool = False
    thumbnail: WireThumbnail | None = None


class WireQuote(Wire):
    text: Text = ""


class WireAuthored(Wire):
    """What any message has: who wrote it, what it says and what it shows."""

    message_id: Number
    sender: WireUser | None = Field(default=None, alias="from")
    sender_chat: WireChat | None = None
    text: Text = ""
    caption: Text = ""
    animation: WireFile | None = None
    audio: WireFile | None = None
    document: WireFile | None = None
    photo: Annotated[list[WireFile], Field(max_length=MAX_PHOTO_SIZES)] = []
    """The same picture in several sizes, the largest last."""
    sticker: WireFile | None = None
    video: WireFile | None = None
    video_note: WireFile | None = None
    voice: WireFile | None = None


class WireReplied(WireAuthored):
    forum_topic_created: object = None


class WireMessage(WireAuthored):
    message_id: Positive
    date: Annotated[int, Field(ge=0, lt=2**40)]
    chat: WireChat
    message_thread_id: Number = 0
    is_topic_message: bool = False
    is_automatic_forward: bool = False
    forward_origin: object = None
    """Who wrote it first, where it is forwarded."""
    entities: Annotated[list[WireEntity], Field(max_length=MAX_ENTITIES)] = []
    caption_entities: Annotated[list[WireEntity], Field(max_length=MAX_ENTITIES)] = []
    reply_to_message: WireReplied | None = None
    quote: WireQuote | None = None
    media_group_id: Annotated[str, Field(max_length=64)] = ""
    migrate_to_chat_id: Number | None = None
    migrate_from_chat_id: Number | None = None


class WireMenu(Wire):
    """The message that carried a pressed button, perhaps too old to be given whole."""

    message_id: Positive
    chat: WireChat
    message_thread_id: Number = 0
    is_topic_message: bool = False


class WirePress(Wire):
    id: Token
    sender: WireUser = Field(alias="from")
    message: WireMenu
    data: Token


class WireReactionType(Wire):
    type: Annotated[str, Field(max_length=32)]
    emoji: Annotated[str, Field(max_length=32)] = ""


class WireReaction(Wire):
    """A person changed what they think of a message, said by emoji. It does not tell the topic."""

    chat: WireChat
    message_id: Positive
    sender: WireUser | None = Field(default=None, alias="user")
    """Missing where somebody reacts as a chat."""
    date: Annotated[int, Field(ge=0, lt=2**40)]
    old_reaction: Annotated[list[WireReactionType], Field(max_length=100)]
    new_reaction: Annotated[list[WireReactionType], Field(max_length=100)]


class WireStanding(Wire):
    status: Annotated[str, Field(max_length=32)]


class WireMembership(Wire):
    """Our own standing in a chat has changed."""

    chat: WireChat
    new_chat_member: WireStanding
