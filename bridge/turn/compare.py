"""One question put to several models, whose answers grow at once, each in a message of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from bridge.errors import Gone
from bridge.events import Event
from bridge.inbox import Turn
from bridge.reply import Account, Draft, Footer
from bridge.store import Exchange, LastAnswer, Offer, Version
from bridge.turn.attachments import Received
from bridge.turn.footer import end_reason, outcome_note
from bridge.turn.generation import Generation
from bridge.turn.load import Load
from bridge.turn.plan import Plan
from bridge.turn.replies import Replies, reply_target
from bridge.types import Button, ModelId
from bridge.words import Words

NAMES = ("a", "b")
"""The names of the replies in the turn's record."""


@dataclass(slots=True)
class Column:
    """One of the answers that are compared."""

    number: int
    """Counted from 0."""
    model: ModelId
    generation: Generation
    received: Received
    draft: Draft = field(default_factory=lambda: Draft.whole(""))
    note: str = ""
    seconds: float = 0.0
    offer: Offer | None = None

    @property
    def tokens(self) -> int:
        """Tokens of question and answer: as reported, or by estimate."""
        usages = [usage for _, usage in self.generation.usages(self.draft.text)]
        return sum(usage.prompt_tokens + usage.completion_tokens for usage in usages)


class Comparison:
    """Has the answers grow, and says what is kept of them.

    `ask` makes the generation of one model. The first of the answers is what the conversation remembers until a person
    goes on with another one.
    """

    def __init__(
        self,
        replies: Replies,
        load: Load,
        plan: Plan,
        models: Sequence[ModelId],
        ask: Callable[[ModelId], tuple[Generation, Received]],
        words: Words,
        *,
        admin: bool,
    ) -> None:
        self._replies = replies
        self._load = load
        self._plan = plan
        self._words = words
        self._admin = admin
        self.columns = [Column(number, model, *ask(model)) for number, model in enumerate(models)]

    async def run(self, turn: Turn, account: Account) -> None:
        """Have all of them grow until they are whole: at once, or one after another where nothing that was shown can
        be changed. Raises ChannelError, StoreError."""
        if not account.has_buttons(self._plan.question.chat.place):
            for column in self.columns:
                if not any(each.draft.stopped for each in self.columns):
                    await self._grow(turn, account, column)
            return
        growing = [asyncio.create_task(self._grow(turn, account, column)) for column in self.columns]
        try:
            await asyncio.gather(*growing)
        finally:
            for task in growing:
                task.cancel()
            await asyncio.wait(growing)

    async def _grow(self, turn: Turn, account: Account, column: Column) -> None:
        words, question, name = self._words, self._plan.question, NAMES[column.number]
        place, began = question.chat.place, time.monotonic()

        async def events() -> AsyncIterator[Event]:
            async for event in column.generation.events():
                yield event
                column.seconds = time.monotonic() - began

        def footer(draft: Draft) -> Footer:
            said, _ = outcome_note(
                draft, column.generation, question.message, column.received, words, turn.key, admin=self._admin
            )
            took = words.compare_took.format(seconds=f"{column.seconds:.1f}", tokens=f"{column.tokens:,}")
            column.note = "\n\n".join(filter(None, [said, took]))
            label = words.button_go_on_with
            if not account.has_buttons(place):  # the line stands by itself
                label = f"{label} ({column.model})"
            choice = Button(label, f"/answer {turn.key} {column.number + 1}")
            return account.footer(place, column.note, [] if draft.is_empty else [choice], words)

        to = account.address(place, turn.key + name, reply_target(question, delayed=turn.delayed))
        with self._load.slot() as slot:

            async def admission() -> None:
                await slot.take(lambda: column.draft.say_meanwhile(words.waits_for_turn))

            column.draft = Draft(events(), made_of=column.generation.made_of, admission=admission)
            column.draft.preface = f"**{str(column.model).replace('*', '')}**\n\n"
            try:
                ending = await self._replies.grow(turn, account, column.draft, to, footer, name=name)
            except Gone:
                column.draft.stopped = True  # nobody is there to read on
                return
        if ending is not None:
            column.offer = Offer(*ending, column.number)

    def outcome(self, turn: Turn) -> tuple[Exchange | None, LastAnswer]:
        """Return what enters the history, and what is kept of the answers; the number of each is that of its column."""
        versions, refs = [], []
        for column in self.columns:
            stands = tuple(turn.reply(NAMES[column.number]).refs)
            ended, model = end_reason(column.draft), str(column.model)
            made = self._plan.exchange(column.generation.question, column.draft, (), ended, model)
            versions.append(Version(replace(made, refs=stands), column.note, tuple(column.draft.sources)))
            refs.append(stands)
        said = [column.number for column in self.columns if not column.draft.is_empty]
        first = said[0] if said else 0
        answer = LastAnswer(
            turn.key,
            self._plan.asked,
            refs[first],
            tuple(versions) if said else (),
            first,
            tuple(column.offer for column in self.columns if column.offer is not None),
            turn.epoch,
            tuple(refs),
            self._plan.overheard,
            self._plan.until,
        )
        return versions[first].exchange if said else None, answer
