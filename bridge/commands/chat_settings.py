"""`/chat`: what applies in this chat, and with ``all`` in every chat. One command, one word for each setting."""

from __future__ import annotations

import re

from bridge.access import FOR_OWNERS, OFF, SETTINGS, Patterns, Role
from bridge.commands.choices import choice_buttons, choices_of
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.management import DEFAULT, Management
from bridge.commands.subjects import code, plain
from bridge.types import Chat

ALL = "all"
RESET = "reset"


class ChatSettingsCommands:
    def __init__(self, management: Management) -> None:
        self._management = management

    async def chat(self, context: CommandContext) -> CommandResult:
        """`/chat`, `/chat NAME`, `/chat NAME VALUE`, `/chat all ...`."""
        argument, chat = context.argument, context.chat.whole
        first, _, rest = argument.partition(" ")
        where: Chat | None = chat
        if first.lower() == ALL:
            if context.role < Role.OWNER:
                return CommandResult.refusal(context.words.owners_only)
            where, argument = None, rest.strip()
        name, _, value = argument.partition(" ")
        name, value = name.lower(), value.strip()
        if not name:
            return await self._show(context, where)
        if name not in SETTINGS:
            return CommandResult(_usage(context), choice_buttons("chat"))
        if not value:
            return await self._show(context, where, name)
        if name in FOR_OWNERS and context.role < Role.OWNER:
            return CommandResult.refusal(context.words.owners_only)
        if name == "models":
            return await self._models(context, where, value)
        return await self._set(context, where, name, value)

    async def models(self, context: CommandContext, value: str) -> CommandResult:
        """`/models allow|deny PATTERNS`, `/models reset`, in this chat."""
        return await self._models(context, context.chat.whole, value)

    async def _models(self, context: CommandContext, where: Chat | None, value: str) -> CommandResult:
        word, *patterns = value.split()
        match word.lower():
            case "allow" | "deny" if patterns:
                try:
                    await self._management.permit(where, patterns, context.actor, allow=word.lower() == "allow")
                except ValueError:
                    return _wrong("models", " ".join(patterns), context)
                return await self._changed(context, where, "models")
            case "reset" | "default":
                return await self._set(context, where, "models", DEFAULT)
            case "off":
                return await self._set(context, where, "models", OFF)
            case _:
                return CommandResult(_usage(context), choice_buttons("chat"))

    async def _set(self, context: CommandContext, where: Chat | None, name: str, text: str) -> CommandResult:
        try:
            await self._management.set(where, name, text, context.actor)
        except ValueError:
            return _wrong(name, text, context)
        return await self._changed(context, where, name)

    async def _changed(self, context: CommandContext, where: Chat | None, name: str) -> CommandResult:
        return CommandResult("\n".join(await self._lines(context, where, name)))

    async def _show(self, context: CommandContext, where: Chat | None, name: str = "") -> CommandResult:
        """What applies, and how to change it; with a `name` that setting alone."""
        lines = await self._lines(context, where, name)
        buttons = (choices_of("chat", name) if name else choice_buttons("chat")) if where is not None else []
        return CommandResult("\n".join([*lines, "", _usage(context, name)]), buttons)

    async def _lines(self, context: CommandContext, where: Chat | None, name: str) -> list[str]:
        """A title, and a line for each setting or for the one with this `name`."""
        title = context.words.settings_here if where is not None else context.words.settings_all
        lines = [
            f"- `{each.name}`: {_shown(each.value, context)}"
            + ("" if each.own else f" ({context.words.setting_default})")
            for each in await self._management.settings(where)
            if name in ("", each.name)
        ]
        return [title, *lines]


def _wrong(name: str, text: str, context: CommandContext) -> CommandResult:
    said = context.words.setting_wrong.format(value=plain(text), name=name)
    return CommandResult(f"{said}\n\n{_usage(context, name)}", choices_of("chat", name))


def _shown(value: object, context: CommandContext) -> str:
    if isinstance(value, Patterns):
        parts = [
            f"{mark} {' '.join(map(code, some))}" for mark, some in (("✓", value.allow), ("✗", value.deny)) if some
        ]
        return ", ".join(parts) or context.words.setting_all_models
    return code(str(value), 300) if value else OFF


def _usage(context: CommandContext, name: str = "") -> str:
    """How settings are written; with a `name` that one alone."""
    usage = context.words.settings_usage
    return "\n".join(line for line in usage.split("\n") if re.search(rf"`/chat {name}\b", line)) if name else usage
