"""The one table of commands. From it come the platforms' menus, /help, and what is done when one is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from bridge.access import Access, ListFull, Role
from bridge.channel import Command
from bridge.commands.admission import Admitting
from bridge.commands.audit import Auditing
from bridge.commands.chat_settings import RESET, ChatSetting
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.conversation import Talking
from bridge.commands.invites import Inviting
from bridge.commands.parse import parse
from bridge.commands.picker import Picker
from bridge.commands.requests import Requesting
from bridge.gateway import Gateway
from bridge.store import Store
from bridge.types import Button, IncomingMessage, ModelId
from bridge.words import EN, IN, Words

SUGGESTIONS = 25
"""Discord shows no more."""

Run = Callable[[CommandContext], Awaitable[CommandResult]]


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    run: Run
    needs: Role = Role.MEMBER
    listed: bool = True
    tells_groups: bool = False
    """Its answer names the groups that the platform counts its sender into."""

    @property
    def admin(self) -> bool:
        return self.needs >= Role.ADMIN


class Commands:
    """Runs a command for somebody who has been let in; who may do what is judged here and by `Access` alone."""

    def __init__(self, store: Store, gateway: Gateway, access: Access, default: ModelId | None) -> None:
        self.picker = picker = Picker(store.preferences, gateway, access, default)
        talk = Talking(store, picker)
        admit = Admitting(access)
        self._chats = chats = ChatSetting(access)
        entries = [
            Entry("start", talk.start),
            Entry("help", self._help),
            Entry("model", picker.model),
            Entry("models", self._models),
            Entry("new", talk.new),
            Entry("stop", talk.stop),
            Entry("retry", talk.retry),
            Entry("continue", talk.go_on, listed=False),
            Entry("system", talk.system),
            Entry("later", talk.later),
            Entry("whoami", admit.whoami, tells_groups=True),
            Entry("claim", admit.redeem, listed=False),
            Entry("allow", admit.allow, Role.ADMIN),
            Entry("deny", admit.deny, Role.ADMIN),
            Entry("allowlist", admit.allowlist, Role.ADMIN),
            Entry("invite", Inviting(access).invite, Role.ADMIN),
            Entry("requests", Requesting(store, access).requests, Role.ADMIN),
            Entry("chat", chats.chat, Role.ADMIN),
            Entry("history", self._history, Role.ADMIN, listed=False),
            Entry("audit", Auditing(access).audit, Role.ADMIN),
            Entry("admin", admit.admin, Role.OWNER),
        ]
        self._entries = {entry.name: entry for entry in entries}
        self._access = access
        self._admit = admit

    async def run(self, context: CommandContext) -> CommandResult:
        """Do what was asked. Raises GatewayError where it needed the gateway, StoreError where Redis is away."""
        entry = self._entries.get(context.name)
        if entry is None:
            # In a group another bot may know it.
            known = context.words.unknown_command.format(command=f"/{context.name}")
            return CommandResult(known if context.message.chat.direct else "")
        if context.role < entry.needs:
            return CommandResult.refusal(
                context.words.owners_only if entry.needs is Role.OWNER else context.words.admins_only
            )
        try:
            return await entry.run(context)
        except ListFull:
            return CommandResult(context.words.list_full)

    def tells_groups(self, text: str) -> bool:
        """Whether `text` is a command that is answered with its sender's groups."""
        command = parse(text)
        entry = self._entries.get(command.name) if command else None
        return entry is not None and entry.tells_groups

    async def redeem(self, message: IncomingMessage, code: str, words: Words) -> CommandResult:
        """`/claim`, the only command that a stranger may send."""
        try:
            return await self._admit.redeem(CommandContext("claim", code, message, Role.STRANGER, words))
        except ListFull:
            return CommandResult(words.list_full)

    def menu(self) -> Sequence[Command]:
        """What a platform lists."""
        return [
            Command(
                entry.name,
                {language: words.commands[entry.name] for language, words in IN.items()},
                EN.arguments.get(entry.name, ""),
                admin=entry.admin,
                suggest=self._suggest if entry.name == "model" else None,
            )
            for entry in self._entries.values()
            if entry.listed
        ]

    async def _suggest(self, typed: str, message: IncomingMessage) -> Sequence[Button]:
        """Models, to whoever may talk here: what there is, is nobody else's business."""
        standing = await self._access.judge(message)
        return await self.picker.suggest(typed, message.chat, SUGGESTIONS) if standing.role >= Role.MEMBER else []

    async def _models(self, context: CommandContext) -> CommandResult:
        """`/models NAME` for everybody; `/models allow|deny|reset` for admins."""
        word, _, rest = context.argument.partition(" ")
        if word.lower() != RESET and not (word.lower() in ("allow", "deny") and rest.strip()):
            return await self.picker.models(context)
        if context.role < Role.ADMIN:
            return CommandResult.refusal(context.words.admins_only)
        return await self._chats.models(context, context.argument)

    async def _history(self, context: CommandContext) -> CommandResult:
        """`/history shared|per-person`: the setting of that name, as people look for it."""
        return await self._chats.chat(replace(context, argument=f"history {context.argument}"))

    async def _help(self, context: CommandContext) -> CommandResult:
        words = context.words
        model = await self.picker.name_of(context.message.chat)
        lines = [words.help_talk.format(model=model)]
        if not context.message.chat.direct:
            lines.append(words.help_group)
        if context.hint:
            lines.append(context.hint)
        for title, admin in ((words.help_commands, False), (words.help_admin, True)):
            listed = [
                entry
                for entry in self._entries.values()
                if entry.listed and entry.admin == admin and context.role >= entry.needs
            ]
            if listed:
                lines.append("\n".join([title, *(f"/{entry.name} – {words.commands[entry.name]}" for entry in listed)]))
        return CommandResult("\n\n".join(lines))
