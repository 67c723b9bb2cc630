"""Queue entries of processes before versions: their one kind of message, from which a job is made, and back.

Such a message was a question, a command, a notice and a moved chat in one. A process of that kind may work on the same
store while processes are restarted one after another, and would set aside what it cannot read.
"""

from __future__ import annotations

from typing import Any

import msgspec

from bridge.inbound import ChatMoved, parse_command
from bridge.inbox.job import CommandCall, Job, Notice, Question
from bridge.store import upgrade_message
from bridge.types import User

NOTICE_VALUES = {"owner_away": "url", "owner_back": "seconds"}
"""What the text of such a notice is called in `Notice.values`."""

_SAME_IN_A_COMMAND = ("id", "chat", "sender", "ack", "language", "groups", "replied_to", "sent_at")


def upgrade(message: dict[str, Any]) -> dict[str, Any]:
    """The fields of the job that `message` was. Raises KeyError, TypeError, AttributeError on what was none."""
    if message.get("moved_to") is not None:
        return {"type": "moved", "id": message["id"], "chat": message["chat"], "to": message["moved_to"]}
    if kind := message.get("notice"):
        return {
            "type": "notice",
            "kind": kind,
            "values": {NOTICE_VALUES.get(kind, "text"): message["text"]} if message["text"] else {},
            "reply_to": message.get("again", ""),
            **_present(message, ("id", "chat", "language", "sent_at")),
        }
    if (command := parse_command(message["text"])) is not None:
        return {
            "type": "command",
            "name": command.name,
            "argument": command.argument,
            "pressed": message.get("menu", ""),
            **_present(message, _SAME_IN_A_COMMAND),
        }
    return {
        "type": "question",
        "id": message["id"],
        "message": upgrade_message(message),
        "asker": message.get("asker"),
        "again": bool(message.get("again")),
    }


def downgrade(job: Job) -> dict[str, Any]:
    """The message that `job` was before versions, without what such a process fills in by itself."""
    match job:
        case Question(message=said):
            kept: dict[str, Any] = msgspec.to_builtins(said)
            for name in ("type", "forwarded", "reply_to"):
                kept.pop(name, None)
            kept["attachments"] = [{"kind": each.kind, "name": each.name} for each in said.attachments]
            if job.asker is not None:
                kept["asker"] = msgspec.to_builtins(job.asker)
            return {**kept, "id": job.id, "again": said.id if job.again else ""}
        case CommandCall():
            fields: dict[str, Any] = _present(msgspec.to_builtins(job), _SAME_IN_A_COMMAND)
            return {**fields, "text": f"/{job.name} {job.argument}".rstrip(), "menu": job.pressed}
        case Notice():
            text = job.values.get(NOTICE_VALUES.get(job.kind, "text"), "")
            more = {"notice": job.kind, "again": job.reply_to, "language": job.language, "sent_at": job.sent_at}
            return {**_base(job), "text": text, **more}
        case ChatMoved():
            return {**_base(job), "text": "", "moved_to": msgspec.to_builtins(job.to)}


def _base(job: Notice | ChatMoved) -> dict[str, Any]:
    """What older processes expect of every job. Where nobody sent it, the person or the chat counts as its sender."""
    sender = User(job.chat.channel, job.chat.person or job.chat.id)
    return {"id": job.id, "chat": msgspec.to_builtins(job.chat), "sender": msgspec.to_builtins(sender)}


def _present(fields: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: fields[name] for name in names if name in fields}
