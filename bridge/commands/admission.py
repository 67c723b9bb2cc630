"""Commands about who may talk: they change the rules and say so."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from bridge.access import Access, Actor, Rule, Subject
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.subjects import code, ends, example, moment, named, plain, split_duration
from bridge.types import Chat, User

MOST_LISTED = 100
REMOVE = "remove"


class Admitting:
    def __init__(self, access: Access) -> None:
        self._access = access

    async def whoami(self, context: CommandContext) -> CommandResult:
        sender, words = context.message.sender, context.words
        role = words.whoami_roles[context.role.name.lower()]
        name = plain(sender.name) or sender.id
        said = words.whoami.format(name=name, id=sender, role=role, chat=context.message.chat.place)
        if context.message.groups:
            groups = ", ".join(code(f"{sender.channel}:{group}") for group in context.message.groups[:20])
            said = f"{said}\n{words.whoami_groups.format(groups=groups)}"
        return CommandResult(said)

    async def redeem(self, context: CommandContext) -> CommandResult:
        """`/claim CODE`: the first owner, or an invite. The only command that a stranger may send."""
        if not context.message.chat.direct:
            return CommandResult(context.words.claim_in_private)
        match await self._access.redeem(context.argument, context.message):
            case "owner":
                return CommandResult(context.words.claimed, admins_changed=True)
            case "member":
                return CommandResult(context.words.let_in)
            case "wrong":
                return CommandResult(context.words.claim_wrong)
            case None:
                return CommandResult(context.words.claim_too_many)

    async def allow(self, context: CommandContext) -> CommandResult:
        async def admit(subject: Subject, until: float) -> str:
            await self._access.allow(subject, Actor.of(context.message), until=until)
            said = context.words.allowed_chat if isinstance(subject, Chat) else context.words.allowed_person
            return said.format(id=subject)

        return await _about(context, admit)

    async def deny(self, context: CommandContext) -> CommandResult:
        async def dismiss(subject: Subject, until: float) -> str:
            if isinstance(subject, User) and await self._access.role_given(subject) is not None:
                return context.words.admin_not_denied.format(id=subject)
            await self._access.deny(subject, Actor.of(context.message), until=until)
            said = context.words.denied_chat if isinstance(subject, Chat) else context.words.denied_person
            return said.format(id=subject)

        return await _about(context, dismiss)

    async def allowlist(self, context: CommandContext) -> CommandResult:
        words = context.words
        word, _, rest = context.argument.partition(" ")
        if word.lower() == REMOVE:
            return await self._remove(context, rest)
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
            allowed = [_line(id, rule, context) for id, rule in of_kind if rule.verdict == "allow"]
            parts.append(_section(title, allowed))
        denied = [_line(name, rule, context) for name, rule in rules if rule.verdict != "allow"]
        parts.append(_section(words.allowlist_denied, denied))
        if not rules:
            parts.append(words.allowlist_empty)
        return CommandResult("\n\n".join(filter(None, parts)))

    async def _remove(self, context: CommandContext, whom: str) -> CommandResult:
        async def remove(subject: Subject, _until: float) -> str:
            if not await self._access.remove(subject, Actor.of(context.message)):
                return context.words.not_on_the_list.format(id=_id(subject))
            return context.words.removed.format(id=_id(subject))

        return await _about(context, remove, whom)

    async def admin(self, context: CommandContext) -> CommandResult:
        """`/admin add|remove|list`: owners make admins."""
        words = context.words
        word, _, whom = context.argument.partition(" ")
        if word.lower() not in ("add", "remove"):
            lines = [
                f"- `{person}` {words.whoami_roles[role.name.lower()]}"
                for person, role in (await self._access.roles()).items()
            ]
            return CommandResult(_section(words.allowlist_admins, lines) + f"\n\n{words.admin_usage}")
        person = named(whom, context.message.chat.channel) if whom.strip() else context.message.replied_to
        # Somebody who speaks as the group is several people.
        if not isinstance(person, User) or (not context.message.chat.direct and person.id == context.message.chat.id):
            return CommandResult(
                words.not_a_person.format(text=plain(whom), command="/admin add", example=example(context))
            )
        if word.lower() == "add":
            made = await self._access.promote(person, Actor.of(context.message))
            said = words.admin_added if made else words.admin_already
            return CommandResult(said.format(id=person), admins_changed=made)
        if self._access.is_named(person) or person == context.message.sender:
            return CommandResult(words.admin_stays.format(id=person))
        removed = await self._access.demote(person, Actor.of(context.message))
        said = words.admin_removed if removed else words.not_on_the_list
        return CommandResult(said.format(id=person), admins_changed=removed)


Do = Callable[[Subject, float], Awaitable[str]]


async def _about(context: CommandContext, change: Do, argument: str | None = None) -> CommandResult:
    """Whom the command is about: the id that was sent, the person replied to, or this chat; and until when."""
    message, words = context.message, context.words
    whom, seconds = split_duration(context.argument if argument is None else argument)
    until = ends(seconds)
    subject: Subject | None
    if whom:
        subject = named(whom, message.chat.channel)
        if subject is None:
            said = words.not_a_person.format(text=plain(whom), command=f"/{context.name}", example=example(context))
            return CommandResult(said)
    elif message.replied_to is not None:
        subject = message.replied_to
    elif message.chat.direct:
        return CommandResult(words.allow_here_is_pointless.format(example=example(context)))
    else:
        subject = message.chat.whole
    said = await change(subject, until)
    if until and context.name in ("allow", "deny"):
        said = f"{said} {words.until.format(moment=moment(until))}"
    return CommandResult(said)


def _id(subject: Subject) -> str:
    return str(subject.whole if isinstance(subject, Chat) else subject)


def _line(id: str, rule: Rule, context: CommandContext) -> str:
    until = context.words.until.format(moment=moment(rule.until)) if rule.until > time.time() else ""
    return " ".join(filter(None, (f"- `{id}`", plain(rule.name), until)))


def _section(title: str, lines: list[str]) -> str:
    if len(lines) > MOST_LISTED:
        lines = [*lines[:MOST_LISTED], f"… +{len(lines) - MOST_LISTED}"]
    return "\n".join([title, *lines]) if lines else ""
