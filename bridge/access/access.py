"""The one place that judges: a sender, a chat, the groups they belong to in; one round trip to Redis a message.

A chat let in admits everybody in it; a person let in is admitted in direct chats; a group admits its members wherever
the platform says that they are members. None implies another, a denial beats them all, and admins are admitted
everywhere. All of it rests on ids that platforms never change, not on names.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from redis.asyncio import Redis

from bridge.access.actor import Actor
from bridge.access.audit import AuditLog
from bridge.access.invites import Invites, Redeemed
from bridge.access.owner_contacts import OwnerContact, OwnerContacts
from bridge.access.quota import Usage
from bridge.access.rate_limit import RateLimiter
from bridge.access.requests import Asked, Request, Requests
from bridge.access.roles import Role, Standing
from bridge.access.rules import LONGEST_NAME, Rule, Rules, is_rule
from bridge.access.settings import EVERYWHERE, SETTINGS, ChatSettings, canonical
from bridge.access.subjects import LONGEST_ID, Group, Subject, subject_name
from bridge.types import Chat, IncomingMessage, User

TRIES, TRY_AGAIN = 5, 720.0
"""So many codes one person may try at once, and after how many seconds one more."""
MOST_GROUPS = 100
"""Groups of one sender that are looked at."""

_NAMES = tuple(SETTINGS)


class Access:
    """The rules, and what is judged by them. `admins` are those that the operator has named: they are owners."""

    def __init__(self, redis: Redis, admins: Sequence[User] = ()) -> None:
        self._named = frozenset(admins)
        self._in_order = tuple(admins)
        self._rules = Rules(redis)
        self._requests = Requests(redis)
        self._contacts = OwnerContacts(redis)
        self._tries = RateLimiter(TRIES, TRY_AGAIN)
        self.invites = Invites(redis)
        self.usage = Usage(redis)
        self.audit = AuditLog(redis)

    async def judge(self, message: IncomingMessage) -> Standing:
        """What the sender of `message` may do, and what applies there. Raises StoreError."""
        person, chat = message.asked_by, message.chat
        settings = _setting_rows(chat)
        # Somebody who speaks as the group itself is several people; no role is theirs.
        themselves = chat.direct or person.id != chat.id
        own = [f"role {person}", subject_name(person)] if themselves else []
        places = [subject_name(chat)]
        places += [
            subject_name(Group(chat.channel, id)) for id in message.groups[:MOST_GROUPS] if len(id) <= LONGEST_ID
        ]
        rows = await self._rules.get([*settings, *own, *places])
        applies = _settings(dict(zip(settings, rows, strict=False)), chat)
        rows = rows[len(settings) :]
        role = _rule(rows.pop(0)) if own else None
        personal = _rule(rows.pop(0)) if own else None
        found = [personal, *map(_rule, rows)]
        if themselves and person in self._named:
            return Standing(Role.OWNER, applies)
        if role is not None and role.verdict in ("admin", "owner"):
            return Standing(Role.OWNER if role.verdict == "owner" else Role.ADMIN, applies)
        if any(rule is not None and rule.verdict != "allow" for rule in found):
            return Standing(Role.DENIED, applies)
        admitting = found if chat.direct else found[1:]
        return Standing(Role.MEMBER if any(admitting) else Role.STRANGER, applies)

    async def hangs_on_groups(self, role: Role, channel: str) -> bool:
        """Whether somebody who was judged without their groups could fare otherwise with them. Raises StoreError."""
        if role is Role.DENIED or role >= Role.ADMIN:
            return False
        rows = await self._rules.beginning(f"group {channel}:")
        verdicts = {rule.verdict for rule in map(Rule.from_row, rows.values()) if rule.holds}
        return bool(verdicts - {"allow"} if role is Role.MEMBER else verdicts)

    # rules

    async def allow(self, subject: Subject, by: Actor, *, until: float = 0.0) -> bool:
        """Let them in, until then; False if they were in so already. Raises ListFull."""
        await self._forget_told(subject)
        return await self._decide(subject, Rule("allow", until, _name_of(subject)), by)

    async def deny(self, subject: Subject, by: Actor, *, until: float = 0.0) -> bool:
        """Shut them out, whatever else would let them in; False if they were. Raises ListFull."""
        return await self._decide(subject, Rule("deny", until, _name_of(subject)), by)

    async def remove(self, subject: Subject, by: Actor) -> bool:
        """Neither let in nor shut out; False if they were neither."""
        await self._forget_told(subject)
        return await self._rules.change(subject_name(subject), "", by)

    async def rules(self) -> list[tuple[str, Rule]]:
        """Every rule about people, chats and groups that holds, by its subject's name."""
        rows = sorted((name, Rule.from_row(row)) for name, row in (await self._rules.all()).items() if is_rule(name))
        return [(name, rule) for name, rule in rows if rule.holds and not name.startswith("role ")]

    async def _decide(self, subject: Subject, rule: Rule, by: Actor) -> bool:
        name = subject_name(subject)
        [kept] = await self._rules.get([name])
        known = _rule(kept)
        if known is not None and (known.verdict, known.until) == (rule.verdict, rule.until):
            return False
        row = Rule(rule.verdict, rule.until, rule.name or (known.name if known else ""), by.who, time.time()).to_row()
        return await self._rules.change(name, row, by)

    async def _forget_told(self, subject: Subject) -> None:
        if not isinstance(subject, Group):
            await self._requests.forget(subject)

    # roles

    async def roles(self) -> dict[User, Role]:
        """Everybody who is more than a member, those named in the settings first."""
        found = dict.fromkeys(self._in_order, Role.OWNER)
        for name, row in sorted((await self._rules.all()).items()):
            rule = Rule.from_row(row) if name.startswith("role ") else None
            if rule is not None and rule.verdict in ("admin", "owner"):
                person = User.parse(name.removeprefix("role "))
                found.setdefault(person, Role.OWNER if rule.verdict == "owner" else Role.ADMIN)
        return found

    async def admins(self) -> list[User]:
        """Everybody who may command us."""
        return list(await self.roles())

    def is_named(self, person: User) -> bool:
        """Whether the operator has named them, so that nobody here can take it from them."""
        return person in self._named

    async def role_given(self, person: User) -> Role | None:
        """The role that was given to them as a person, wherever they write; None where none was."""
        [row] = await self._rules.get([f"role {person}"])
        if person in self._named or (rule := _rule(row)) is None:
            return Role.OWNER if person in self._named else None
        return {"owner": Role.OWNER, "admin": Role.ADMIN}.get(rule.verdict)

    async def promote(self, person: User, by: Actor) -> bool:
        """Make them an admin; False if they are one, or more, already."""
        if await self.role_given(person) is not None:
            return False
        rule = Rule("admin", name=person.name[:LONGEST_NAME], by=by.who, at=time.time())
        return await self._rules.change(f"role {person}", rule.to_row(), by)

    async def demote(self, person: User, by: Actor) -> bool:
        """An admin no longer; False if they were none that could be."""
        return await self._rules.change(f"role {person}", "", by)

    # settings of chats

    async def settings(self, chat: Chat) -> ChatSettings:
        names = _setting_rows(chat)
        return _settings(dict(zip(names, await self._rules.get(names), strict=True)), chat)

    async def own_settings(self, chat: Chat | None) -> Mapping[str, str]:
        """What was set for this very chat, or for all (None), as text by the setting's name."""
        rows = await self._rules.get([f"{name} {_where(chat)}" for name in _NAMES])
        return {name: row for name, row in zip(_NAMES, rows, strict=True) if row}

    async def set(self, chat: Chat | None, name: str, text: str, by: Actor) -> bool:
        """Set one setting of a chat, or of all (None); nothing goes back to what applies elsewhere.

        False if it was so already. Raises ValueError where the text means nothing, ListFull.
        """
        row = canonical(name, text) if text else ""
        return await self._rules.change(f"{name} {_where(chat)}", row, by)

    # strangers

    async def ask(self, account: str, message: IncomingMessage) -> tuple[Asked, Request | None, list[OwnerContact]]:
        """A stranger has written: whether owners are to be asked about them, and where those can be reached."""
        request = Request.of(account, message)
        if request is None:
            return "quiet", None, []
        owner_contacts = await self.owner_contacts()
        if not owner_contacts and not message.chat.direct:
            return "quiet", None, []  # nobody to ask, and a group is not talked into
        asked = await self._requests.ask(request, can_ask=bool(owner_contacts))
        return asked, request, owner_contacts

    async def owner_contacts(self) -> list[OwnerContact]:
        """Where owners can be reached: those who have written to us."""
        return await self._contacts.of({person for person, role in (await self.roles()).items() if role is Role.OWNER})

    async def contact(self, account: str, message: IncomingMessage) -> None:
        """An owner wrote in a direct chat: there they can be asked."""
        await self._contacts.remember(account, message)

    async def requests(self) -> list[Request]:
        """Those that wait for an answer, oldest first."""
        return await self._requests.open()

    async def request(self, id: str) -> Request | None:
        return await self._requests.get(id)

    async def close_request(self, request: Request, by: Actor, answer: str) -> None:
        """An admin has answered it."""
        if answer == "declined":
            await self.audit.note(by, f"request {subject_name(request.subject)}", answer)
        await self._requests.close(request.id)

    # codes

    async def claim_code(self) -> str:
        """The one-time code that makes its sender an owner; empty while there is one."""
        if Role.OWNER in (await self.roles()).values():
            return ""
        return await self.invites.claim_code()

    async def redeem(self, code: str, message: IncomingMessage) -> Redeemed | None:
        """What a code makes of its sender. None when they have tried too many lately."""
        if self._tries.hit(str(message.sender)):
            return None
        return await self.invites.redeem(code, message.sender, Actor.of(message))

    # a chat that moved

    async def move(self, old: Chat, new: Chat) -> None:
        """A platform gave the chat another id: its rule and its settings go with it."""
        by = Actor("platform", str(old))
        names = [subject_name(old), *(f"{name} {old.whole}" for name in _NAMES)]
        targets = [subject_name(new), *(f"{name} {new.whole}" for name in _NAMES)]
        for source, target, row in zip(names, targets, await self._rules.get(names), strict=True):
            if row:
                await self._rules.change(target, row, by)
                await self._rules.change(source, "", by)


def _rule(row: str | None) -> Rule | None:
    """The rule of a row, if it holds."""
    if not row:
        return None
    rule = Rule.from_row(row)
    return rule if rule.holds else None


def _where(chat: Chat | None) -> str:
    return EVERYWHERE if chat is None else str(chat.whole)


def _setting_rows(chat: Chat) -> list[str]:
    where = str(chat.whole)
    return [*(f"{name} {where}" for name in _NAMES), *(f"{name} {EVERYWHERE}" for name in _NAMES)]


def _settings(rows: Mapping[str, str | None], chat: Chat) -> ChatSettings:
    where = str(chat.whole)
    texts = {name: rows.get(f"{name} {where}") or rows.get(f"{name} {EVERYWHERE}") for name in _NAMES}
    return ChatSettings.read({name: text for name, text in texts.items() if text})


def _name_of(subject: Subject) -> str:
    match subject:
        case Chat():
            return subject.title[:LONGEST_NAME]
        case User():
            return subject.name[:LONGEST_NAME]
        case Group():
            return ""
