"""What knowledge a chat has its questions answered from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from msgspec import Struct
from msgspec.structs import replace

from bridge.store import Row

Use = Literal["always", "tool"]
"""Whether it is searched with every question, or by the model where it wants to."""
MAX_PICKED = 20


class KnowledgeChoices(Struct, frozen=True, omit_defaults=True):
    """What a chat has decided, as its preferences keep it."""

    bases: Mapping[str, str] = {}
    """The bases that were picked: their names by their keys."""
    own: bool = False
    """Whether the chat's own documents are searched."""
    use: str = "always"

    @classmethod
    def read(cls, kept: str) -> Self:
        """Nothing decided, where it cannot be read."""
        try:
            return _CHOICES.decode(kept) if kept else cls()  # type: ignore[return-value]  # it has no subclass
        except ValueError:
            return cls()

    def encode(self) -> str:
        return _CHOICES.encode(self)

    @property
    def is_on(self) -> bool:
        return self.own or bool(self.bases)

    @property
    def is_tool(self) -> bool:
        return self.use == "tool"

    def toggled(self, key: str, name: str) -> Self:
        """With the base of that key, or without it where it was picked."""
        bases = {each: called for each, called in self.bases.items() if each != key}
        if key not in self.bases:
            bases = dict([*bases.items(), (key, name)][-MAX_PICKED:])
        return replace(self, bases=bases)

    def with_own(self, own: bool) -> Self:
        return replace(self, own=own)

    def used(self, use: Use) -> Self:
        return replace(self, use=use)

    def off(self) -> Self:
        """With nothing to search in."""
        return replace(self, bases={}, own=False)


_CHOICES = Row(KnowledgeChoices)
