"""Everybody of whom something was decided, as one look at the rules gives it: for chat, shell and page alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self

from bridge.access.model import Role, Subject, as_subject
from bridge.access.rules import Rule, is_rule
from bridge.access.settings import SETTINGS
from bridge.types import User

SubjectKind = Literal["chat", "person", "group"]
SUBJECT_KINDS: tuple[SubjectKind, ...] = ("chat", "person", "group")


@dataclass(frozen=True, slots=True)
class Listed:
    """One subject with its rule."""

    kind: SubjectKind
    id: str
    """With its channel: ``telegram:123``."""
    rule: Rule

    @property
    def allowed(self) -> bool:
        return self.rule.verdict == "allow"

    @property
    def subject(self) -> Subject | None:
        """None where the store holds an id that no platform gives."""
        channel, _, id = self.id.partition(":")
        return as_subject(self.kind, channel, id)


@dataclass(frozen=True, slots=True)
class Directory:
    roles: Mapping[User, Role]
    """Each person who is more than a member, those named in the settings first."""
    listed: tuple[Listed, ...]
    """Chats, people and groups whose rule holds, in the order of `SUBJECT_KINDS` and of their ids."""
    settings: Mapping[str, Mapping[str, str]]
    """What chats have set for themselves, by the chat (``telegram:-1001``), as text by the setting's name; under
    `EVERYWHERE` what was set for all."""

    @classmethod
    def of(cls, roles: Mapping[User, Role], rows: Mapping[str, str]) -> Self:
        """Read the rows of the store by their names."""
        listed = []
        settings: dict[str, dict[str, str]] = {}
        for name, row in rows.items():
            kind, _, id = name.partition(" ")
            if kind in SETTINGS:
                settings.setdefault(id, {})[kind] = row
            elif is_rule(name) and kind != "role" and (rule := Rule.from_row(row)).holds:
                listed.append(Listed(kind, id, rule))  # type: ignore[arg-type] # the kinds of rules but for `role`
        return cls(roles, tuple(sorted(listed, key=lambda each: (SUBJECT_KINDS.index(each.kind), each.id))), settings)

    def allowed(self, kind: SubjectKind) -> list[Listed]:
        return [each for each in self.listed if each.kind == kind and each.allowed]

    def denied(self) -> list[Listed]:
        """Subjects of any kind that are shut out."""
        return [each for each in self.listed if not each.allowed]
