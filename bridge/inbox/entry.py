"""One message as it lies in a queue: its turn's key in front, where a script can read it, then JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Self

from bridge.store import keys
from bridge.store.scripts import dump
from bridge.types import IncomingMessage


@dataclass(frozen=True, slots=True)
class Entry:
    key: str
    account: str
    message: IncomingMessage

    @classmethod
    def of(cls, account: str, message: IncomingMessage) -> Self:
        return cls(keys.turn(message), account, message)

    def to_row(self) -> str:
        return self.key + dump({"account": self.account, "message": self.message.to_json()})

    @classmethod
    def from_row(cls, row: str) -> Self:
        """Raises ValueError on what `to_row` did not write."""
        try:
            told = json.loads(row[keys.KEY_LENGTH :])
            return cls(row[: keys.KEY_LENGTH], str(told["account"]), IncomingMessage.from_json(told["message"]))
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("not an entry") from error
