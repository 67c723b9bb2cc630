"""The story of a turn: one job leaves the queue as one reply."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import structlog
from msgspec.structs import replace as with_changes

from bridge.access import Access, Limit, Role, Standing, TurnQuota, until_midnight
from bridge.commands import file_button, has_long_blocks
from bridge.errors import GatewayError, GatewayUnreachable, Gone, StoreError
from bridge.events import Event
from bridge.inbound import ChatMoved
from bridge.inbox import CommandCall, Inbox, Notice, Question, Turn
from bridge.reply import Account, Draft, Footer, deliver
from bridge.store import Exchange, LastAnswer, Offer, Store, TurnContext, Version
from bridge.turn.accounting import activity, count, spent_on
from bridge.turn.answer_buttons import answer_buttons
from bridge.turn.asking import Asking
from bridge.turn.attachments import Attachments, Received
from bridge.turn.chain import Chain
from bridge.turn.compare import Comparison
from bridge.turn.footer import approval_note, end_reason, outcome_note, used_up
from bridge.turn.generation import Generation
from bridge.turn.load import Load
from bridge.turn.outage import OutageMonitor
from bridge.turn.plan import Plan, plan
from bridge.turn.replies import Replies, reply_target
from bridge.turn.thoughts import above
from bridge.types import Body, Button, Chat, ModelId
from bridge.words import Words

log = structlog.get_logger(__name__)

MAX_FAILURES = 3
"""A job whose attempts failed more often is set aside and its sender told."""
MAX_CRASHES = 10
"""The same for a job during which the process died: most often that is not the job's fault, so they may be more."""
FREE_CRASHES, MAX_CRASH_PAUSE_SECONDS = 3, 30.0
"""Crashes after which each further attempt waits first, twice as long each time: a job that kills every process
that takes it leaves the others some time to answer."""


@dataclass(slots=True)
class Attempt:
    """One answer in progress: what it is based on, and what makes it. An edit of the question replaces both."""

    plan: Plan
    context: TurnContext
    generation: Generation | Chain
    received: Received
    draft: Draft = field(default_factory=lambda: Draft.whole(""))
    note: str = ""
    """What stands under it, as far as it is the model's."""
    limit: str = ""
    """That the day's limit was reached by an edit."""


class Answerer:
    """Answers one turn at a time; any number of turns at once, each of another chat."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        access: Access,
        replies: Replies,
        load: Load,
        outages: OutageMonitor,
        attachments: Attachments,
        asking: Asking,
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._access = access
        self._replies = replies
        self._load = load
        self._outages = outages
        self._attachments = attachments
        self._asking = asking
        self._clearing: set[asyncio.Task[None]] = set()

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
            case Question(action="deleted"):
                await self._answer_question(turn, account, Standing(Role.MEMBER))
            case Question():
                standing = await self._access.judge(job.asked_by, job.chat, job.message.groups)
                if await self._may_go_on(turn, account, standing):
                    if _may_be_joined(turn) or turn.steps or (turn.edits and turn.reply().begun):
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
                await turn.rest(min(2.0 ** (turn.crashes - FREE_CRASHES), MAX_CRASH_PAUSE_SECONDS))
            return True
        return False

    async def _answer_question(self, turn: Turn, account: Account, standing: Standing) -> None:
        # It may be edited after its answer is complete, and before the turn has ended.
        while not await self._answer_as_it_reads(turn, account, standing):
            await turn.reread()

    async def _answer_as_it_reads(self, turn: Turn, account: Account, standing: Standing) -> bool:
        """Answer the question as it reads now; False where it reads otherwise once it has been answered."""
        question = _question(turn)
        message, words, began = question.message, self._replies.words(question.language), time.time()
        if not (question.action or message.text.strip() or message.quoted.strip()):
            problems = self._attachments.problems(message)
            if len(problems) >= len(message.attachments):
                admin = standing.role >= Role.ADMIN
                await self._replies.reply_unsupported(turn, account, message, problems, admin=admin)
                return True
        planned, context = await self._plan(turn, standing, words)
        if planned is None:
            return await turn.done()  # the answer that was meant is no longer the last one
        if planned.is_retraction:
            return await self._take_back(turn, account, planned)
        if question.models:
            return await self._compare(turn, account, standing, planned, context)
        quota = self._access.quota.of_turn(question.asked_by, question.chat, _limit(standing))
        is_first = turn.attempt == 1 and not turn.crashes and not turn.steps and planned.shows is None
        if is_first and (limit := await quota.reserve()):
            await self._replies.say(turn, account, used_up(limit, until_midnight(), words))
            return True
        asking = await self._asking.ask(turn, planned, account, standing, context)
        attempt = Attempt(planned, context, *asking)
        ending = await self._stream(turn, account, standing, attempt, quota)
        planned, draft, generation = attempt.plan, attempt.draft, attempt.generation
        if planned.is_retraction:
            return await self._take_back(turn, account, planned)
        if draft.withdrawn:
            if is_first:
                await quota.release()
            away, *others = generation.gateways_away(draft.error)
            for gateway in others:
                await self._outages.report_down(question.asked_by, gateway)
            await self._outages.postpone(turn, account.id, away)
            return True
        if draft.approval is not None and not draft.stopped:
            return await turn.park()  # pressing a button calls it back
        refs = tuple(turn.reply().refs)
        version = None
        exchange: Exchange | None = None
        if not draft.is_empty:
            pictures = await self._attachments.keep(question.chat, draft.files)
            model = str(generation.model)
            made = planned.exchange(generation.question, draft, pictures, end_reason(draft), model, generation.called)
            exchange = with_changes(made, refs=refs)
            version = Version(exchange, attempt.note, tuple(draft.sources))
        edited = planned.question.action == "edited"
        answer = with_changes(
            planned.last_answer(turn.key, turn.epoch, version), refs=refs, offers=(Offer(*ending),) if ending else ()
        )
        replaces = planned.replaces if exchange is not None or edited else ""
        spent = spent_on(question, draft, generation) if planned.shows is None else []
        if not await turn.done(
            exchange, replaces=replaces, answer=answer, seconds=standing.settings.keep_seconds, spent=spent
        ):
            return False
        self._clear(account, question.chat, [o for o in context.offers if not planned.takes_place_of(o.column)])
        if planned.shows is None:
            await generation.learn()
            await quota.spend(sum(each.tally.tokens for each in spent))
            count(turn, account, exchange, draft, generation, began)
            with suppress(StoreError):  # it is only for show
                await self._store.activity.note(activity(question, draft, generation, began))
        for gateway in generation.gateways_away(draft.error):
            await self._outages.report_down(question.asked_by, gateway)
        return True

    async def _compare(
        self, turn: Turn, account: Account, standing: Standing, planned: Plan, context: TurnContext
    ) -> bool:
        """Have several models answer at once; the limit of the day counts a turn for each."""
        question, words, began = planned.question, self._replies.words(planned.question.language), time.time()
        quota = self._access.quota.of_turn(question.asked_by, question.chat, _limit(standing))
        is_first = turn.attempt == 1 and not turn.crashes
        for _ in question.models if is_first else ():
            if limit := await quota.reserve():
                await self._replies.say(turn, account, used_up(limit, until_midnight(), words))
                return True

        def ask(model: ModelId) -> tuple[Generation, Received]:
            asking = replace(context, chosen=replace(context.chosen, model=model, voice=False, fallback=None))
            return self._asking.generation(turn, planned, account, standing, asking, tools=False)

        admin = standing.role >= Role.ADMIN
        models = [ModelId.parse(model) for model in question.models]
        comparison = Comparison(self._replies, self._load, planned, models, ask, words, admin=admin)
        await comparison.run(turn, account)
        exchange, answer = comparison.outcome(turn)
        spent = [each for c in comparison.columns for each in spent_on(question, c.draft, c.generation)]
        replaces = planned.replaces if exchange is not None else ""
        seconds = standing.settings.keep_seconds
        if not await turn.done(exchange, replaces=replaces, answer=answer, seconds=seconds, spent=spent):
            return False
        self._clear(account, question.chat, context.offers)
        for column in comparison.columns:
            await column.generation.learn()
            count(turn, account, exchange, column.draft, column.generation, began)
            with suppress(StoreError):
                await self._store.activity.note(activity(question, column.draft, column.generation, began))
        await quota.spend(sum(each.tally.tokens for each in spent))
        return True

    async def _plan(self, turn: Turn, standing: Standing, words: Words) -> tuple[Plan | None, TurnContext]:
        question = _question(turn)
        # A later attempt may be at a question of a conversation that is no longer the current one.
        is_first = turn.attempt == 1 and not turn.crashes
        context = await self._store.load_turn_context(
            question.chat,
            conversation=turn.epoch,
            remember=question.message if is_first and not question.action else None,
            keep=standing.settings.keep.seconds if standing.settings.keep else None,
        )
        planned = plan(question, turn.messages, context, words)
        if planned is not None and question.action and planned.asked:
            await self._store.preferences.set_last(question.chat, planned.message)
        return planned, context

    async def _take_back(self, turn: Turn, account: Account, planned: Plan) -> bool:
        """Delete the answer to what was deleted, where it stands and in the history."""
        record, chat = turn.reply(), planned.question.chat
        if not record.begun and planned.refs:
            await record.adopt(planned.refs)
        if record.begun:
            to = account.address(chat.place, turn.key)
            with suppress(Gone):
                await deliver(Draft.whole(""), to, record=record)
        nothing = LastAnswer(turn.key, (), epoch=turn.epoch) if planned.answer and planned.answer.key else None
        return await turn.done(replaces=planned.replaces, answer=nothing)

    def _clear(self, account: Account, chat: Chat, offers: Sequence[Offer]) -> None:
        """Take the buttons away from an answer that is no longer the last.

        It is one edit each, made once nobody waits for another; a press that comes before it finds out by its key.
        """
        for offer in offers:
            clearing = asyncio.create_task(_clear_one(account, chat, offer))
            self._clearing.add(clearing)
            clearing.add_done_callback(self._clearing.discard)

    async def _stream(
        self, turn: Turn, account: Account, standing: Standing, attempt: Attempt, quota: TurnQuota
    ) -> tuple[str, Body] | None:
        """Have the answer grow on the platform until it is whole, and again as often as its question is edited.

        Return the message with buttons, as `deliver` has it.
        """
        planned = attempt.plan
        chat, words = planned.question.chat, self._replies.words(planned.question.language)
        is_admin = standing.role >= Role.ADMIN

        def footer(draft: Draft) -> Footer:
            plan, message = attempt.plan, attempt.plan.message
            ways: Sequence[Button] = ()
            if draft.approval is not None and not draft.stopped:
                return account.footer(chat.place, *approval_note(draft.approval, words, admin=is_admin), words)
            if plan.shows is not None:
                note = plan.shows.note
            else:
                note, ways = outcome_note(
                    draft, attempt.generation, message, attempt.received, words, turn.key, admin=is_admin
                )
            attempt.note = note
            limits, offered = account.channel.limits(chat.place), attempt.context.chosen.buttons != "off"
            if offered and limits.files.get("file") and has_long_blocks(draft.text, limits.max_length):
                ways = [*ways, file_button(chat, turn.epoch, message.id, words)]
            note = "\n\n".join(filter(None, [note, attempt.limit]))
            level = attempt.context.chosen.buttons
            buttons = answer_buttons(draft, plan, turn.key, level, words, typed=not account.has_buttons(chat.place))
            return account.footer(chat.place, note, [*buttons, *ways], words)

        def aside(draft: Draft) -> str:
            return above(draft, attempt.context.chosen.reasoning, words)

        async def must_wait(error: GatewayError) -> bool:
            later = attempt.context.chosen.later
            return isinstance(error, GatewayUnreachable) and standing.settings.should_wait(later)

        async def admission() -> None:
            await slot.take(lambda: attempt.draft.say_meanwhile(words.waits_for_turn))

        async def ask_again() -> AsyncIterator[Event]:
            """Ask what the question has become."""
            planned, context = await self._plan(turn, standing, words)
            assert planned is not None
            made = await self._asking.ask(turn, planned, account, standing, context)
            attempt.plan, attempt.context, attempt.generation, attempt.received = planned, context, *made
            async for event in attempt.generation.events():
                yield event

        async def made_of(text: str) -> AsyncIterator[Event]:
            if attempt.plan.shows is None:
                async for event in attempt.generation.made_of(text):
                    yield event

        async def follow() -> None:
            """As long as there are no words, let the messages that go on with the question join it; and whenever it is
            edited, answer what it says now."""
            while not attempt.draft.complete:
                await turn.more()
                draft = attempt.draft
                try:
                    changed = await turn.reread()
                    if changed and (limit := await quota.reserve()):
                        attempt.limit = used_up(limit, until_midnight(), words)
                        draft.stop()
                        return
                    if _may_be_joined(turn) and not draft.has_begun:
                        changed = await turn.join(unless=lambda draft=draft: draft.has_begun) or changed  # type: ignore[misc]  # a default keeps its type here
                except StoreError as error:
                    log.info("the question was not looked at again", chat=str(chat), error=str(error))
                    continue
                if not changed or draft.complete:
                    continue
                if _question(turn).action == "deleted":
                    attempt.plan = replace(attempt.plan, question=_question(turn))
                    draft.withdraw()
                    return
                to.reply_to = reply_target(turn.job, delayed=turn.delayed)
                draft.restart(ask_again())

        reply_to = "" if planned.answer is not None else reply_target(planned.question, delayed=turn.delayed)
        to = account.address(chat.place, turn.key, reply_to)
        ack, record = planned.message.ack, turn.reply()
        if planned.refs and not record.begun:
            await record.adopt(planned.refs)
        elif ack and not record.begun:
            await record.posted(ack)
        waits = must_wait if planned.question.action in ("", "edited") else None
        stands = planned.stands
        files = await self._attachments.files(chat, stands.exchange.answer) if stands else []
        sources = stands.sources if stands else ()
        kept = {"before": planned.before, "instead": planned.instead}
        with self._load.slot() as slot:
            while True:
                attempt.draft = Draft(
                    planned.shown_events() if planned.shows else attempt.generation.events(),
                    made_of=made_of,
                    admission=admission,
                    withdraw_if=waits,
                    files=files,
                    sources=sources,
                    **kept,
                )
                following = asyncio.create_task(follow())
                try:
                    ending = await self._replies.grow(turn, account, attempt.draft, to, footer, aside=aside)
                except Gone:
                    if not planned.refs or turn.reply().drops:
                        attempt.draft.stopped = True  # nobody is there to read on
                        return None
                    await record.renounce()  # what it should take the place of was deleted
                    made = await self._asking.ask(turn, planned, account, standing, attempt.context)
                    attempt.generation, attempt.received = made
                else:
                    return ending
                finally:
                    following.cancel()
                    await asyncio.wait([following])

    async def _move(self, turn: Turn, moved: ChatMoved) -> None:
        """Take everything over to the chat's new id. It waited its turn, so no answer is under way in the old chat."""
        await self._access.move(moved.chat, moved.to)
        await self._inbox.move(moved.chat, moved.to)
        await turn.done()
        log.info("chat moved", old=str(moved.chat), new=str(moved.to))


async def _clear_one(account: Account, chat: Chat, offer: Offer) -> None:
    try:
        await account.show(chat.place, offer.ref, offer.body)
    except Exception as error:  # noqa: BLE001 - a library's own as well, where the channel is closing
        log.info("buttons not taken away", chat=str(chat), error=str(error))


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
