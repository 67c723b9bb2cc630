"""The one table of commands. From it come the platforms' menus, /help, and what is done when one is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from msgspec.structs import replace as with_changes

from bridge.access import Access, ListFull, Role
from bridge.channel import Command
from bridge.commands.admission import Admission
from bridge.commands.answer import AnswerCommands
from bridge.commands.audit import AuditCommand
from bridge.commands.bench import BenchCommand
from bridge.commands.chat_settings import RESET, ChatSettingsCommands
from bridge.commands.chats import ChatsCommands
from bridge.commands.choices import CHOICES, completed
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.conversation import ConversationCommands
from bridge.commands.download import DownloadCommand
from bridge.commands.export import ExportCommand
from bridge.commands.help import HelpCommand, Topic
from bridge.commands.invites import InviteCommand
from bridge.commands.knowledge import KnowledgeCommands
from bridge.commands.management import Management
from bridge.commands.parameters import ParameterCommands
from bridge.commands.picker import Picker
from bridge.commands.prompts import PromptCommands
from bridge.commands.requests import RequestCommands
from bridge.commands.sum import SumCommand
from bridge.commands.titles import Titles
from bridge.commands.tools import ToolCommands
from bridge.commands.usage import UsageCommand
from bridge.commands.web import WebCommand
from bridge.gateway import Gateways
from bridge.inbound import parse_command
from bridge.inbox import CommandCall, Inbox
from bridge.knowledge import Knowledge
from bridge.settings import Settings
from bridge.store import Store
from bridge.tools import Approvals, Toolbox
from bridge.types import Button, Chat, User
from bridge.usage import Ledger, Prices
from bridge.words import EN, IN, Words

MAX_SUGGESTIONS = 25
"""Discord shows no more."""
MODEL = "model"

Run = Callable[[CommandContext], Awaitable[CommandResult]]


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    run: Run
    needs: Role = Role.MEMBER
    listed: bool = True
    topic: Topic = "talk"
    """Where `/help` tells of it."""
    tells_groups: bool = False
    """Its answer names the groups that the platform counts its sender into."""

    @property
    def admin(self) -> bool:
        return self.needs >= Role.ADMIN


class Commands:
    """Runs a command for somebody who has been let in; who may do what is judged here and by `Access` alone."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        gateways: Gateways,
        access: Access,
        settings: Settings,
        toolbox: Toolbox,
    ) -> None:
        self.management = management = Management(access, inbox, store)
        self.picker = picker = Picker(
            store.preferences, store.names, gateways, management, settings.model, settings.fallback
        )
        self.knowledge = Knowledge(store.documents, gateways.all)
        params = ParameterCommands(store.preferences, picker)
        speech = settings.speech()
        talk = ConversationCommands(store, inbox, picker, speaks=speech is not None and bool(speech.voice_model))
        self.prompts = prompts = PromptCommands(store, management.prompts)
        answer = AnswerCommands(store, inbox, picker)
        tools = ToolCommands(store, inbox, management, toolbox, Approvals(store.redis))
        talks = ChatsCommands(store, inbox, Titles(store, picker, gateways))
        self._entries: dict[str, Entry] = {}
        self._help = HelpCommand(picker, self._entries)
        admit = Admission(management)
        self._chats = chats = ChatSettingsCommands(management)
        entries = [
            Entry("start", talk.start, topic="you"),
            Entry("help", self._help.help, topic="you"),
            Entry(MODEL, answer.model, topic="models"),
            Entry("models", self._models, topic="models"),
            Entry("new", talks.new),
            Entry("chats", talks.chats),
            Entry("search", talks.search),
            Entry("export", ExportCommand(store).export),
            Entry("download", DownloadCommand(store, inbox).download, listed=False),
            Entry("forget", talks.forget),
            Entry("stop", talk.stop),
            Entry("retry", talk.retry),
            Entry("continue", talk.go_on, listed=False),
            Entry("answer", answer.answer, listed=False),
            Entry("buttons", answer.buttons),
            Entry("compare", answer.compare, topic="models"),
            Entry("page", talk.page),
            Entry("sum", SumCommand(store).sum),
            Entry("system", talk.system, topic="prompts"),
            Entry("persona", prompts.persona, topic="prompts"),
            Entry("chain", prompts.chain, topic="prompts"),
            Entry("later", talk.later),
            Entry("reasoning", talk.reasoning),
            Entry("effort", params.effort, topic="models"),
            Entry("params", params.params, topic="models"),
            Entry("usage", UsageCommand(Ledger(store.redis), Prices(settings.prices, gateways)).usage, topic="you"),
            Entry("voice", talk.voice),
            Entry("kb", KnowledgeCommands(store, management.choices, self.knowledge).kb),
            Entry("tool", tools.tool, listed=False),
            Entry("whoami", admit.whoami, topic="you", tells_groups=True),
            Entry("claim", admit.redeem, listed=False),
            Entry("allow", admit.allow, Role.ADMIN, topic="access"),
            Entry("deny", admit.deny, Role.ADMIN, topic="access"),
            Entry("allowlist", admit.allowlist, Role.ADMIN, topic="access"),
            Entry("invite", InviteCommand(management).invite, Role.ADMIN, topic="access"),
            Entry("requests", RequestCommands(management).requests, Role.ADMIN, topic="access"),
            Entry("tools", tools.tools, Role.ADMIN, topic="models"),
            Entry("chat", chats.chat, Role.ADMIN, topic="settings"),
            Entry("history", self._history, Role.ADMIN, listed=False, topic="settings"),
            Entry("audit", AuditCommand(management).audit, Role.ADMIN, topic="settings"),
            Entry("web", WebCommand(access).web, Role.ADMIN, topic="settings"),
            Entry("admin", admit.admin, Role.OWNER, topic="access"),
            Entry("bench", BenchCommand(picker, gateways).bench, Role.OWNER, topic="models"),
        ]
        self._entries |= {entry.name: entry for entry in entries}
        self._access = access
        self._admit = admit

    async def run(self, context: CommandContext) -> CommandResult:
        """Do what was asked. Raises GatewayError where it needed the gateway, StoreError where Redis is away."""
        entry = self._entries.get(context.call.name)
        if entry is None and (result := await self.prompts.run(context)) is not None:
            return result
        if entry is None:
            # In a group another bot may know it.
            known = context.words.unknown_command.format(command=f"/{context.call.name}")
            return CommandResult(known if context.chat.direct else "")
        if context.argument.strip() in ("?", "？"):
            return self._help.command(context, entry.name)
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
        command = parse_command(text)
        entry = self._entries.get(command.name) if command else None
        return entry is not None and entry.tells_groups

    async def redeem(self, person: User, chat: Chat, code: str, words: Words) -> CommandResult:
        """Run `/claim`, the only command that a stranger may send."""
        call = CommandCall("claim", chat, person, "claim", code)
        try:
            return await self._admit.redeem(CommandContext(call, Role.STRANGER, words))
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
                completes=entry.name == MODEL or entry.name in CHOICES,
            )
            for entry in self._entries.values()
            if entry.listed
        ]

    async def suggest(self, command: str, typed: str, sender: User, chat: Chat, words: Words) -> Sequence[Button]:
        """What may follow `command`, given what has been `typed` after it. Raises GatewayError, StoreError."""
        match command:
            case "model":
                return await self.picker.suggest(typed, chat, MAX_SUGGESTIONS)
            case "persona":
                return [*await self.prompts.suggest(typed, chat, sender, words), *completed(command, typed)]
            case _:
                return completed(command, typed)

    async def _models(self, context: CommandContext) -> CommandResult:
        """`/models PART` for everybody; `/models allow|deny|reset|fresh|name` for admins."""
        word, _, rest = context.argument.partition(" ")
        word = word.lower()
        alone = word in (RESET, "fresh") and not rest.strip()
        if not (alone or word == "name" or (word in ("allow", "deny") and rest.strip())):
            return await self.picker.models(context)
        if context.role < Role.ADMIN:
            return CommandResult.refusal(context.words.admins_only)
        if word == "fresh":
            return await self.picker.fresh(context)
        if word == "name":
            return await self.picker.rename(context, rest)
        return await self._chats.models(context, context.argument)

    async def _history(self, context: CommandContext) -> CommandResult:
        """`/history shared|per-person`: the setting of that name, as people look for it."""
        return await self._chats.chat(
            replace(context, call=with_changes(context.call, argument=f"history {context.argument}"))
        )
