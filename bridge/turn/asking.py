"""What asks the model for the answer to a question: a generation, or a chain of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from msgspec.structs import replace as with_changes

from bridge.access import ChatSettings, Role, Standing
from bridge.commands import Commands
from bridge.gateway import Gateways
from bridge.inbound import Said, parse_command
from bridge.inbox import Question, Turn
from bridge.knowledge import KnowledgeChoices, asked_once
from bridge.media import SpeechServer
from bridge.reply import Account
from bridge.settings import Settings
from bridge.store import Store, TurnContext
from bridge.turn.attachments import Attachments, Received
from bridge.turn.chain import Chain
from bridge.turn.context import told, user_messages
from bridge.turn.generation import Asked, Generation
from bridge.turn.knowledge import KnowledgeTool, TurnKnowledge
from bridge.turn.load import Load
from bridge.turn.loop import ToolLoop
from bridge.turn.memory import Dropping, Summarising
from bridge.turn.plan import Plan
from bridge.turn.tools import TurnTools
from bridge.types import ChatMessage, ModelId


class Asking:
    """Makes what asks the model. Nothing is asked before its events are read."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        gateways: Gateways,
        commands: Commands,
        load: Load,
        attachments: Attachments,
        voice: SpeechServer | None,
        tools: TurnTools,
    ) -> None:
        """`voice` speaks answers, where there is one and a chat wants it."""
        self._settings = settings
        self._preferences = store.preferences
        self._conversations = store.conversations
        self._overheard = store.overheard
        self._gateways = gateways
        self._commands = commands
        self._load = load
        self._attachments = attachments
        self._voice = voice
        self._tools = tools

    async def ask(
        self, turn: Turn, plan: Plan, account: Account, standing: Standing, context: TurnContext
    ) -> tuple[Generation | Chain, Received]:
        """Return what will ask the model, and what will have been received by then; nothing has been asked yet."""
        chain = None if plan.prompt else await self._chain(turn, plan.question, standing.settings, context)
        if chain is not None:
            return chain, Received()
        return self.generation(turn, plan, account, standing, context)

    def generation(
        self,
        turn: Turn,
        plan: Plan,
        account: Account,
        standing: Standing,
        context: TurnContext,
        *,
        tools: bool = True,
    ) -> tuple[Generation, Received]:
        """Return what will ask one model, with `tools` where they are on, and what will have been received by then."""
        chosen, message, received, settings = context.chosen, plan.message, Received(), standing.settings
        once = asked_once(message.text)
        if once:
            message = with_changes(message, text=once)
        choices = KnowledgeChoices.read(chosen.knowledge)
        consults_itself = choices.is_on and choices.is_tool and not once
        searching = TurnKnowledge(
            self._commands.knowledge,
            plan.question.chat,
            None if once and standing.may_pick_knowledge and not choices.bases else list(choices.bases),
            received,
            own=bool(once) or choices.own,
        )
        tools_on = tools and self._tools.are_on(chosen.tools, standing)

        async def loop() -> ToolLoop | None:
            knowledge = KnowledgeTool(searching) if consults_itself else None
            return await self._tools.loop(
                turn,
                account,
                plan.question,
                chosen.tools,
                on=tools_on,
                admin=standing.role >= Role.ADMIN,
                knowledge=knowledge,
            )

        def pause(*, silent: bool) -> float:
            return self._load.pause(silent=silent, backlog=account.pace.backlog)

        generation = Generation(
            self._gateways,
            self._preferences,
            resolve_models=lambda: self._commands.picker.chain(chosen, settings),
            system=chosen.system or settings.system or self._settings.system,
            remember=self._memory(turn, plan, settings, context).remember,
            ask=lambda: self._read(plan, message, account, received),
            load=lambda messages: self._attachments.load(plan.question.chat, messages),
            seeing=lambda: self._commands.picker.seeing(settings),
            pause=pause,
            fetch_links=self._settings.picture_links,
            voice=self._voice if chosen.voice else None,
            tools=loop if tools and (turn.steps or tools_on or consults_itself) else None,
            consult=searching.consult if once or choices.is_on else None,
            consults_itself=consults_itself,
            sampling=chosen.sampling,
        )
        return generation, received

    async def _read(self, plan: Plan, message: Said, account: Account, received: Received) -> Asked:
        """Return what is asked, with what came with `message`, which is read into `received`. Raises StoreError."""
        if plan.prompt:
            return Asked([ChatMessage.user(plan.prompt)])
        if plan.overheard:
            heard = await self._overheard.last(message.chat, plan.overheard, plan.until)
            return Asked([ChatMessage.user(told(message, heard))])
        if message.attachments:
            await self._attachments.receive(message, account.channel, received, plan.question.page_range)
        query = message.text.strip() or " ".join(received.heard) or message.quoted
        return Asked(user_messages(message, tuple(received.parts)), received.heard, query)

    def _memory(self, turn: Turn, plan: Plan, settings: ChatSettings, context: TurnContext) -> Dropping | Summarising:
        """Return what decides how much of the conversation goes with the question."""
        budget = self._settings.history_tokens
        if settings.memory != "summarise":
            return Dropping(plan.history, budget)
        return Summarising(
            self._gateways,
            self._conversations,
            plan.question.chat,
            turn.epoch,
            turn=plan.message.id,
            history=plan.history,
            summary=context.summary,
            budget=budget,
            keep_seconds=settings.keep_seconds,
            pause=self._load.pause,
        )

    async def _chain(
        self, turn: Turn, question: Question, settings: ChatSettings, context: TurnContext
    ) -> Chain | None:
        """Return what will run the chain that the question is put to, as its text says; None where it is to none."""
        message = question.message
        if (command := parse_command(message.text)) is None:
            return None
        steps = await self._commands.prompts.steps(command.name, question.asked_by, question.chat)
        if not steps:
            return None

        def generate(system: str, said: str, model: str) -> Generation:
            async def ask() -> Asked:
                return Asked([ChatMessage.user(said)])

            async def resolve() -> Sequence[ModelId]:
                chosen = replace(context.chosen, model=ModelId.parse(model), fallback=None) if model else context.chosen
                return await self._commands.picker.chain(chosen, settings)

            return Generation(
                self._gateways,
                self._preferences,
                resolve_models=resolve,
                system=system,
                remember=Dropping((), 0).remember,
                ask=ask,
                load=lambda messages: self._attachments.load(question.chat, messages),
                seeing=lambda: self._commands.picker.seeing(settings),
                pause=self._load.pause,
                fetch_links=self._settings.picture_links,
                sampling=context.chosen.sampling,
            )

        return Chain(turn, steps, command.argument, user_messages(message), generate)
