"""Why an attachment cannot be read."""

from __future__ import annotations

from bridge.errors import BridgeError


class Unreadable(BridgeError):
    """The attachment `name` cannot be read. `kind` names the sentence in `Words.unreadable_files`."""

    def __init__(self, kind: str, name: str = "", **values: str | int) -> None:
        super().__init__(kind)
        self.kind = kind
        self.name = name
        self.values = values
