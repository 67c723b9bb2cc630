"""`/tools`: which tools a chat's model may call; `/tool`: whether one call may run, by the buttons of its question."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from bridge.access import Role
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.management import Management
from bridge.commands.subjects import code, plain
from bridge.inbox import Inbox
from bridge.store import Store
from bridge.tools import (
    BUILT_IN,
    CHOICES,
    DECISIONS,
    PERMISSIONS,
    Approvals,
    Offer,
    Permission,
    Tool,
    Toolbox,
    ToolChoices,
)
from bridge.types import Button

MAX_DESCRIPTION = 400
MAX_LISTED = 40
"""Tools of one server that are listed; all of them can be set by name."""


class ToolCommands:
    def __init__(
        self, store: Store, inbox: Inbox, management: Management, toolbox: Toolbox, approvals: Approvals
    ) -> None:
        self._store = store
        self._chosen = management.choices
        self._inbox = inbox
        self._access = management.access
        self._toolbox = toolbox
        self._approvals = approvals

    async def tools(self, context: CommandContext) -> CommandResult:
        """`/tools`, `/tools on|off`, `/tools SERVER|TOOL`, `/tools SERVER|TOOL never|ask|always`."""
        words = context.argument.split()
        choices = await self._chosen.tools(context.chat)
        if words and words[0].lower() in ("on", "off"):
            choices = choices.switched(words[0].lower() == "on")
            await self._chosen.set_tools(context.chat, choices, words[0].lower(), context.actor)
            words = []
        offer = await self._toolbox.offer(fresh=not words)
        if not words:
            return _overview(context, choices, offer)
        servers = list(dict.fromkeys([*(tool.server for tool in offer.tools), *offer.problems]))
        server = next((each for each in servers if words[0] in (each, _mark(f"{each}/*"))), None)
        tool = next((each for each in offer.tools if words[0] in (each.key, _mark(each.key))), None)
        permission = next((each for each in PERMISSIONS if [each] == [word.lower() for word in words[1:]]), None)
        if server is None and tool is None:
            unknown = context.words.tools_unknown.format(name=code(words[0]))
            return CommandResult(f"{unknown}\n\n{context.words.tools_usage}")
        if len(words) > 1 and permission is None:
            wrong = context.words.setting_wrong.format(value=plain(" ".join(words[1:])), name="tools")
            return CommandResult(f"{wrong}\n\n{context.words.tools_usage}")
        if permission is not None:
            choices = choices.of_tool(tool, permission) if tool else choices.of_server(server or "", permission)
            what = f"{tool.key if tool else f'{server}/*'} {permission}"
            await self._chosen.set_tools(context.chat, choices, what, context.actor)
        if tool is not None:
            return _one_tool(context, choices, tool)
        return _one_server(context, choices, offer, server or "")

    async def tool(self, context: CommandContext) -> CommandResult:
        """`/tool once|always|no ID`: the person who asked, or an admin, decides whether a call may run."""
        words = context.words
        word, _, id = context.argument.partition(" ")
        decision = next((each for each in DECISIONS if each == word.lower()), None)
        call = await self._approvals.pending(id.strip()) if decision and id.strip() else None
        if decision is None or call is None or call.chat.place.whole != context.chat.place.whole:
            return CommandResult(words.tool_too_late, in_place=False)
        is_admin = context.role >= Role.ADMIN
        if not is_admin and (context.sender != call.asker or decision == "always"):
            return CommandResult.refusal(words.tool_not_yours)
        if decision == "always":
            choices = ToolChoices.read(await self._store.preferences.tools(call.chat))
            allowed = CHOICES.encode(choices.allow(call.tool, call.fingerprint))
            await self._store.preferences.set_tools(call.chat, allowed)
        await self._access.audit.note(context.actor, f"tool {call.tool}", decision)
        await self._approvals.decide(id.strip(), decision)
        if not await self._inbox.call_back(call.account, call.chat, call.turn):
            return CommandResult(words.tool_too_late, in_place=False)
        return CommandResult()


def _overview(context: CommandContext, choices: ToolChoices, offer: Offer) -> CommandResult:
    words = context.words
    on = context.settings.tools == "on" if choices.on is None else choices.on
    lines = [words.tools_on if on else words.tools_off, ""]
    by_server: dict[str, list[Tool]] = {server: [] for server in [*(t.server for t in offer.tools), *offer.problems]}
    for tool in offer.tools:
        by_server[tool.server].append(tool)
    for server, tools in by_server.items():
        usable = sum(choices.permission(tool) != "never" for tool in tools)
        lines.append(f"- {_server(server, context)}: {words.tools_usable.format(count=usable, total=len(tools))}")
        if server in offer.problems:
            lines[-1] += f" ⚠️ {plain(offer.problems[server])}"
    switch = Button(words.button_tools_off, "/tools off") if on else Button(words.button_tools_on, "/tools on")
    shown = [Button(words.tools_built_in if each == BUILT_IN else each, _command(f"{each}/*")) for each in by_server]
    return CommandResult("\n".join([*lines, "", words.tools_usage]), [switch, *shown])


def _one_server(context: CommandContext, choices: ToolChoices, offer: Offer, server: str) -> CommandResult:
    words = context.words
    tools = [tool for tool in offer.tools if tool.server == server][:MAX_LISTED]
    lines = [f"**{_server(server, context)}**"]
    lines += [f"- {code(tool.name)}: {words.permissions[choices.permission(tool)]}" for tool in tools]
    if server in offer.problems:
        lines.append(f"⚠️ {plain(offer.problems[server])}")
    shown = [Button(tool.title, _command(tool.key)) for tool in tools]
    return CommandResult("\n".join(lines), [*_permissions(context, f"{server}/*"), *shown, Button("◀", "/tools")])


def _one_tool(context: CommandContext, choices: ToolChoices, tool: Tool) -> CommandResult:
    words = context.words
    now = choices.permission(tool)
    said = tool.description[:MAX_DESCRIPTION]
    lines = [f"**{plain(tool.title)}** ({_server(tool.server, context)})", plain(said), words.permissions[now]]
    if tool.read_only:
        lines.insert(-1, words.tool_read_only)
    ways = _permissions(context, tool.key, but=now)
    return CommandResult("\n".join(filter(None, lines)), [*ways, Button("◀", _command(f"{tool.server}/*"))])


def _permissions(context: CommandContext, key: str, but: Permission | None = None) -> Sequence[Button]:
    labels = context.words.button_permissions
    return [Button(labels[each], f"{_command(key)} {each}") for each in PERMISSIONS if each != but]


def _command(key: str) -> str:
    return f"/tools {_mark(key)}"


def _mark(key: str) -> str:
    """A short name for a server or a tool, which fits any button whatever they are called."""
    return blake2b(key.encode(errors="replace"), digest_size=5).hexdigest()


def _server(server: str, context: CommandContext) -> str:
    return context.words.tools_built_in if server == BUILT_IN else code(server)
