"""Commands about who may talk: they change the rules and say so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bridge.access import SUBJECT_KINDS, Listed, Role, Subject
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.management import Management
from bridge.commands.subjects import code, ends, example, moment, named, plain, split_duration
from bridge.types import Button, Chat, User

MAX_LISTED = 100
REMOVE = "remove"


class Admission:
    def __init__(self, management: Management) -> None:
        self._management = management

    async def whoami(self, context: CommandContext) -> CommandResult:
        sender, words = context.sender, context.words
        role = words.whoami_roles[context.role.name.lower()]
        name = plain(sender.name) or sender.id
        said = words.whoami.format(name=name, id=sender, role=role, chat=context.chat.place)
        if context.call.groups:
            groups = ", ".join(code(f"{sender.channel}:{group}") for group in context.call.groups[:20])
            said = f"{said}\n{words.whoami_groups.format(groups=groups)}"
        return CommandResult(said)

    async def redeem(self, context: CommandContext) -> CommandResult:
        """`/claim CODE`: the first owner, or an invite. The only command that a stranger may send."""
        if not context.chat.direct:
            return CommandResult(context.words.claim_in_private)
        match await self._management.access.redeem(context.argument, context.sender, context.chat):
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
            await self._management.allow(subject, context.actor, until)
            said = context.words.allowed_chat if isinstance(subject, Chat) else context.words.allowed_person
            return said.format(id=subject)

        return await _about(context, admit)

    async def deny(self, context: CommandContext) -> CommandResult:
        async def dismiss(subject: Subject, until: float) -> str:
            if await self._management.deny(subject, context.actor, until) == "is an admin":
                return context.words.admin_not_denied.format(id=subject)
            said = context.words.denied_chat if isinstance(subject, Chat) else context.words.denied_person
            return said.format(id=subject)

        return await _about(context, dismiss)

    async def allowlist(self, context: CommandContext) -> CommandResult:
        words = context.words
        word, _, rest = context.argument.partition(" ")
        if word.lower() == REMOVE:
            return await self._remove(context, rest)
        directory = await self._management.directory()
        titles = {
            "chat": words.allowlist_chats,
            "person": words.allowlist_people,
            "group": words.allowlist_groups,
        }
        parts = [words.allowlist, _admins(directory.roles, context)]
        for kind in SUBJECT_KINDS:
            allowed = [_line(each.id, each, context) for each in directory.allowed(kind)]
            parts.append(_section(titles[kind], allowed))
        denied = [_line(f"{each.kind} {each.id}", each, context) for each in directory.denied()]
        parts.append(_section(words.allowlist_denied, denied))
        if not directory.listed:
            parts.append(words.allowlist_empty)
        return CommandResult("\n\n".join(filter(None, parts)))

    async def _remove(self, context: CommandContext, whom: str) -> CommandResult:
        async def remove(subject: Subject, _until: float) -> str:
            if not await self._management.remove(subject, context.actor):
                return context.words.not_on_the_list.format(id=_id(subject))
            return context.words.removed.format(id=_id(subject))

        return await _about(context, remove, whom)

    async def admin(self, context: CommandContext) -> CommandResult:
        """`/admin add|remove|list`: owners make admins."""
        words = context.words
        word, _, whom = context.argument.partition(" ")
        if word.lower() not in ("add", "remove"):
            directory = await self._management.directory()
            return CommandResult(f"{_admins(directory.roles, context)}\n\n{words.admin_usage}")
        person = named(whom, context.chat.channel) if whom.strip() else context.call.replied_to
        # Somebody who speaks as the group is several people.
        if not isinstance(person, User) or (not context.chat.direct and person.id == context.chat.id):
            return CommandResult(
                words.not_a_person.format(text=plain(whom), command="/admin add", example=example(context))
            )
        if word.lower() == "add":
            made = await self._management.promote(person, context.actor)
            said = words.admin_added if made else words.admin_already
            return CommandResult(said.format(id=person), admins_changed=made)
        went = await self._management.demote(person, context.actor)
        said = {"changed": words.admin_removed, "unchanged": words.not_on_the_list, "stays": words.admin_stays}[went]
        return CommandResult(said.format(id=person), admins_changed=went == "changed")


Do = Callable[[Subject, float], Awaitable[str]]


async def _about(context: CommandContext, change: Do, argument: str | None = None) -> CommandResult:
    """Make a change for the subject of a command: the id that was sent, the person replied to, or this chat."""
    call, words = context.call, context.words
    whom, seconds = split_duration(context.argument if argument is None else argument)
    until = ends(seconds)
    subject: Subject | None
    if whom:
        subject = named(whom, call.chat.channel)
        if subject is None:
            said = words.not_a_person.format(text=plain(whom), command=f"/{call.name}", example=example(context))
            return CommandResult(said)
    elif call.replied_to is not None:
        subject = call.replied_to
    elif call.chat.direct:
        offered = [Button("/requests", "/requests"), Button("/invite", "/invite"), Button("/allowlist", "/allowlist")]
        return CommandResult(words.allow_here_is_pointless.format(example=example(context)), offered)
    else:
        subject = call.chat.whole
    said = await change(subject, until)
    if until and context.call.name in ("allow", "deny"):
        said = f"{said} {words.until.format(moment=moment(until))}"
    return CommandResult(said)


def _id(subject: Subject) -> str:
    return str(subject.whole if isinstance(subject, Chat) else subject)


def _admins(roles: Mapping[User, Role], context: CommandContext) -> str:
    words = context.words
    lines = [f"- `{person}` {words.whoami_roles[role.name.lower()]}" for person, role in roles.items()]
    return _section(words.allowlist_admins, lines)


def _line(id: str, listed: Listed, context: CommandContext) -> str:
    rule = listed.rule
    until = context.words.until.format(moment=moment(rule.until)) if rule.until else ""
    return " ".join(filter(None, (f"- `{id}`", plain(rule.name), until)))


def _section(title: str, lines: list[str]) -> str:
    if len(lines) > MAX_LISTED:
        lines = [*lines[:MAX_LISTED], f"… +{len(lines) - MAX_LISTED}"]
    return "\n".join([title, *lines]) if lines else ""
