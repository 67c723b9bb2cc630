"""The people who may command the bridge: owners and admins, named by the operator or made by an owner."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from bridge.access.model import Actor, Role
from bridge.access.requests import MAX_NAME_LENGTH
from bridge.access.rules import Rule, RuleTable, holding
from bridge.types import User

_BY_VERDICT = {"owner": Role.OWNER, "admin": Role.ADMIN}


class Roles:
    """Roles of persons; `named` are the admins of the settings, who are owners. Every method raises StoreError."""

    def __init__(self, table: RuleTable, named: Sequence[User]) -> None:
        self._table = table
        self._named = tuple(named)

    async def all(self) -> dict[User, Role]:
        """Return each person who is more than a member, those named in the settings first."""
        return self.among(await self._table.all())

    def among(self, rows: Mapping[str, str]) -> dict[User, Role]:
        """Return the same, read from the rows of the store."""
        found = dict.fromkeys(self._named, Role.OWNER)
        for name, row in sorted(rows.items()):
            if name.startswith("role ") and (role := role_of(holding(row))) is not None:
                found.setdefault(User.parse(name.removeprefix("role ")), role)
        return found

    def is_named(self, person: User) -> bool:
        """Whether the operator has named `person` in the settings, so that no command can demote them."""
        return person in self._named

    async def of(self, person: User) -> Role | None:
        """Return the role that `person` has wherever they write; None where they have none."""
        if self.is_named(person):
            return Role.OWNER
        [row] = await self._table.get([f"role {person}"])
        return role_of(holding(row))

    async def promote(self, person: User, by: Actor) -> bool:
        """Make `person` an admin; return False if they are one, or more, already. Raises ListFull."""
        if await self.of(person) is not None:
            return False
        rule = Rule("admin", name=person.name[:MAX_NAME_LENGTH], by=by.who, at=time.time())
        return await self._table.change(f"role {person}", rule.to_row(), by)

    async def demote(self, person: User, by: Actor) -> bool:
        """Take the role of admin from `person`; return False if they had no role that could be taken."""
        return await self._table.change(f"role {person}", "", by)


def role_of(rule: Rule | None) -> Role | None:
    """Return the role that a rule gives; None where it gives none."""
    return _BY_VERDICT.get(rule.verdict) if rule is not None else None
