"""Commands about who may talk: they change the rules and say so."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from bridge.access import Access, Actor, Rule, Subject
from bridge.commands.answer import Answer, Ask
from bridge.commands.whom import code, ends, example, moment, named, plain, split_duration
from bridge.types import Chat, User

MOST_LISTED = 100
REMOVE = "remove"


class Admitting:
    def __init__(self, access: Access) -> None:
        self._access = access

    async def whoami(self, ask: Ask) -> Answer:
        sender, words = ask.message.sender, ask.words
        role = words.whoami_roles[ask.role.name.lower()]
        name = plain(sender.name) or sender.id
        said = words.whoami.format(name=name, id=sender, role=role, chat=ask.message.chat.place)
        if ask.message.groups:
            groups = ", ".join(code(f"{sender.channel}:{group}") for group in ask.message.groups[:20])
            said = f"{said}\n{words.whoami_groups.format(groups=groups)}"
        return Answer(said)

    async def redeem(self, ask: Ask) -> Answer:
        """`/claim CODE`: the first owner, or an invite. The only command that a stranger may send."""
        if not ask.message.chat.direct:
            return Answer(ask.words.claim_in_private)
        match await self._access.redeem(ask.argument, ask.message):
            case "owner":
                return Answer(ask.words.claimed, admins_changed=True)
            case "member":
                return Answer(ask.words.let_in)
            case "wrong":
                return Answer(ask.words.claim_wrong)
            case None:
                return Answer(ask.words.claim_too_many)

    async def allow(self, ask: Ask) -> Answer:
        async def admit(subject: Subject, until: float) -> str:
            await self._access.allow(subject, Actor.of(ask.message), until=until)
            said = ask.words.allowed_chat if isinstance(subject, Chat) else ask.words.allowed_person
            return said.format(id=subject)

        return await _about(ask, admit)

    async def deny(self, ask: Ask) -> Answer:
        async def dismiss(subject: Subject, until: float) -> str:
            if isinstance(subject, User) and await self._access.role_given(subject) is not None:
                return ask.words.admin_not_denied.format(id=subject)
            await self._access.deny(subject, Actor.of(ask.message), until=until)
            said = ask.words.denied_chat if isinstance(subject, Chat) else ask.words.denied_person
            return said.format(id=subject)

        return await _about(ask, dismiss)

    async def allowlist(self, ask: Ask) -> Answer:
        words = ask.words
        word, _, rest = ask.argument.partition(" ")
        if word.lower() == REMOVE:
            return await self._remove(ask, rest)
        admins = [
            f"- `{person}` {words.whoami_roles[role.name.lower()]}"
            for person, role in (await self._access.roles()).items()
        ]
        parts = [words.allowlist, _section(words.allowlist_admins, admins)]
        rules = await self._access.rules()
        titles = (
            ("chat", words.allowlist_chats),
            ("person", words.allowlist_people),
            ("group", words.allowlist_groups),
        )
        for kind, title in titles:
            of_kind = [(name.partition(" ")[2], rule) for name, rule in rules if name.startswith(f"{kind} ")]
            allowed = [_line(id, rule, ask) for id, rule in of_kind if rule.verdict == "allow"]
            parts.append(_section(title, allowed))
        denied = [_line(name, rule, ask) for name, rule in rules if rule.verdict != "allow"]
        parts.append(_section(words.allowlist_denied, denied))
        if not rules:
            parts.append(words.allowlist_empty)
        return Answer("\n\n".join(filter(None, parts)))

    async def _remove(self, ask: Ask, whom: str) -> Answer:
        async def remove(subject: Subject, _until: float) -> str:
            if not await self._access.remove(subject, Actor.of(ask.message)):
                return ask.words.not_on_the_list.format(id=_id(subject))
            return ask.words.removed.format(id=_id(subject))

        return await _about(ask, remove, whom)

    async def admin(self, ask: Ask) -> Answer:
        """`/admin add|remove|list`: owners make admins."""
        words = ask.words
        word, _, whom = ask.argument.partition(" ")
        if word.lower() not in ("add", "remove"):
            lines = [
                f"- `{person}` {words.whoami_roles[role.name.lower()]}"
                for person, role in (await self._access.roles()).items()
            ]
            return Answer(_section(words.allowlist_admins, lines) + f"\n\n{words.admin_usage}")
        person = named(whom, ask.message.chat.channel) if whom.strip() else ask.message.replied_to
        # Somebody who speaks as the group is several people.
        if not isinstance(person, User) or (not ask.message.chat.direct and person.id == ask.message.chat.id):
            return Answer(words.not_a_person.format(text=plain(whom), command="/admin add", example=example(ask)))
        if word.lower() == "add":
            made = await self._access.promote(person, Actor.of(ask.message))
            said = words.admin_added if made else words.admin_already
            return Answer(said.format(id=person), admins_changed=made)
        if self._access.is_named(person) or person == ask.message.sender:
            return Answer(words.admin_stays.format(id=person))
        removed = await self._access.demote(person, Actor.of(ask.message))
        said = words.admin_removed if removed else words.not_on_the_list
        return Answer(said.format(id=person), admins_changed=removed)


Do = Callable[[Subject, float], Awaitable[str]]


async def _about(ask: Ask, change: Do, argument: str | None = None) -> Answer:
    """Whom the command is about: the id that was sent, the person replied to, or this chat; and until when."""
    message, words = ask.message, ask.words
    whom, seconds = split_duration(ask.argument if argument is None else argument)
    until = ends(seconds)
    subject: Subject | None
    if whom:
        subject = named(whom, message.chat.channel)
        if subject is None:
            said = words.not_a_person.format(text=plain(whom), command=f"/{ask.name}", example=example(ask))
            return Answer(said)
    elif message.replied_to is not None:
        subject = message.replied_to
    elif message.chat.direct:
        return Answer(words.allow_here_is_pointless.format(example=example(ask)))
    else:
        subject = message.chat.whole
    said = await change(subject, until)
    if until and ask.name in ("allow", "deny"):
        said = f"{said} {words.until.format(moment=moment(until))}"
    return Answer(said)


def _id(subject: Subject) -> str:
    return str(subject.whole if isinstance(subject, Chat) else subject)


def _line(id: str, rule: Rule, ask: Ask) -> str:
    until = ask.words.until.format(moment=moment(rule.until)) if rule.until > time.time() else ""
    return " ".join(filter(None, (f"- `{id}`", plain(rule.name), until)))


def _section(title: str, lines: list[str]) -> str:
    if len(lines) > MOST_LISTED:
        lines = [*lines[:MOST_LISTED], f"… +{len(lines) - MOST_LISTED}"]
    return "\n".join([title, *lines]) if lines else ""
