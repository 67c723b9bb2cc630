"""One answer growing on the platform until it is whole; anew, where its question is edited meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace

import structlog
from msgspec.structs import replace as with_changes

from bridge.access import Role, Standing, TurnQuota, until_midnight
from bridge.commands import file_button, has_long_blocks
from bridge.errors import GatewayError, GatewayUnreachable, Gone, StoreError
from bridge.events import Event
from bridge.inbox import Turn
from bridge.reply import Account, Aside, Draft, Footer
from bridge.store import Exchange, LastAnswer, Offer, TurnContext, Version
from bridge.tools import ways_to_decide
from bridge.turn.answer_buttons import answer_buttons
from bridge.turn.attachments import Attachments, Received
from bridge.turn.chain import Chain
from bridge.turn.footer import approval_note, end_reason, outcome_note, used_up
from bridge.turn.generation import Generation
from bridge.turn.load import Load
from bridge.turn.plan import Plan
from bridge.turn.replies import Replies, reply_target
from bridge.turn.thoughts import above
from bridge.types import Button

log = structlog.get_logger(__name__)

FREE_CRASHES = 3
"""A turn during which the process died more often than this is tried with more care."""


class Attempt:
    """One answer in progress: what it is based on, and what makes it. An edit of the question replaces both.

    `make_plan` reads the question as it is now, `ask` makes what asks the model. `generation` and what comes of it are
    there once the answer grows.
    """

    generation: Generation | Chain
    received: Received

    def __init__(
        self,
        turn: Turn,
        account: Account,
        standing: Standing,
        quota: TurnQuota,
        plan: Plan,
        context: TurnContext,
        replies: Replies,
        load: Load,
        attachments: Attachments,
        *,
        make_plan: Callable[[], Awaitable[tuple[Plan | None, TurnContext]]],
        ask: Callable[[Plan, TurnContext], Awaitable[tuple[Generation | Chain, Received]]],
    ) -> None:
        self.plan = plan
        self.context = context
        self.draft = Draft.whole("")
        self._turn = turn
        self._account = account
        self._standing = standing
        self._quota = quota
        self._replies = replies
        self._load = load
        self._attachments = attachments
        self._make_plan = make_plan
        self._ask = ask
        self._words = replies.words(plan.question.language)
        self._chat = plan.question.chat
        self._note = ""
        """What stands under it, as far as it is the model's."""
        self._limit = ""
        """That the day's limit was reached by an edit."""
        self._offers: tuple[Offer, ...] = ()

    async def grow(self) -> None:
        """Have the answer grow until it is whole, and again as often as its question is edited.

        Raises ChannelError, StoreError.
        """
        turn, plan, record, place = self._turn, self.plan, self._turn.reply(), self._chat.place
        self.generation, self.received = await self._ask(plan, self.context)
        if plan.refs and not record.begun:
            await record.adopt(plan.refs)
        elif plan.message.ack and not record.begun:
            await record.posted(plan.message.ack)
        reply_to = "" if plan.answer is not None else reply_target(plan.question, delayed=turn.delayed)
        self._to = self._account.address(place, turn.key, reply_to)
        with self._load.slot() as slot:

            async def admission() -> None:
                await slot.take(lambda: self.draft.say_meanwhile(self._words.waits_for_turn))

            while True:
                self.draft = await self._new_draft(admission)
                following = asyncio.create_task(self._follow())
                try:
                    ending = await self._replies.grow(
                        turn, self._account, self.draft, self._to, self._footer, aside=self._aside
                    )
                except Gone:
                    if not plan.refs or record.drops or self.plan.is_retraction:
                        self.draft.stopped = True  # nobody is there to read on
                        return
                    await record.renounce()  # what it should take the place of was deleted
                    self.generation, self.received = await self._ask(self.plan, self.context)
                else:
                    self._offers = (Offer(*ending),) if ending else ()
                    return
                finally:
                    following.cancel()
                    await asyncio.wait([following])

    async def outcome(self) -> tuple[Exchange | None, LastAnswer]:
        """Return what enters the history, None where nothing came, and what is kept of the answer."""
        plan, draft, generation, turn = self.plan, self.draft, self.generation, self._turn
        refs, exchange, version = tuple(turn.reply().refs), None, None
        if not draft.is_empty:
            pictures = await self._attachments.keep(self._chat, draft.files)
            model, ended = str(generation.model), end_reason(draft)
            made = plan.exchange(generation.question, draft, pictures, ended, model, generation.called)
            exchange = with_changes(made, refs=refs)
            version = Version(exchange, self._note, tuple(draft.sources))
        return exchange, with_changes(plan.last_answer(turn.key, turn.epoch, version), refs=refs, offers=self._offers)

    @property
    def asks_approval(self) -> bool:
        """Whether a call of a tool waits until somebody allows it."""
        return self.draft.approval is not None and not self.draft.stopped

    async def _new_draft(self, admission: Callable[[], Awaitable[None]]) -> Draft:
        plan, stands = self.plan, self.plan.stands
        return Draft(
            plan.shown_events() if plan.shows is not None else self.generation.events(),
            made_of=self._made_of,
            admission=admission,
            withdraw_if=self._must_wait if plan.question.action in ("", "edited") else None,
            files=await self._attachments.files(self._chat, stands.exchange.answer) if stands is not None else [],
            sources=stands.sources if stands is not None else (),
            before=plan.before,
            instead=plan.instead,
        )

    async def _made_of(self, text: str) -> AsyncIterator[Event]:
        """Yield what is made of the whole text of the answer, where it is a new one."""
        if self.plan.shows is None:
            async for event in self.generation.made_of(text):
                yield event

    def _footer(self, draft: Draft) -> Footer:
        account, words, plan, place = self._account, self._words, self.plan, self._chat.place
        is_admin = self._standing.role >= Role.ADMIN
        ways: Sequence[Button] = ()
        if draft.approval is not None and not draft.stopped:
            note, buttons = approval_note(draft.approval, words, admin=is_admin)
            if not account.has_buttons(place):  # the numbers hold until something else is said
                ways_later = "|".join(ways_to_decide("", admin=is_admin))
                later = words.tool_later.format(command=f"`/tool {ways_later} {draft.approval.id}`")
                note = f"{account.listed(place, note, buttons, words)} {later}"
            return Footer(note, account.fitting(place, buttons))
        if plan.shows is not None:
            self._note = plan.shows.note
        else:
            self._note, ways = outcome_note(
                draft, self.generation, plan.message, self.received, words, self._turn.key, admin=is_admin
            )
        limits, level = account.channel.limits(place), self.context.chosen.buttons
        if level != "off" and limits.files.get("file") and has_long_blocks(draft.text, limits.max_length):
            ways = [*ways, file_button(self._chat, self._turn.epoch, plan.message.id, words)]
        note = "\n\n".join(filter(None, [self._note, self._limit]))
        buttons = answer_buttons(draft, plan, self._turn.key, level, words, typed=not account.has_buttons(place))
        return account.footer(place, note, [*buttons, *ways], words)

    def _aside(self, draft: Draft) -> Aside:
        max_length = self._account.channel.limits(self._chat.place).max_length
        return above(draft, self.context.chosen.reasoning, self._words, max_length)

    async def _must_wait(self, error: GatewayError) -> bool:
        later = self.context.chosen.later
        return isinstance(error, GatewayUnreachable) and self._standing.settings.should_wait(later)

    async def _follow(self) -> None:
        """As long as there are no words, let the messages that go on with the question join it; and whenever it is
        edited, answer what it says now."""
        while not self.draft.complete:
            await self._turn.more()
            draft = self.draft
            try:
                is_changed = await self._read_changes(draft)
            except StoreError as error:
                log.info("the question was not looked at again", chat=str(self._chat), error=str(error))
                continue
            if self._limit:
                draft.stop()
                return
            if not is_changed or draft.complete:
                continue
            if self._turn.question.action == "deleted":
                self.plan = replace(self.plan, question=self._turn.question)
                draft.withdraw()
                return
            self._to.reply_to = reply_target(self._turn.job, delayed=self._turn.delayed)
            draft.restart(self._ask_again())

    async def _read_changes(self, draft: Draft) -> bool:
        """Read the question anew, with what joins it, and return whether it says something else.

        An edit costs a turn, as the question did; `_limit` says that there is none left.
        """
        turn = self._turn
        is_changed = await turn.reread()
        if is_changed and (limit := await self._quota.reserve()):
            self._limit = used_up(limit, until_midnight(), self._words)
        elif may_be_joined(turn) and not draft.has_begun:
            is_changed = await turn.join(unless=lambda: draft.has_begun) or is_changed
        return is_changed

    async def _ask_again(self) -> AsyncIterator[Event]:
        """Ask what the question has become."""
        plan, context = await self._make_plan()
        assert plan is not None
        made = await self._ask(plan, context)
        self.plan, self.context, self.generation, self.received = plan, context, *made
        async for event in self.generation.events():
            yield event


def may_be_joined(turn: Turn) -> bool:
    """Whether further messages may join the turn's question: not where one of them may be at fault, and not where
    they have waited for the gateway, since they may be hours apart."""
    return turn.attempt == 1 and turn.crashes <= FREE_CRASHES and not turn.delayed
