"""The one place that judges: a sender, a chat, the groups they belong to in; one round trip to Redis a message.

A chat let in admits everybody in it; a person let in is admitted in direct chats; a group admits its members wherever
the platform says that they are members. None implies another, a denial beats them all, and admins are admitted
everywhere. All of it rests on ids that platforms never change, not on names.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from redis.asyncio import Redis

from bridge.access.audit import AuditLog, Change
from bridge.access.chat_settings import ChatSettingsTable, applying, move_row, row_names
from bridge.access.directory import Directory
from bridge.access.invites import Invites, Redeemed
from bridge.access.model import MAX_ID_LENGTH, Actor, Group, Role, Standing, subject_name
from bridge.access.owner_contacts import OwnerContact, OwnerContacts
from bridge.access.quota import Quota
from bridge.access.rate_limit import RateLimiter
from bridge.access.requests import Requests
from bridge.access.roles import Roles, role_of
from bridge.access.rules import Rule, Rules, RuleTable, holding
from bridge.access.web import WebSessions
from bridge.types import Chat, User

CODE_TRIES, CODE_TRY_SECONDS = 5, 720.0
"""Codes that one person may try at once, and the seconds after which they may try one more."""
MAX_GROUPS = 100
"""Groups of one sender that are looked at."""


class Access:
    """The rules, what is judged by them, and the parts that change them. Every method raises StoreError.

    `admins` are those that the operator has named: they are owners.
    """

    def __init__(self, redis: Redis, admins: Sequence[User] = ()) -> None:
        self._table = RuleTable(redis)
        self._tries = RateLimiter(CODE_TRIES, CODE_TRY_SECONDS)
        self._contacts = OwnerContacts(redis)
        self.requests = Requests(redis)
        self.rules = Rules(self._table, self.requests)
        self.roles = Roles(self._table, admins)
        self.settings = ChatSettingsTable(self._table)
        self.invites = Invites(redis)
        self.quota = Quota(redis)
        self.audit = AuditLog(redis)
        self.web = WebSessions(redis)

    async def judge(self, person: User, chat: Chat, groups: Sequence[str] = ()) -> Standing:
        """Return what `person`, who belongs to `groups` there, may do in `chat`, and what applies there."""
        [standing] = await self.judge_all([(person, chat, groups)])
        return standing

    async def judge_all(self, asked: Sequence[tuple[User, Chat, Sequence[str]]]) -> list[Standing]:
        """Return the same for several persons, each with chat and groups, in one round trip."""
        cases = [self._rows_about(*each) for each in asked]
        names = [name for case in cases for name in case]
        rows = iter(await self._table.get(names) if names else ())
        return [
            self._standing(person, chat, list(islice(rows, len(case))))
            for (person, chat, _), case in zip(asked, cases, strict=True)
        ]

    def _rows_about(self, person: User, chat: Chat, groups: Sequence[str]) -> list[str]:
        """Return the names of the rows that decide about `person` in `chat`; `_standing` reads them in this order."""
        own = [f"role {person}", subject_name(person)] if _speaks_for_themselves(person, chat) else []
        places = [subject_name(chat)]
        places += [subject_name(Group(chat.channel, id)) for id in groups[:MAX_GROUPS] if len(id) <= MAX_ID_LENGTH]
        return [*row_names(chat), *own, *places]

    def _standing(self, person: User, chat: Chat, rows: list[str | None]) -> Standing:
        settings = len(row_names(chat))
        applies = applying(rows[:settings])
        rows = rows[settings:]
        themselves = _speaks_for_themselves(person, chat)
        role = role_of(holding(rows.pop(0))) if themselves else None
        personal = holding(rows.pop(0)) if themselves else None
        found = [personal, *map(holding, rows)]
        if themselves and self.roles.is_named(person):
            return Standing(Role.OWNER, applies)
        if role is not None:
            return Standing(role, applies)
        if any(rule is not None and rule.verdict != "allow" for rule in found):
            return Standing(Role.DENIED, applies)
        admitting = found if chat.direct else found[1:]
        return Standing(Role.MEMBER if any(admitting) else Role.STRANGER, applies)

    async def depends_on_groups(self, role: Role, channel: str) -> bool:
        """Whether a person who was judged as `role` without their groups could fare otherwise with them."""
        if role is Role.DENIED or role >= Role.ADMIN:
            return False
        rows = await self._table.beginning(f"group {channel}:")
        verdicts = {rule.verdict for rule in map(Rule.from_row, rows.values()) if rule.holds}
        return bool(verdicts - {"allow"} if role is Role.MEMBER else verdicts)

    async def directory(self) -> Directory:
        """Return everybody of whom something was decided."""
        rows = await self._table.all()
        return Directory.of(self.roles.among(rows), rows)

    async def undo(self, change: Change, by: Actor) -> bool:
        """Put the row that `change` changed back; return False where that cannot be, or it was changed again since."""
        if not change.is_of_row:
            return False
        return await self._table.restore(change.what, change.after, change.before, by)

    async def owner_contacts(self) -> list[OwnerContact]:
        """Return where owners can be reached: those who have written to the bot in a direct chat."""
        roles = await self.roles.all()
        return await self._contacts.of({person for person, role in roles.items() if role is Role.OWNER})

    async def remember_owner(self, contact: OwnerContact) -> None:
        """Remember where an owner can be reached."""
        await self._contacts.remember(contact)

    async def claim_code(self) -> str:
        """Return the one-time code that makes its sender an owner; empty while there is an owner."""
        if Role.OWNER in (await self.roles.all()).values():
            return ""
        return await self.invites.claim_code()

    async def redeem(self, code: str, person: User, chat: Chat) -> Redeemed | None:
        """Return what a code makes of `person`; None when they have tried too many lately."""
        if self._tries.hit(str(person)):
            return None
        return await self.invites.redeem(code, person, Actor.in_chat(person, chat))

    async def move(self, old: Chat, new: Chat) -> None:
        """Take the rule and the settings of `old` over to `new`, as the platform gave the chat another id."""
        by = Actor("platform", str(old))
        await move_row(self._table, subject_name(old), subject_name(new), by)
        await self.settings.move(old, new, by)


def _speaks_for_themselves(person: User, chat: Chat) -> bool:
    """Whether it is one person who speaks: the group itself is several people, and no role is theirs."""
    return chat.direct or person.id != chat.id
