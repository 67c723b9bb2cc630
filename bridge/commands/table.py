"""The one table of commands. From it come the platforms' menus, /help, and what is done when one is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bridge.access import Access, Role
from bridge.channel import Command
from bridge.commands.admit import Admitting
from bridge.commands.answer import Answer, Ask
from bridge.commands.picker import Picker
from bridge.commands.talk import Talking
from bridge.gateway import Gateway
from bridge.store import Store
from bridge.types import IncomingMessage, ModelId
from bridge.words import EN, IN, Words

Run = Callable[[Ask], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    run: Run
    admin: bool = False
    listed: bool = True


class Commands:
    """Runs a command for somebody who has been let in; who may do what is judged here and by `Access` alone."""

    def __init__(self, store: Store, gateway: Gateway, access: Access, default: ModelId | None) -> None:
        self.picker = picker = Picker(store.choices, gateway, default)
        talk = Talking(store, picker)
        admit = Admitting(access)
        entries = [
            Entry("start", talk.start),
            Entry("help", self._help),
            Entry("model", picker.model),
            Entry("models", picker.models),
            Entry("new", talk.new),
            Entry("stop", talk.stop),
            Entry("retry", talk.retry),
            Entry("continue", talk.go_on, listed=False),
            Entry("system", talk.system),
            Entry("whoami", admit.whoami),
            Entry("claim", admit.claim, listed=False),
            Entry("allow", admit.allow, admin=True),
            Entry("deny", admit.deny, admin=True),
            Entry("allowlist", admit.allowlist, admin=True),
        ]
        self._entries = {entry.name: entry for entry in entries}
        self._admit = admit

    async def run(self, ask: Ask) -> Answer:
        """Do what was asked. Raises GatewayError where it needed the gateway, StoreError where Redis is away."""
        entry = self._entries.get(ask.name)
        if entry is None:
            # In a group another bot may know it.
            known = ask.words.unknown_command.format(command=f"/{ask.name}")
            return Answer(known if ask.message.chat.direct else "")
        if entry.admin and ask.role < Role.ADMIN:
            return Answer(ask.words.admins_only)
        return await entry.run(ask)

    async def claim(self, message: IncomingMessage, code: str, words: Words) -> Answer:
        """`/claim`, the only command that a stranger may send."""
        return await self._admit.claim(Ask("claim", code, message, Role.STRANGER, words))

    def menu(self) -> Sequence[Command]:
        """What a platform lists."""
        return [
            Command(
                entry.name,
                {language: words.commands[entry.name] for language, words in IN.items()},
                EN.arguments.get(entry.name, ""),
                admin=entry.admin,
            )
            for entry in self._entries.values()
            if entry.listed
        ]

    async def _help(self, ask: Ask) -> Answer:
        words = ask.words
        model = await self.picker.name_of(ask.message.chat)
        lines = [words.help_talk.format(model=model)]
        if not ask.message.chat.direct:
            lines.append(words.help_group)
        if ask.hint:
            lines.append(ask.hint)
        for title, admin in ((words.help_commands, False), (words.help_admin, True)):
            listed = [entry for entry in self._entries.values() if entry.listed and entry.admin == admin]
            if not admin or ask.role >= Role.ADMIN:
                lines.append("\n".join([title, *(f"/{entry.name} – {words.commands[entry.name]}" for entry in listed)]))
        return Answer("\n\n".join(lines))
