"""Every JSON row in Redis is written and read here, so that a row survives an upgrade, and a downgrade as well.

A row is an object whose field ``v`` is its version; a row without one is of version 0. A reader of a row takes the
fields that they know and passes over the rest, also where the row is newer than they are: during a rolling restart
older and newer processes work on the same rows. An older row is first brought up to date by its kind's `upgrade`.

A version rises when a field changes its meaning or its shape; a new field with a default needs none.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Generic, TypeVar

import msgspec

from bridge.types import Chat

T = TypeVar("T")

VERSION = 1
"""The version of a kind of row that does not say otherwise."""


class Row(Generic[T]):
    """One kind of row, which holds a value of one type, a msgspec Struct or a dataclass.

    `upgrade` is given what the JSON of an older row holds, with its version, and gives back what a row of `version`
    would hold. It may raise KeyError, TypeError or ValueError on what no process ever wrote. `version` 0 is for rows
    that processes before versions refuse where a field is added: they are written without ``v``.
    """

    def __init__(
        self, type: type[T], *, version: int = VERSION, upgrade: Callable[[Any, int], Any] | None = None
    ) -> None:
        self._type = type
        self._version = version
        self._upgrade = upgrade
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(type)
        self._start = f'{{"v":{version},' if version else "{"

    def encode(self, value: T) -> str:
        """The row of `value`. Half a surrogate pair, which is no character, becomes a question mark."""
        fields = to_json(value, self._encoder)[1:]
        return (self._start.rstrip(",") if fields == "}" else self._start) + fields

    def decode(self, row: str | bytes) -> T:
        """What the row holds. Raises ValueError where it cannot be read."""
        try:
            if self._upgrade is None or (self._version and _text(row).startswith(self._start)):
                return self._decoder.decode(row)
            raw = msgspec.json.decode(row)
            version = _version(raw)
            if version < self._version:
                raw = self._upgrade(raw, version)
            return msgspec.convert(raw, self._type)
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a row of {self._type.__name__}") from error


def to_json(value: object, encoder: msgspec.json.Encoder | None = None) -> str:
    """`value` as JSON. Half a surrogate pair, which is no character, becomes a question mark."""
    try:
        return (encoder or msgspec.json.Encoder()).encode(value).decode()
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, separators=(",", ":"))
        return text.encode(errors="replace").decode()


def _text(row: str | bytes) -> str:
    return row if isinstance(row, str) else row.decode(errors="replace")


def _version(raw: object) -> int:
    version = raw.get("v", 0) if isinstance(raw, dict) else 0
    if not isinstance(version, int):
        raise TypeError("a row's version is a whole number")
    return version


CHAT = Row(Chat, version=0)
"""The chat that a ready marker, a stop or a moved chat names. Processes before versions refuse a field more in it."""


def bare(chat: Chat) -> Chat:
    """What tells `chat` apart, and whether it is direct; not its title, which is only for show."""
    return replace(chat, title="")
