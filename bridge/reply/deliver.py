"""Show a stream of deltas as one reply that grows on the platform.

Two tasks share one draft: a reader appends, a renderer shows the latest of it, one platform call at a time. There
is no queue: a text that has been overtaken is never sent. Every page's whole text is set each time, so a call
that was refused, lost or repeated needs no thought: the next one says it all again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from bridge import metrics
from bridge.channel import Channel, Posted
from bridge.errors import ChannelError, Gone, Moved, RateLimited, Refused, TooLong, Unsure
from bridge.reply.draft import Draft
from bridge.reply.pace import Pace
from bridge.reply.pages import Page, Pages
from bridge.reply.record import Record, Unrecorded
from bridge.reply.unfinished import settled
from bridge.types import Button, Chat

log = structlog.get_logger(__name__)

TYPING_EVERY = 4.0
"""Seconds; Telegram shows it for five, Discord for ten."""
FIRST_RETRY, LONGEST_RETRY = 0.5, 60.0
PATIENCE = 3600.0
"""Seconds without a success after which a reply is given up."""
EDITS_SPREAD = 1.2
"""Where edits are counted, each waits this much longer than the one before."""


@dataclass(frozen=True, slots=True)
class Footer:
    """What follows a complete text: a remark apart from it, and buttons."""

    note: str = ""
    buttons: Sequence[Button] = ()


@dataclass(frozen=True, slots=True)
class Address:
    """Where a reply goes; `key` names it to the platform, up to 20 ASCII characters."""

    channel: Channel
    pace: Pace
    chat: Chat
    key: str
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class MessageState:
    """How one message should state."""

    text: str
    final: bool
    buttons: tuple[Button, ...] = ()


async def deliver(
    draft: Draft,
    to: Address,
    *,
    record: Record | None = None,
    buttons_while_streaming: Sequence[Button] = (),
    footer: Callable[[Draft], Footer] = lambda _: Footer(),
) -> None:
    """Show `draft` as it grows, with `buttons_while_streaming` under it, until all of it stands there with its footer.

    The draft then tells how it went. Raises Gone when nobody is there to see it, another ChannelError when the
    platform refuses for good or for longer than `PATIENCE`, StoreError when the record cannot be kept.
    """
    renderer = Renderer(draft, to, record or Unrecorded(), buttons_while_streaming, footer)
    draft.start()
    typing = asyncio.create_task(renderer.type_until_words())
    try:
        await renderer.render()
    finally:
        draft.close()
        typing.cancel()
        await asyncio.wait([typing])
        await draft.closed()


class Renderer:
    """Makes the platform state like the draft, one call at a time."""

    def __init__(
        self,
        draft: Draft,
        to: Address,
        record: Record,
        buttons_while_streaming: Sequence[Button],
        footer: Callable[[Draft], Footer],
    ) -> None:
        self._draft = draft
        self._to = to
        self._chat = to.chat
        self._record = record
        self._buttons_while_streaming = tuple(buttons_while_streaming)
        self._footer = footer
        self._limits = to.channel.limits(to.chat)
        self._pages = Pages(self._limits)
        self._posted: list[Posted] = [to.channel.posted(to.chat, ref) for ref in record.refs]
        self._shown: list[MessageState | None] = [None] * len(self._posted)
        self._edits: dict[int, int] = {}
        self._unsure = record.begun > len(record.refs)
        self._spoke = False
        self._began = asyncio.get_running_loop().time()
        self._grows = not draft.complete
        self._failures = 0
        self._failing_since = 0.0

    async def type_until_words(self) -> None:
        while not (self._draft.text.strip() or self._draft.complete):
            with suppress(ChannelError):
                await self._to.channel.typing(self._chat)
            await asyncio.sleep(TYPING_EVERY)

    async def render(self) -> None:
        while True:
            self._draft.check()
            if self._stale() is not None:
                await self._render_one()
            elif self._draft.complete:
                return
            else:
                await self._draft.growth()

    async def _render_one(self) -> None:
        """Wait for a turn, then bring the first message that is out of date up to date."""
        # First and last words are what people wait for; what lies between can wait for others.
        turn = self._to.pace.turn(self._chat, self._limits, urgent=not self._spoke or self._draft.complete)
        self._draft.at_end(turn.hurry)
        number = 0
        try:
            async with turn:
                if (stale := self._stale()) is None:
                    return
                number, state = stale
                await self._show(number, state)
            if self._grows and not self._spoke and self._draft.text.strip():
                metrics.FIRST_TEXT.observe(asyncio.get_running_loop().time() - self._began)
            self._spoke, self._failures = True, 0
            await self._spread(number)
        except (Gone, Refused):
            raise
        except TooLong as error:
            if not self._pages.shrink(number):
                raise Refused("too long, however short") from error
        except Moved as error:
            self._chat, self._posted, self._shown = error.chat, [], []
        except RateLimited as error:
            metrics.RATE_LIMITS.add(self._to.channel.name)
            log.info("rate limited", chat=str(self._chat), retry_after=error.retry_after)
        except ChannelError as error:
            await self._wait_after(error)
        finally:
            self._draft.at_end(None)

    def _states(self) -> list[MessageState]:
        """How every message should state now."""
        pages = self._pages.of(self._draft.text)
        states = [MessageState(page.text.rstrip(), final=True) for page in pages]
        if not self._draft.complete:
            if states:
                states[-1] = MessageState(self._unfinished(pages[-1]), False, self._buttons_while_streaming)
            return states
        footer = self._footer(self._draft)
        if footer.note:
            joined = f"{states[-1].text}\n\n{footer.note}" if states else footer.note
            if states and self._limits.measure(joined) > self._limits.max_length:
                joined = footer.note
            else:
                states = states[:-1]
            states.append(MessageState(joined, final=True))
        if states:
            states[-1] = MessageState(states[-1].text, True, tuple(footer.buttons))
        return states

    def _unfinished(self, page: Page) -> str:
        """The page that grows, without half a mark, where that fits."""
        text = page.text.rstrip()
        if page.closing:  # it ends in code, where marks mean nothing
            return text
        shown = (page.opening + settled(page.body)).rstrip()
        # Measuring may mean rendering, and most of the time there is nothing to mend.
        if not shown or shown == text or self._limits.measure(shown) > self._limits.max_length:
            return text
        return shown

    def _stale(self) -> tuple[int, MessageState | None] | None:
        """The first message that does not state as it should, and how it should; no state where it should go."""
        states = self._states()
        for number, state in enumerate(states):
            if number == len(self._posted) or (self._shown[number] != state and self._may_edit(number, state)):
                return number, state
        if not self._draft.complete:
            return None
        # An earlier attempt may have said more than this one did, and its last post may have gone unnoticed:
        # posting that once more is how to get hold of it.
        if self._unsure:
            return len(self._posted), MessageState("…", final=True)
        return (len(self._posted) - 1, None) if len(self._posted) > len(states) else None

    def _may_edit(self, number: int, state: MessageState) -> bool:
        limit = self._limits.max_edits
        return state.final or limit is None or self._edits.get(number, 0) < limit - 1

    async def _show(self, number: int, state: MessageState | None) -> None:
        if state is None:
            await self._posted[number].delete()
            metrics.WRITES.add(self._to.channel.name, "delete")
            await self._record.dropped()
            del self._posted[number], self._shown[number]
        elif number == len(self._posted):
            await self._post(number, state)
        else:
            await self._posted[number].edit(state.text, final=state.final, buttons=state.buttons)
            metrics.WRITES.add(self._to.channel.name, "edit")
            self._shown[number] = state
            self._edits[number] = self._edits.get(number, 0) + 1

    async def _post(self, number: int, state: MessageState) -> None:
        anew = number < len(self._record.refs)
        again = self._unsure
        if not anew:
            await self._record.begin()
        try:
            posted = await self._to.channel.post(
                self._chat,
                state.text,
                key=f"{self._to.key}.{number}",
                again=again,
                reply_to="" if number else self._to.reply_to,
                final=state.final,
                buttons=state.buttons,
            )
        except Unsure:
            self._unsure = True
            raise
        metrics.WRITES.add(self._to.channel.name, "post")
        self._unsure = False
        self._posted.append(posted)
        # A platform that recognised the key kept the first post, with the words of then.
        self._shown.append(None if again else state)
        if anew:
            await self._record.replaced(number, posted.ref)
        else:
            await self._record.posted(posted.ref)

    async def _spread(self, number: int) -> None:
        """Where edits are counted, spend them ever more slowly."""
        if self._limits.max_edits is not None and not self._draft.complete:
            edits = self._edits.get(number, 0)
            await asyncio.sleep(self._limits.edit_interval * (EDITS_SPREAD**edits - 1))

    async def _wait_after(self, error: ChannelError) -> None:
        metrics.failed(error)
        now = asyncio.get_running_loop().time()
        if self._failures == 0:
            self._failing_since = now
        elif now - self._failing_since > PATIENCE:
            raise error
        delay = min(LONGEST_RETRY, FIRST_RETRY * 2**self._failures)
        self._failures += 1
        log.warning("platform call failed", chat=str(self._chat), error=str(error), failures=self._failures)
        await asyncio.sleep(delay * random.uniform(0.75, 1.25))
