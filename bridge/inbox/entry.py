"""One job as it lies in a queue: its turn's key in front, where a script can read it, then JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import msgspec
from msgspec import Struct

from bridge.inbox import version0
from bridge.inbox.job import Job, Question
from bridge.store import Row, keys
from bridge.types import Chat


class _Read(Struct):
    account: str
    job: Job


class _Written(Struct):
    account: str
    job: Job
    message: dict[str, Any]
    """The job once more, for processes before versions, which look at nothing else."""


_READ = Row(_Read, upgrade=lambda raw, _version: {"account": raw["account"], "job": version0.upgrade(raw["message"])})
_WRITTEN = Row(_Written)


@dataclass(frozen=True, slots=True)
class Entry:
    """A job with its turn's key and the account that it came to."""

    key: str
    account: str
    job: Job

    @classmethod
    def of(cls, account: str, job: Job) -> Self:
        return cls(keys.turn(job.chat, job.id), account, job)

    def to_row(self) -> str:
        return self.key + _WRITTEN.encode(_Written(self.account, self.job, version0.downgrade(self.job)))

    @classmethod
    def from_row(cls, row: str) -> Self:
        """Raises ValueError on what cannot be read."""
        read = _READ.decode(row[keys.KEY_LENGTH :])
        return cls(row[: keys.KEY_LENGTH], read.account, read.job)

    def in_chat(self, chat: Chat) -> Entry:
        """Return the same turn in another chat: that which this one has become."""
        return replace(self, job=_in_chat(self.job, chat))


def _in_chat(job: Job, chat: Chat) -> Job:
    match job:
        case Question(message=message):
            return msgspec.structs.replace(job, message=msgspec.structs.replace(message, chat=chat))
        case _:
            return msgspec.structs.replace(job, chat=chat)


class _Body(Struct):
    id: str = ""
    chat: Chat | None = None
    language: str = ""
    message: _Body | None = None


class _Entry(Struct):
    account: str = ""
    job: _Body | None = None
    message: _Body | None = None


_PEEK = msgspec.json.Decoder(_Entry)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an entry comes from, as far as it says so: of one that cannot be read, any of it may be missing."""

    account: str = ""
    chat: Chat | None = None
    id: str = ""
    language: str = ""

    @classmethod
    def of_row(cls, row: str) -> Self:
        try:
            entry = _PEEK.decode(row[keys.KEY_LENGTH :])
        except (ValueError, RecursionError):
            return cls()
        body = entry.job or entry.message or _Body()
        body = body.message or body
        return cls(entry.account, body.chat, body.id, body.language)
