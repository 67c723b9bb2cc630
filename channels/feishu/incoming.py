"""The two events that matter, read from what the platform sent. Pure: nothing here asks anyone anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.types import COMMAND_BYTES, Attachment
from channels.feishu.content import EVERYONE, Malformed, read

MESSAGE, PRESS = "im.message.receive_v1", "card.action.trigger"
LONGEST_ID = 128


@dataclass(frozen=True, slots=True)
class Arrived:
    """A person's message, as far as the event itself tells."""

    id: str
    chat: str
    direct: bool
    sender: str
    text: str
    attachments: tuple[Attachment, ...]
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
class Pressed:
    """A pressed button of ours."""

    id: str
    chat: str
    thread: str
    direct: bool
    message: str
    sender: str
    command: str
    key: str
    ref: str


def kind_of(event: Mapping[str, Any]) -> str:
    """The event's type. Raises Malformed."""
    return _id(_object(event, "header"), "event_type")


def read_message(event: Mapping[str, Any], bot: str) -> Arrived | None:
    """None for what no person wrote. `bot` is our open_id. Raises Malformed."""
    body = _object(event, "event")
    sender, message = _object(body, "sender"), _object(body, "message")
    if sender.get("sender_type") != "user":
        return None
    mentioned, called, names = _mentions(message.get("mentions"), bot)
    text, attachments = read(_id(message, "message_type"), message.get("content"), called)
    return Arrived(
        id=_id(message, "message_id"),
        chat=_id(message, "chat_id"),
        direct=message.get("chat_type") == "p2p",
        sender=_id(_object(sender, "sender_id"), "open_id"),
        text=text,
        attachments=attachments,
        mentioned=mentioned,
        parent=_id(message, "parent_id", optional=True),
        root=_id(message, "root_id", optional=True),
        thread=_id(message, "thread_id", optional=True),
        sent_at=_seconds(message.get("create_time")),
        names=names,
    )


def read_press(event: Mapping[str, Any]) -> Pressed:
    """Raises Malformed, also where the button is none of ours."""
    body = _object(event, "event")
    value, context = _object(_object(body, "action"), "value"), _object(body, "context")
    chat = _id(context, "open_chat_id")
    command = value.get("command")
    if not isinstance(command, str) or not 0 < len(command.encode()) <= COMMAND_BYTES:
        raise Malformed("no command")
    return Pressed(
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
        who = id.get("open_id") if isinstance(id, dict) else id
        if not isinstance(key, str) or not key:
            raise Malformed("a mention without a key")
        if who == bot:
            ours = True
            called[key] = ""
            continue
        called[key] = f"@{name}" if isinstance(name, str) else ""
        if isinstance(who, str) and isinstance(name, str):
            names[who] = name
    return ours, called, names


def read_parent(item: Mapping[str, Any], app: str, bot: str) -> tuple[str, str]:
    """Who wrote a message that was asked for, and its text; `app` where we did. Raises Malformed."""
    sender = _object(item, "sender")
    _, called, _ = _mentions(item.get("mentions"), bot)
    text, _ = read(_id(item, "msg_type"), _object(item, "body").get("content"), called)
    who = _id(sender, "id")
    return (app if who in (app, bot) else who), text


def _object(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    if not isinstance(found, dict):
        raise Malformed(f"no {name}")
    return found


def _id(value: Mapping[str, Any], name: str, *, optional: bool = False) -> str:
    found = value.get(name)
    if optional and found in (None, ""):
        return ""
    if not isinstance(found, str) or not 0 < len(found) <= LONGEST_ID:
        raise Malformed(f"no {name}")
    return found


def _seconds(milliseconds: object) -> float:
    if milliseconds is None:
        return 0.0
    if not isinstance(milliseconds, str) or not milliseconds.isdecimal() or len(milliseconds) > 16:
        raise Malformed("no time")
    return int(milliseconds) / 1000
