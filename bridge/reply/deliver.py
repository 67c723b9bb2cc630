"""Show a draft as one reply that grows on the platform.

Two tasks share one draft: a reader appends, a renderer shows the latest of it, one platform call at a time. There
is no queue: a text that has been overtaken is never sent. Every message's whole body is set each time, so a call
that was refused, lost or repeated needs no thought: the next one says it all again.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

import structlog

from bridge import metrics
from bridge.channel import Channel, Posted
from bridge.errors import ChannelError, Gone, Moved, RateLimited, Refused, TooLong, Unsure
from bridge.reply.draft import Aside, Draft
from bridge.reply.files import arrange
from bridge.reply.open_markup import close_open_markup
from bridge.reply.pace import Pace
from bridge.reply.pages import Page, Pages
from bridge.reply.record import Record, Unrecorded
from bridge.types import NO_TEXT_YET, Body, Button, Chat

log = structlog.get_logger(__name__)

TYPING_SECONDS = 4.0
"""Between two signs that an answer is on its way; Telegram shows one for five seconds, Discord for ten."""
FIRST_RETRY_SECONDS, MAX_RETRY_SECONDS = 0.5, 60.0
GIVE_UP_SECONDS = 3600.0
"""Seconds without a success after which a reply is given up."""
KEPT_WAIT_SECONDS = 3.0
"""A rate limit of at least this many seconds is kept for the next process: writing during one prolongs it."""
EDIT_SPREAD = 1.2
"""Where edits are counted, each waits this much longer than the one before."""
PLACEHOLDER = Body(NO_TEXT_YET)
"""Stands for a text that has not come: under what a model thinks, and in a post that is only made to get hold of one
whose arrival is unknown, which is replaced or deleted at once."""
UNKNOWN = "unknown"
"""The fingerprint of a message that shows nobody knows what."""


@dataclass(frozen=True, slots=True)
class Footer:
    """What follows a complete text: a note apart from it, and buttons."""

    note: str = ""
    buttons: Sequence[Button] = ()


@dataclass(slots=True)
class Address:
    """Where a reply goes; `key` names it to the platform, up to 20 ASCII characters."""

    channel: Channel
    pace: Pace
    chat: Chat
    key: str
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class MessageState:
    """What one message should look like, and whether it is final."""

    body: Body
    final: bool


@dataclass(slots=True)
class Message:
    """One message of the reply on the platform."""

    posted: Posted
    shown: MessageState | None = None
    """What it looks like, as far as is known."""
    fingerprint: str = ""
    """Of what it shows for good; empty where it can be edited to show anything."""
    edits: int = 0


async def deliver(
    draft: Draft,
    to: Address,
    *,
    record: Record | None = None,
    buttons_while_streaming: Sequence[Button] = (),
    footer: Callable[[Draft], Footer] = lambda _: Footer(),
    aside: Callable[[Draft], Aside] = lambda _: Aside(),
) -> tuple[str, Body] | None:
    """Show `draft` as it grows, with `buttons_while_streaming` under it, until all of it stands there with its footer.

    `aside` says what stands above the text, apart from it; where messages can be edited freely, also before any text.

    Returns the ref of the message with the footer's buttons and what it shows beside them; None where there are none,
    or they cannot be taken away again. The draft tells how it went; where it was withdrawn, nothing has been shown. A
    whole draft of no text takes back what stands there. Raises Gone when nobody is there
    to see it, another ChannelError when the platform refuses for good or for longer than `GIVE_UP_SECONDS`,
    StoreError when the record cannot be kept.
    """
    renderer = Renderer(draft, to, record or Unrecorded(), buttons_while_streaming, footer, aside)
    draft.start()
    typing = asyncio.create_task(renderer.type_until_words())
    try:
        await renderer.render()
        return renderer.message_with_buttons()
    finally:
        draft.close()
        typing.cancel()
        await asyncio.wait([typing])
        await draft.closed()


class Renderer:
    """Makes the platform look like the draft, one call at a time."""

    def __init__(
        self,
        draft: Draft,
        to: Address,
        record: Record,
        buttons_while_streaming: Sequence[Button],
        footer: Callable[[Draft], Footer],
        aside: Callable[[Draft], Aside],
    ) -> None:
        self._draft = draft
        self._to = to
        self._chat = to.chat
        self._record = record
        self._buttons_while_streaming = tuple(buttons_while_streaming)
        self._footer = footer
        self._aside = aside
        self._limits = to.channel.limits(to.chat)
        self._pages = Pages(self._limits)
        self._restarts = 0
        self._made: list[MessageState] = []
        self._states_of = -1
        """The revision of the draft that they show."""
        self._messages = [self._known(ref) for ref in record.refs]
        self._unsendable: set[str] = set()
        """Digests of files that the platform has refused."""
        self._unsure = record.begun > len(record.refs)
        """Whether the last post may have arrived unnoticed."""
        self._spoke = False
        self._began = asyncio.get_running_loop().time()
        self._grows = not draft.complete
        self._failures = 0
        self._failing_since = 0.0
        to.pace.hold(to.chat, self._limits, record.quiet_until - time.time())

    async def type_until_words(self) -> None:
        """Show that an answer is on its way until there are words to show."""
        while not (self._draft.text.strip() or self._draft.complete):
            with suppress(ChannelError):
                await self._to.channel.typing(self._chat)
            await asyncio.sleep(TYPING_SECONDS)

    async def render(self) -> None:
        """Bring the platform up to date until the draft is complete and all of it stands there."""
        while True:
            self._draft.check()
            if self._draft.withdrawn:
                return
            if self._stale() is not None:
                await self._render_one()
            elif self._draft.complete:
                return
            else:
                await self._draft.growth()

    def message_with_buttons(self) -> tuple[str, Body] | None:
        """Return the message that ends with buttons, and what it shows beside them."""
        if self._limits.edits == "none" or self._draft.withdrawn:
            return None
        for message, state in zip(self._messages, self._states(), strict=False):
            if state.body.buttons and not state.body.files:
                return message.posted.ref, Body(state.body.text, (), state.body.aside)
        return None

    async def _render_one(self) -> None:
        """Wait for a turn to write, then bring the first message that is out of date up to date."""
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
            self._spoke, self._failures = self._spoke or bool(self._draft.text.strip()) or self._draft.complete, 0
            await self._spread(number)
        except (Gone, Refused):
            raise
        except TooLong as error:
            self._shrink(number, error)
        except Moved as error:
            self._chat, self._messages = error.chat, []
        except RateLimited as error:
            metrics.RATE_LIMITS.add(self._to.channel.name)
            log.info("rate limited", chat=str(self._chat), retry_after=error.retry_after)
            if error.retry_after >= KEPT_WAIT_SECONDS:
                await self._record.keep_quiet(time.time() + error.retry_after)
        except ChannelError as error:
            await self._wait_after(error)
        finally:
            self._draft.at_end(None)

    # What every message should look like now

    def _states(self) -> list[MessageState]:
        """Made anew only where the draft has changed: they are asked for before and after each wait for a turn."""
        if self._states_of != self._draft.revision:
            self._states_of, self._made = self._draft.revision, self._make_states()
        return self._made

    def _make_states(self) -> list[MessageState]:
        draft = self._draft
        if self._restarts != draft.restarts:
            self._restarts = draft.restarts
            self._pages.restart()
        states = self._states_of_text(draft)
        aside = self._aside(draft)
        if aside.text:
            if not states and not draft.complete and self._limits.edits == "free":
                states = [MessageState(Body(PLACEHOLDER.text, self._buttons_while_streaming), False)]
            if states and not states[0].body.files:
                body = states[0].body
                states[0] = MessageState(Body(body.text, body.buttons, *aside), states[0].final)
        return states

    def _states_of_text(self, draft: Draft) -> list[MessageState]:
        albums: list[Body] = []
        text = draft.shown_text
        if not draft.complete and not text.strip():
            text = draft.meanwhile
        if draft.complete or draft.text.strip():  # before, the question may still have to wait unseen
            text = draft.preface + text
        if draft.complete and draft.files:
            albums, lines = arrange(draft.files, self._limits, self._unsendable)
            text += "".join(f"\n\n{line}" for line in lines)
        pages = self._pages.of(text)
        states = [MessageState(Body(page.text.rstrip()), True) for page in pages]
        if not draft.complete:
            if states and self._limits.edits == "none":
                states.pop()  # it may still grow
            elif states:
                states[-1] = MessageState(Body(self._unfinished(pages[-1]), self._buttons_while_streaming), False)
            return states
        return [*self._with_footer(states), *(MessageState(album, True) for album in albums)]

    def _with_footer(self, states: list[MessageState]) -> list[MessageState]:
        footer = self._footer(self._draft)
        if footer.note:
            joined = f"{states[-1].body.text}\n\n{footer.note}" if states else footer.note
            if states and self._limits.measure(joined) > self._limits.max_length:
                joined = footer.note
            else:
                states = states[:-1]
            states.append(MessageState(Body(joined), True))
        if states:
            states[-1] = MessageState(Body(states[-1].body.text, tuple(footer.buttons)), True)
        return states

    def _unfinished(self, page: Page) -> str:
        """The page that grows, without half a mark, where that fits."""
        text = page.text.rstrip()
        if page.closing:  # it ends in code, where marks mean nothing
            return text
        shown = (page.opening + close_open_markup(page.body)).rstrip()
        # Measuring may mean rendering, and most of the time there is nothing to change.
        if not shown or shown == text or self._limits.measure(shown) > self._limits.max_length:
            return text
        return shown

    def _stale(self) -> tuple[int, MessageState | None] | None:
        """The first message that does not look as it should, and how it should; no state where it should go."""
        if self._record.dropping and len(self._messages) == len(self._record.refs):
            return len(self._messages) - 1, None  # it may be gone, and an edit would find that nobody is there
        states = self._states()
        for number, state in enumerate(states):
            fingerprint = self._fingerprint(state)
            if number == len(self._messages):
                another = self._unsure and fingerprint and fingerprint != self._record.begun_as
                return self._lost_post() if another else (number, state)
            message = self._messages[number]
            if message.fingerprint != fingerprint:
                # It cannot be edited into what it should be: it goes, and with it what stands below it.
                return self._lost_post() if self._unsure else (len(self._messages) - 1, None)
            if not fingerprint and message.shown != state and (state.final or self._may_edit(message)):
                return number, state
        if not self._draft.complete:
            return None
        # An earlier attempt may have said more than this one did, and its last post may have gone unnoticed.
        if self._unsure:
            return self._lost_post()
        return (len(self._messages) - 1, None) if len(self._messages) > len(states) else None

    def _lost_post(self) -> tuple[int, MessageState]:
        """Posting once more is how to get hold of a post that may have arrived unnoticed."""
        return len(self._messages), MessageState(PLACEHOLDER, True)

    def _may_edit(self, message: Message) -> bool:
        return self._limits.edits == "free" or message.edits < self._limits.max_edits - 1

    def _fingerprint(self, state: MessageState) -> str:
        """A name for what a message shows that cannot be edited; empty for one that can."""
        body = state.body
        if not body.files and self._limits.edits != "none":
            return ""
        said = "\0".join([body.text, *(button.command for button in body.buttons), *(f.digest for f in body.files)])
        return sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:12]

    # Making it so

    async def _show(self, number: int, state: MessageState | None) -> None:
        self._record.ensure_ours()
        if state is None:
            if not self._record.dropping:
                await self._record.drop()
            await self._messages[number].posted.delete()
            metrics.WRITES.add(self._to.channel.name, "delete")
            await self._record.dropped()
            del self._messages[number]
        elif number == len(self._messages):
            await self._post(number, state)
        else:
            message = self._messages[number]
            await message.posted.edit(state.body, final=state.final)
            metrics.WRITES.add(self._to.channel.name, "edit")
            message.shown = state
            message.edits += 1

    async def _post(self, number: int, state: MessageState) -> None:
        anew = number < len(self._record.refs)
        fingerprint = self._fingerprint(state)
        retry = self._unsure
        if retry and fingerprint != self._record.begun_as:
            fingerprint = UNKNOWN  # a platform that recognises the key keeps the first post
        if not anew:
            await self._record.begin(fingerprint)
        try:
            posted = await self._to.channel.post(
                self._chat,
                state.body,
                key=self._key(number),
                reply_to="" if number else self._to.reply_to,
                final=state.final,
                retry=retry,
            )
        except Unsure:
            self._unsure = True
            raise
        metrics.WRITES.add(self._to.channel.name, "post")
        self._unsure = False
        # A platform that recognised the key kept the first post, with the words of then.
        self._messages.append(Message(posted, None if retry else state, fingerprint))
        ref = f"{posted.ref}\t{fingerprint}" if fingerprint else posted.ref
        if anew:
            await self._record.replaced(number, ref)
        else:
            await self._record.posted(ref)

    def _key(self, number: int) -> str:
        """The idempotency key of a post. Another message may have stood there, which the platform still knows."""
        drops = self._record.drops
        return f"{self._to.key}.{number}r{drops}" if drops else f"{self._to.key}.{number}"

    def _known(self, ref: str) -> Message:
        ref, _, fingerprint = ref.partition("\t")
        return Message(self._to.channel.posted(self._to.chat, ref), fingerprint=fingerprint)

    def _shrink(self, number: int, error: TooLong) -> None:
        """Make message `number` shorter, as the platform finds it too long; raise Refused where it cannot be."""
        states = self._states()
        self._states_of = -1  # they are made anew
        files = states[number].body.files if number < len(states) else ()
        if files:
            self._unsendable.update(file.digest for file in files)
        elif not self._pages.shrink(number):
            raise Refused("too long, however short") from error

    async def _spread(self, number: int) -> None:
        """Where edits are counted, spend them ever more slowly."""
        if self._limits.edits == "counted" and not self._draft.complete and number < len(self._messages):
            edits = self._messages[number].edits
            await asyncio.sleep(self._limits.edit_interval * (EDIT_SPREAD**edits - 1))

    async def _wait_after(self, error: ChannelError) -> None:
        metrics.failed(error)
        now = asyncio.get_running_loop().time()
        if self._failures == 0:
            self._failing_since = now
        elif now - self._failing_since > GIVE_UP_SECONDS:
            raise error
        delay = min(MAX_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2**self._failures)
        self._failures += 1
        log.warning("platform call failed", chat=str(self._chat), error=str(error), failures=self._failures)
        await asyncio.sleep(delay * random.uniform(0.75, 1.25))
