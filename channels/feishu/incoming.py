"""The events that matter, read from what the platform sent. Pure: nothing here asks anyone anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from bridge.types import Attachment
from channels.feishu.content import EVERYONE, Malformed, read

MESSAGE, PRESS = "im.message.receive_v1", "card.action.trigger"
RECALL = "im.message.recalled_v1"
"""Names the chat and the message, not the thread (im-v1/message/events/recalled)."""
FORWARD = "merge_forward"
"""The kind of a message that holds others. It comes with a placeholder for content (im-v1/message/merge_forward)."""
MAX_FORWARDED = 100
"""Messages of one forward that are read; the platform's apps take as many at once."""
EDIT = "im.message.updated_v1"
"""A person has changed a message. The developer console offers the event to apps, public projects subscribe to it and
then ask for the message; no page of the platform tells its fields, so nothing is read from it but the message's id."""
REACTION = "im.message.reaction.created_v1"
"""Names the message and the person, and no chat (im-v1/message-reaction/events/created)."""
THUMB_DOWN = "thumbsdown"
"""The `emoji_type`, in lower case: the platform's list has `THUMBSUP` and `ThumbsDown`, and no colours of skin
(im-v1/message-reaction/emojis-introduce)."""
MAX_ID_LENGTH = 128
MAX_COMMAND_BYTES = 200
"""Of UTF-8 in one button. The platform sets no limit but the card's; thirty such buttons take half of it."""

UNREADABLE: tuple[str, tuple[Attachment, ...]] = "", (Attachment("other"),)
"""What a message says that holds others, as long as these have not been asked for."""


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A person's message, as far as the platform has told by itself."""

    id: str
    chat: str
    direct: bool
    sender: str
    text: str
    attachments: tuple[Attachment, ...]
    forwarded: bool
    """Whether it holds others' messages, which have to be asked for; until then it says nothing."""
    mentioned: bool
    """Whether the app itself was."""
    parent: str
    """The message that it replies to; empty where it replies to none."""
    root: str
    thread: str
    sent_at: float
    names: Mapping[str, str]
    """People's names that the event tells, by open_id."""


@dataclass(frozen=True, slots=True)
class PressedButton:
    """A pressed button of ours."""

    id: str
    chat: str
    thread: str
    direct: bool
    message: str
    sender: str
    command: str
    key: str
    """The post that the card was made for; empty where the card tells its `ref`."""
    ref: str


def kind_of(event: Mapping[str, Any]) -> str:
    """The event's type. Raises Malformed."""
    return _id(_object(event, "header"), "event_type")


def read_message(event: Mapping[str, Any], bot: str) -> ReceivedMessage | None:
    """None for what no person wrote. `bot` is our open_id. Raises Malformed."""
    body = _object(event, "event")
    sender, message = _object(body, "sender"), _object(body, "message")
    if sender.get("sender_type") != "user":
        return None
    id = _id(message, "message_id")
    mentioned, called, names = _mentions(message.get("mentions"), bot)
    kind = _id(message, "message_type")
    forwarded = kind == FORWARD
    text, attachments = UNREADABLE if forwarded else read(kind, message.get("content"), called, id)
    return ReceivedMessage(
        id=id,
        chat=_id(message, "chat_id"),
        direct=message.get("chat_type") == "p2p",
        sender=_id(_object(sender, "sender_id"), "open_id"),
        text=text,
        attachments=attachments,
        forwarded=forwarded,
        mentioned=mentioned,
        parent=_id(message, "parent_id", optional=True),
        root=_id(message, "root_id", optional=True),
        thread=_id(message, "thread_id", optional=True),
        sent_at=_seconds(message.get("create_time")),
        names=names,
    )


def read_edit(event: Mapping[str, Any]) -> str:
    """The id of the message that a person has changed; empty where an app has. Raises Malformed."""
    body = _object(event, "event")
    sender = body.get("sender")
    if isinstance(sender, dict) and sender.get("sender_type", "user") != "user":
        return ""
    return _id(_object(body, "message"), "message_id")


def read_edited(item: Mapping[str, Any], bot: str) -> ReceivedMessage | None:
    """A message that was asked for after an edit; None for what no person wrote, or what is gone. Raises Malformed."""
    sender = _object(item, "sender")
    if sender.get("sender_type") != "user" or item.get("deleted") is True:
        return None
    id = _id(item, "message_id")
    mentioned, called, names = _mentions(item.get("mentions"), bot)
    text, attachments = read(_id(item, "msg_type"), _object(item, "body").get("content"), called, id, edited=True)
    return ReceivedMessage(
        id=id,
        chat=_id(item, "chat_id"),
        direct=False,  # the chat has to be asked
        sender=_id(sender, "id"),
        text=text,
        attachments=attachments,
        forwarded=False,  # what is forwarded cannot be edited
        mentioned=mentioned,
        parent=_id(item, "parent_id", optional=True),
        root=_id(item, "root_id", optional=True),
        thread=_id(item, "thread_id", optional=True),
        sent_at=_seconds(item.get("create_time")),
        names=names,
    )


def read_recall(event: Mapping[str, Any]) -> tuple[str, str]:
    """The ids of the message that was taken back and of its chat. Raises Malformed."""
    body = _object(event, "event")
    return _id(body, "message_id"), _id(body, "chat_id")


def read_reaction(event: Mapping[str, Any]) -> tuple[str, str, str, float] | None:
    """Of a person's thumb down: the event's id, the message's, the person's, and when; else None. Raises Malformed."""
    body = _object(event, "event")
    kind = _object(body, "reaction_type").get("emoji_type")
    if body.get("operator_type") != "user" or str(kind).lower() != THUMB_DOWN:
        return None
    person = _id(_object(body, "user_id"), "open_id")
    return _id(_object(event, "header"), "event_id"), _id(body, "message_id"), person, _seconds(body.get("action_time"))


def read_place(item: Mapping[str, Any], app: str) -> tuple[str, str, str] | None:
    """Of a message of ours that was asked for: the ids of its chat, its root and its thread; None where it is
    another's. Raises Malformed."""
    if _id(_object(item, "sender"), "id", optional=True) != app:
        return None
    return (
        _id(item, "chat_id"),
        _id(item, "root_id", optional=True),
        _id(item, "thread_id", optional=True),
    )


def read_press(event: Mapping[str, Any]) -> PressedButton:
    """Raises Malformed, also where the button is none of ours."""
    body = _object(event, "event")
    value, context = _object(_object(body, "action"), "value"), _object(body, "context")
    chat = _id(context, "open_chat_id")
    command = value.get("command")
    if not isinstance(command, str) or not 0 < len(command.encode()) <= MAX_COMMAND_BYTES:
        raise Malformed("no command")
    return PressedButton(
        id=_id(_object(event, "header"), "event_id"),
        chat=chat,
        thread=_id(value, "thread", optional=True),
        # An event does not tell, the card does: by the chat that it was made for, and may have been forwarded from.
        direct=value.get("direct") == chat,
        message=_id(context, "open_message_id"),
        sender=_id(_object(body, "operator"), "open_id"),
        command=command,
        key=_id(value, "key", optional=True),
        ref=_id(value, "ref", optional=True),
    )


def read_parent(item: Mapping[str, Any], app: str, bot: str) -> tuple[str, str, tuple[Attachment, ...]]:
    """Who wrote a message that was asked for, its text, and its attachments; `app` where we did. Raises Malformed."""
    author = _id(_object(item, "sender"), "id")
    if _id(item, "msg_type") == FORWARD:
        text, attachments = UNREADABLE
    else:
        text, attachments = _read_item(item, bot, _id(item, "message_id"))
    return (app if author in (app, bot) else author), text, tuple(replace(each, quoted=True) for each in attachments)


def read_forwarded(
    items: Sequence[Mapping[str, Any]], bot: str
) -> tuple[list[tuple[str, str]], tuple[Attachment, ...]]:
    """Who says what in a message that holds others, and what came with these; the first of `items` is that message.

    Its pictures and files are handed out under its own id: under the ids of those that it holds the platform answers
    234003 (NousResearch/hermes-agent#66729). What cannot be understood is left out. Raises Malformed.
    """
    container = _id(items[0], "message_id")
    said: list[tuple[str, str]] = []
    found: list[Attachment] = []
    for item in items[1 : MAX_FORWARDED + 1]:
        try:
            if _id(item, "msg_type") == FORWARD:
                continue  # what it holds follows
            text, attachments = _read_item(item, bot, container)
            author = _id(_object(item, "sender"), "id", optional=True)
        except Malformed:
            continue
        if text:
            said.append((author, text))
        found += attachments
    return said, tuple(found)


def _read_item(item: Mapping[str, Any], bot: str, holder: str) -> tuple[str, tuple[Attachment, ...]]:
    """What a message that was asked for says; `holder` is the message that its files are asked for by."""
    _, called, _ = _mentions(item.get("mentions"), bot)
    edited = item.get("updated") is True
    return read(_id(item, "msg_type"), _object(item, "body").get("content"), called, holder, edited=edited)


def _mentions(mentions: object, bot: str) -> tuple[bool, dict[str, str], dict[str, str]]:
    """Whether we are mentioned, what to write for each placeholder, and names by open_id."""
    if mentions is None:
        mentions = []
    if not isinstance(mentions, list):
        raise Malformed("no list of mentions")
    ours = False
    called = {EVERYONE: "@all"}
    names: dict[str, str] = {}
    for mention in mentions:
        if not isinstance(mention, dict):
            raise Malformed("no mention")
        key, name, id = mention.get("key"), mention.get("name"), mention.get("id")
        # An event holds the ids in an object; a message that was asked for holds the open_id itself.
        person = id.get("open_id") if isinstance(id, dict) else id
        if not isinstance(key, str) or not key:
            raise Malformed("a mention without a key")
        if person == bot:
            ours = True
            called[key] = ""
            continue
        called[key] = f"@{name}" if isinstance(name, str) else ""
        if isinstance(person, str) and isinstance(name, str):
            names[person] = name
    return ours, called, names


def _object(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    if not isinstance(found, dict):
        raise Malformed(f"no {name}")
    return found


def _id(value: Mapping[str, Any], name: str, *, optional: bool = False) -> str:
    found = value.get(name)
    if optional and found in (None, ""):
        return ""
    if not isinstance(found, str) or not 0 < len(found) <= MAX_ID_LENGTH:
        raise Malformed(f"no {name}")
    return found


def _seconds(milliseconds: object) -> float:
    if milliseconds is None:
        return 0.0
    if not isinstance(milliseconds, str) or not milliseconds.isdecimal() or len(milliseconds) > 16:
        raise Malformed("no time")
    return int(milliseconds) / 1000
