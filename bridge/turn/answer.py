"""The story of a turn: one job leaves the queue as one reply. `Answerer._answer_as_it_reads` tells it of a question."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import structlog

from bridge.access import Access, Limit, Role, Standing, TurnQuota, until_midnight
from bridge.errors import Gone, StoreError
from bridge.inbound import ChatMoved
from bridge.inbox import CommandCall, Inbox, Notice, Question, Turn
from bridge.reply import Account, Draft, deliver
from bridge.store import Exchange, LastAnswer, Offer, Store, TurnContext
from bridge.turn.accounting import activity, count, spent_on
from bridge.turn.asking import Asking
from bridge.turn.attachments import Attachments, Received
from bridge.turn.attempt import FREE_CRASHES, Attempt, may_be_joined
from bridge.turn.chain import Chain
from bridge.turn.compare import Comparison
from bridge.turn.footer import used_up
from bridge.turn.generation import Generation
from bridge.turn.load import Load
from bridge.turn.outage import OutageMonitor
from bridge.turn.plan import Plan, plan_of
from bridge.turn.replies import Replies
from bridge.types import Chat, ModelId
from bridge.words import Words

log = structlog.get_logger(__name__)

MAX_FAILURES = 3
"""A job whose attempts failed more often is set aside and its sender told."""
MAX_CRASHES = 10
"""The same for a job during which the process died: most often that is not the job's fault, so they may be more."""
MAX_CRASH_PAUSE_SECONDS = 30.0
"""The longest pause before an attempt. After `FREE_CRASHES` each further attempt waits first, twice as long each time:
a job that kills every process that takes it leaves the others some time to answer."""


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
                if await self._admit(turn, account, standing):
                    await self._replies.run_command(turn, account, standing, job)
            case Question(action="deleted"):
                await self._answer_question(turn, account, Standing(Role.MEMBER))
            case Question():
                standing = await self._access.judge(job.asked_by, job.chat, job.message.groups)
                if await self._admit(turn, account, standing):
                    if may_be_joined(turn) or turn.steps or (turn.edits and turn.reply().begun):
                        await turn.join()
                    await self._answer_question(turn, account, standing)

    async def _admit(self, turn: Turn, account: Account, standing: Standing) -> bool:
        """Return whether the job is to be done; one that is not leaves the queue. After crashes, wait first."""
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
        began = time.time()
        if await self._reply_if_unsupported(turn, account, standing):
            return True
        plan, context = await self._plan(turn, standing)
        if plan is None:
            return await turn.done()  # the answer that was meant is no longer the last one
        if plan.is_retraction:
            return await self._take_back(turn, account, plan)
        quota = self._access.quota.of_turn(plan.question.asked_by, plan.question.chat, _limit(standing))
        is_first = turn.attempt == 1 and not turn.crashes and not turn.steps and plan.shows is None
        if is_first and (limit := await _reserve(quota, plan)):
            await self._replies.say(turn, account, used_up(limit, until_midnight(), self._words(turn)))
            return True
        if plan.question.models:
            return await self._compare(turn, account, standing, plan, context, quota)

        attempt = self._attempt(turn, account, standing, plan, context, quota)
        await attempt.grow()
        plan, draft, generation = attempt.plan, attempt.draft, attempt.generation
        if plan.is_retraction:
            return await self._take_back(turn, account, plan)
        if draft.withdrawn:
            if is_first:
                await quota.release()
            await self._postpone(turn, account, generation.gateways_away(draft.error))
            return True
        if attempt.asks_approval:
            return await turn.park()  # pressing a button calls it back

        exchange, answer = await attempt.outcome()
        replaces = plan.replaces if exchange is not None or plan.question.action == "edited" else ""
        keep = standing.settings.keep_seconds
        spent = spent_on(plan.question, draft, generation) if plan.shows is None else []
        if not await turn.done(exchange, replaces=replaces, answer=answer, seconds=keep, spent=spent):
            return False
        self._clear(account, plan.question.chat, [o for o in context.offers if not plan.takes_place_of(o.column)])
        if plan.shows is None:
            await self._count(turn, account, exchange, draft, generation, began)
            await quota.spend(sum(each.tally.tokens for each in spent))
        for gateway in generation.gateways_away(draft.error):
            await self._outages.report_down(plan.question.asked_by, gateway)
        return True

    async def _reply_if_unsupported(self, turn: Turn, account: Account, standing: Standing) -> bool:
        """Tell the sender where there is nothing in the message that a model could read; return whether that was so."""
        question, message = turn.question, turn.question.message
        if question.action or message.text.strip() or message.quoted.strip():
            return False
        problems = self._attachments.problems(message)
        if len(problems) < len(message.attachments):
            return False
        is_admin = standing.role >= Role.ADMIN
        await self._replies.reply_unsupported(turn, account, message, problems, admin=is_admin)
        return True

    def _attempt(
        self, turn: Turn, account: Account, standing: Standing, plan: Plan, context: TurnContext, quota: TurnQuota
    ) -> Attempt:
        return Attempt(
            turn,
            account,
            standing,
            quota,
            plan,
            context,
            self._replies,
            self._load,
            self._attachments,
            make_plan=lambda: self._plan(turn, standing),
            ask=lambda plan, context: self._asking.ask(turn, plan, account, standing, context),
        )

    async def _postpone(self, turn: Turn, account: Account, gateways: Sequence[str]) -> None:
        """Have the question wait for the first of the gateways that are away, and look for all of them."""
        away, *others = gateways
        for gateway in others:
            await self._outages.report_down(turn.question.asked_by, gateway)
        await self._outages.postpone(turn, account.id, away)

    async def _count(
        self,
        turn: Turn,
        account: Account,
        exchange: Exchange | None,
        draft: Draft,
        generation: Generation | Chain,
        began: float,
    ) -> None:
        """Keep what was learned of the model, and count what the answer took."""
        await generation.learn()
        count(turn, account, exchange, draft, generation, began)
        with suppress(StoreError):  # it is only for show
            await self._store.activity.note(activity(turn.question, draft, generation, began))

    async def _compare(
        self, turn: Turn, account: Account, standing: Standing, plan: Plan, context: TurnContext, quota: TurnQuota
    ) -> bool:
        """Have several models answer at once; False where the question reads otherwise by then."""
        question, began = plan.question, time.time()

        def ask(model: ModelId) -> tuple[Generation, Received]:
            asking = replace(context, chosen=replace(context.chosen, model=model, voice=False, fallback=None))
            return self._asking.generation(turn, plan, account, standing, asking, tools=False)

        admin = standing.role >= Role.ADMIN
        models = [ModelId.parse(model) for model in question.models]
        comparison = Comparison(self._replies, self._load, plan, models, ask, self._words(turn), admin=admin)
        await comparison.run(turn, account)
        exchange, answer = comparison.outcome(turn)
        keep = standing.settings.keep_seconds
        spent = [each for c in comparison.columns for each in spent_on(question, c.draft, c.generation)]
        replaces = plan.replaces if exchange is not None else ""
        if not await turn.done(exchange, replaces=replaces, answer=answer, seconds=keep, spent=spent):
            return False
        self._clear(account, question.chat, context.offers)
        for column in comparison.columns:
            await self._count(turn, account, exchange, column.draft, column.generation, began)
        await quota.spend(sum(each.tally.tokens for each in spent))
        return True

    async def _plan(self, turn: Turn, standing: Standing) -> tuple[Plan | None, TurnContext]:
        """Return what is to be made of the question as it reads now, and what is known of its chat."""
        question = turn.question
        # A later attempt may be at a question of a conversation that is no longer the current one.
        is_first = turn.attempt == 1 and not turn.crashes
        context = await self._store.load_turn_context(
            question.chat,
            conversation=turn.epoch,
            remember=question.message if is_first and not question.action else None,
            keep=standing.settings.keep.seconds if standing.settings.keep else None,
        )
        plan = plan_of(question, turn.messages, context, self._words(turn))
        if plan is not None and question.action and plan.asked:
            await self._store.preferences.set_last(question.chat, plan.message)
        return plan, context

    def _words(self, turn: Turn) -> Words:
        return self._replies.words(turn.question.language)

    async def _take_back(self, turn: Turn, account: Account, plan: Plan) -> bool:
        """Delete the answer to what was deleted, where it stands and in the history."""
        record, chat = turn.reply(), plan.question.chat
        if not record.begun and plan.refs:
            await record.adopt(plan.refs)
        if record.begun:
            to = account.address(chat.place, turn.key)
            with suppress(Gone):
                await deliver(Draft.whole(""), to, record=record)
        nothing = LastAnswer(turn.key, (), epoch=turn.epoch) if plan.answer and plan.answer.key else None
        return await turn.done(replaces=plan.replaces, answer=nothing)

    def _clear(self, account: Account, chat: Chat, offers: Sequence[Offer]) -> None:
        """Take the buttons away from an answer that is no longer the last.

        It is one edit each, made once nobody waits for another; a press that comes before it finds out by its key.
        """
        for offer in offers:
            clearing = asyncio.create_task(_clear_one(account, chat, offer))
            self._clearing.add(clearing)
            clearing.add_done_callback(self._clearing.discard)

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


def _limit(standing: Standing) -> Limit | None:
    # Admins could lift it anyway.
    return standing.settings.limit if standing.role < Role.ADMIN else None


async def _reserve(quota: TurnQuota, plan: Plan) -> Limit | None:
    """Take a turn of the day's for the answer, or one for each model; return the limit that is reached, if one is."""
    for _ in plan.question.models or (None,):
        if limit := await quota.reserve():
            return limit
    return None
