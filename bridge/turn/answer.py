"""The story of a turn: one job leaves the queue as one reply."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import structlog

from bridge import metrics
from bridge.access import Access, ChatSettings, Limit, Role, Standing, until_midnight
from bridge.commands import Commands
from bridge.errors import GatewayError, GatewayUnreachable, StoreError
from bridge.events import Event
from bridge.gateway import Gateway
from bridge.inbound import ChatMoved, parse_command
from bridge.inbox import CommandCall, Inbox, Notice, Question, Turn
from bridge.media import SpeechServer
from bridge.reply import Account, Draft, Footer
from bridge.settings import Settings
from bridge.store import Activity, Exchange, Failure, Store, TurnContext
from bridge.turn.attachments import Attachments, Received
from bridge.turn.chain import Chain
from bridge.turn.context import user_messages
from bridge.turn.footer import approval_note, end_reason, outcome_note, used_up
from bridge.turn.generation import Asked, Generation
from bridge.turn.load import Load
from bridge.turn.outage import OutageMonitor
from bridge.turn.replies import Replies, reply_target
from bridge.turn.thoughts import above
from bridge.turn.tools import TurnTools
from bridge.types import ChatMessage, ModelId, Text
from bridge.usage import Spent, Tally

log = structlog.get_logger(__name__)

MAX_FAILURES = 3
"""A job whose attempts failed more often is set aside and its sender told."""
MAX_CRASHES = 10
"""The same for a job during which the process died: most often that is not the job's fault, so they may be more."""
MAX_SHOWN = 64
"""Characters of a name or a title."""
FREE_CRASHES, MAX_CRASH_PAUSE_SECONDS = 3, 30.0
"""After so many crashes each further attempt waits first, twice as long each time: a job that kills every process
that takes it leaves the others some time to answer."""


class Answerer:
    """Answers one turn at a time; any number of turns at once, each of another chat."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        inbox: Inbox,
        gateway: Gateway,
        access: Access,
        commands: Commands,
        replies: Replies,
        load: Load,
        outages: OutageMonitor,
        attachments: Attachments,
        voice: SpeechServer | None,
        tools: TurnTools,
    ) -> None:
        """`voice` speaks answers, where there is one and a chat wants it."""
        self._settings = settings
        self._store = store
        self._inbox = inbox
        self._gateway = gateway
        self._access = access
        self._commands = commands
        self._replies = replies
        self._load = load
        self._outages = outages
        self._attachments = attachments
        self._voice = voice
        self._tools = tools

    async def answer(self, turn: Turn, account: Account) -> None:
        """Do the job that `turn` holds, and let it leave the queue; or suspend it, where it has to wait.

        Raises ChannelError when the platform refuses, StoreError when Redis is away or another process has the chat.
        """
        job = turn.job
        match job:
            case ChatMoved():
                await self._move(turn, job)
            case Notice():
                await self._replies.notify(turn, account, job)
            case CommandCall():
                standing = await self._access.judge(job.sender, job.chat, job.groups)
                if await self._may_go_on(turn, account, standing):
                    await self._replies.run_command(turn, account, standing, job)
            case Question():
                standing = await self._access.judge(job.asked_by, job.chat, job.message.groups)
                if await self._may_go_on(turn, account, standing):
                    if _may_be_joined(turn) or turn.steps:
                        await turn.join()
                    await self._answer_question(turn, account, standing)

    async def _may_go_on(self, turn: Turn, account: Account, standing: Standing) -> bool:
        """Whether the job is to be done; if not, it has left the queue."""
        if standing.role < Role.MEMBER:
            await turn.done()  # its sender was let in when it was sent, and is no longer
        elif turn.attempt > MAX_FAILURES or turn.crashes > MAX_CRASHES:
            await self._replies.give_up(turn, account, crashed=turn.attempt <= MAX_FAILURES)
        else:
            if turn.crashes > FREE_CRASHES:
                await asyncio.sleep(min(2.0 ** (turn.crashes - FREE_CRASHES), MAX_CRASH_PAUSE_SECONDS))
            return True
        return False

    async def _answer_question(self, turn: Turn, account: Account, standing: Standing) -> None:
        question = _question(turn)
        message, words, began = question.message, self._replies.words(question.language), time.time()
        if not (message.text.strip() or message.quoted.strip()):
            problems = self._attachments.problems(message)
            if len(problems) >= len(message.attachments):
                admin = standing.role >= Role.ADMIN
                await self._replies.reply_unsupported(turn, account, message, problems, admin=admin)
                return
        quota = self._access.quota.of_turn(question.asked_by, question.chat, _limit(standing))
        is_first = turn.attempt == 1 and not turn.crashes and not turn.steps
        if is_first and (limit := await quota.reserve()):
            await self._replies.say(turn, account, used_up(limit, until_midnight(), words))
            return
        context = await self._store.load_turn_context(question.chat, remember=message)
        asking = await self._chain(turn, question, standing.settings, context) or self._generation(
            turn, question, account, standing, context
        )
        draft, generation = await self._stream(turn, account, standing, asking, context)
        message = _question(turn).message
        if draft.withdrawn:
            if is_first:
                await quota.release()
            await self._outages.postpone(turn, account.id)
            return
        if draft.approval is not None and not draft.stopped:
            await turn.park()  # pressing a button calls it back
            return
        pictures = await self._attachments.keep(question.chat, draft.files)
        called = generation.called
        exchange = Exchange(
            message.id,
            tuple(generation.question),
            (*called, ChatMessage("assistant", (Text(draft.text), *pictures))),
            end_reason(draft),
            str(generation.model),
            time.time(),
        )
        spent = _spent(question, draft, generation)
        await turn.done(None if draft.is_empty else exchange, again=question.again, spent=spent)
        await generation.learn()
        await quota.spend(sum(each.tally.tokens for each in spent))
        if isinstance(draft.error, GatewayUnreachable):
            await self._outages.report_down(question.asked_by)
        _count(turn, account, exchange, draft, generation, began)
        with suppress(StoreError):  # it is only for show
            await self._store.activity.note(_activity(question, exchange, draft, generation, began))

    async def _stream(
        self,
        turn: Turn,
        account: Account,
        standing: Standing,
        asking: tuple[Generation | Chain, Received],
        context: TurnContext,
    ) -> tuple[Draft, Generation | Chain]:
        """Have the answer grow on the platform until it is whole; return it, and what asked for it in the end."""
        generation, received = asking
        question = _question(turn)
        place, words = question.chat.place, self._replies.words(question.language)
        is_admin = standing.role >= Role.ADMIN

        def footer(draft: Draft) -> Footer:
            message = _question(turn).message
            if draft.approval is not None and not draft.stopped:
                note, buttons = approval_note(draft.approval, words, admin=is_admin)
            else:
                note, buttons = outcome_note(draft, generation, message, received, words, admin=is_admin)
            return account.footer(place, note, buttons, words)

        def aside(draft: Draft) -> str:
            return above(draft, context.chosen.reasoning, words)

        async def must_wait(error: GatewayError) -> bool:
            return isinstance(error, GatewayUnreachable) and standing.settings.should_wait(context.chosen.later)

        async def admission() -> None:
            await slot.take(lambda: draft.say_meanwhile(words.waits_for_turn))

        async def ask_again() -> AsyncIterator[Event]:
            """Ask what the question has become."""
            nonlocal generation, received
            joined = _question(turn)
            context = await self._store.load_turn_context(joined.chat, remember=joined.message)
            generation, received = self._generation(turn, joined, account, standing, context)
            async for event in generation.events():
                yield event

        async def take_more() -> None:
            """As long as there are no words, let the messages that go on with the question join it."""
            while _may_be_joined(turn) and not draft.has_begun:
                await turn.more()
                try:
                    joined = await turn.join(unless=lambda: draft.has_begun)
                except StoreError as error:
                    log.info("nothing joined", chat=str(question.chat), error=str(error))
                    return
                if joined:
                    to.reply_to = reply_target(turn.job, delayed=turn.delayed)
                    draft.restart(ask_again())

        to = account.address(place, turn.key, reply_target(question, delayed=turn.delayed))
        with self._load.slot() as slot:
            draft = Draft(generation.events(), admission=admission, withdraw_if=must_wait)
            taking = asyncio.create_task(take_more())
            try:
                await self._replies.grow(turn, account, draft, to, footer, ack=question.message.ack, aside=aside)
            finally:
                taking.cancel()
                await asyncio.wait([taking])
        return draft, generation

    def _generation(
        self, turn: Turn, question: Question, account: Account, standing: Standing, context: TurnContext
    ) -> tuple[Generation, Received]:
        """Return what will ask the model, and what will have been received by then; nothing has been asked yet."""
        chosen, history, settings = context.chosen, context.history, standing.settings
        if question.again and history and history[-1].id == question.message.id:
            history = history[:-1]
        message, received = question.message, Received()

        async def ask() -> Asked:
            if message.attachments:
                await self._attachments.receive(message, account.channel, received, question.page_range)
            return Asked(user_messages(message, tuple(received.parts)), received.heard)

        generation = Generation(
            self._gateway,
            self._store.preferences,
            resolve_model=lambda: self._commands.picker.resolve(chosen.model, settings),
            system=chosen.system or settings.system or self._settings.system,
            history=history,
            ask=ask,
            load=lambda messages: self._attachments.load(question.chat, messages),
            seeing=lambda: self._commands.picker.seeing(settings),
            budget=self._settings.history_tokens,
            pause=self._load.pause,
            fetch_links=self._settings.picture_links,
            voice=self._voice if chosen.voice else None,
            tools=(lambda: self._tools.loop(turn, account, question, chosen.tools))
            if turn.steps or self._tools.are_on(chosen.tools, standing)
            else None,
        )
        return generation, received

    async def _chain(
        self, turn: Turn, question: Question, settings: ChatSettings, context: TurnContext
    ) -> tuple[Chain, Received] | None:
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

            async def resolve() -> ModelId | None:
                chosen = ModelId.parse(model) if model else context.chosen.model
                return await self._commands.picker.resolve(chosen, settings)

            return Generation(
                self._gateway,
                self._store.preferences,
                resolve_model=resolve,
                system=system,
                history=(),
                ask=ask,
                load=lambda messages: self._attachments.load(question.chat, messages),
                seeing=lambda: self._commands.picker.seeing(settings),
                budget=self._settings.history_tokens,
                pause=self._load.pause,
                fetch_links=self._settings.picture_links,
            )

        return Chain(turn, steps, command.argument, user_messages(message), generate), Received()

    async def _move(self, turn: Turn, moved: ChatMoved) -> None:
        """Take everything over to the chat's new id. It waited its turn, so no answer is under way in the old chat."""
        await self._access.move(moved.chat, moved.to)
        await self._inbox.move(moved.chat, moved.to)
        await turn.done()
        log.info("chat moved", old=str(moved.chat), new=str(moved.to))


def _question(turn: Turn) -> Question:
    """The question of `turn`, with all that has joined it."""
    assert isinstance(turn.job, Question)
    return turn.job


def _may_be_joined(turn: Turn) -> bool:
    """Whether further messages may join the turn's question: not where one of them may be at fault, and not where
    they have waited for the gateway, since they may be hours apart."""
    return turn.attempt == 1 and turn.crashes <= FREE_CRASHES and not turn.delayed


def _limit(standing: Standing) -> Limit | None:
    # Admins could lift it anyway.
    return standing.settings.limit if standing.role < Role.ADMIN else None


def _spent(question: Question, draft: Draft, generation: Generation | Chain) -> list[Spent]:
    """What the answer took. One without anything in it is no turn, and its last request is not charged by estimate."""
    *before, (model, usage) = generation.usages(draft.text)
    person, chat = question.asked_by, question.chat
    spent = [Spent(person, chat, m, Tally(0, each.prompt_tokens, each.completion_tokens)) for m, each in before]
    charged = draft.finished is not None or not draft.is_empty
    tally = Tally(int(not draft.is_empty), usage.prompt_tokens, usage.completion_tokens) if charged else Tally()
    error = type(draft.error).__name__ if draft.error is not None else ""
    return [*spent, Spent(person, chat, model, tally, error)]


def _activity(
    question: Question, exchange: Exchange, draft: Draft, generation: Generation | Chain, began: float
) -> Activity:
    """What the page shows of a turn."""
    return Activity(
        exchange.at,
        str(question.chat.place),
        question.chat.title[:MAX_SHOWN],
        str(question.asked_by),
        question.asked_by.name[:MAX_SHOWN],
        exchange.model,
        exchange.ended,
        round(max(0.0, exchange.at - began), 1),
        round(generation.first_text or 0.0, 2),
        Failure.of(draft.error) if draft.error is not None else None,
    )


def _count(
    turn: Turn, account: Account, exchange: Exchange, draft: Draft, generation: Generation | Chain, began: float
) -> None:
    """Write one line to the log and count a few numbers; no word of what was said."""
    question = _question(turn)
    if question.message.sent_at:
        metrics.QUEUE.observe(max(0.0, began - question.message.sent_at))
    metrics.TURNS.add(account.channel.name, exchange.ended)
    if draft.error is not None:
        metrics.failed(draft.error)
    log.info(
        "turn",
        chat=str(question.chat),
        model=exchange.model,
        ended=exchange.ended if draft.error is None else type(draft.error).__name__,
        characters=len(draft.text),
        first_text=generation.first_text,
        seconds=round(max(0.0, time.time() - began), 3),
        attempt=turn.attempt,
    )
