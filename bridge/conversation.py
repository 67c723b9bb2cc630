"""Answer one message. Everything that is said to us passes here, once, and leaves as one reply."""

from __future__ import annotations

import time

import structlog

from bridge import metrics
from bridge.access import Access, ChatSettings, Role, Standing
from bridge.access.limits import until_midnight
from bridge.away import Watch
from bridge.charge import Charge
from bridge.commands import Commands, parse
from bridge.errors import GatewayUnreachable, Gone
from bridge.gateway import Gateway
from bridge.outlet import Outlet
from bridge.prompt import Postponed, Speech, asked
from bridge.remarks import ended, notice, remark, used_up
from bridge.replies import Replies, hang
from bridge.reply import Draft, Ending, deliver
from bridge.running import Running
from bridge.settings import Settings
from bridge.store import Exchange, Store, Turn
from bridge.types import Chat, Choice, IncomingMessage

log = structlog.get_logger(__name__)

ATTEMPTS = 3
"""After so many attempts that came to nothing, a message is set aside and its sender told."""


class Conversation:
    def __init__(
        self,
        settings: Settings,
        store: Store,
        gateway: Gateway,
        access: Access,
        commands: Commands,
        replies: Replies,
        running: Running,
        watch: Watch,
    ) -> None:
        self._settings = settings
        self._store = store
        self._gateway = gateway
        self._access = access
        self._commands = commands
        self._replies = replies
        self._running = running
        self._watch = watch

    async def answer(self, turn: Turn, outlet: Outlet) -> None:
        """Answer the message that `turn` holds, and let it leave the queue.

        Raises ChannelError when the platform refuses, StoreError when Redis is away or another has the chat,
        Postponed where it stays in the queue until the gateway is back.
        """
        message, replies = turn.message, self._replies
        standing = await self._access.judge(message)
        if message.moved_to is not None:
            await self._move(turn, message.moved_to)
        elif message.notice:
            await replies.say(turn, outlet, notice(message, replies.words(message)))
        elif standing.role < Role.MEMBER:
            await turn.done()  # was let in when it was sent, and is no longer
        elif turn.attempt > ATTEMPTS:
            await replies.give_up(turn, outlet)
        elif command := parse(message.text):
            await replies.obey(turn, outlet, standing, command)
        elif message.text.strip() or message.quoted.strip():
            await self._converse(turn, outlet, standing)
        else:
            await replies.wordless(turn, outlet)

    async def _converse(self, turn: Turn, outlet: Outlet, standing: Standing) -> None:
        """History and message go to the model; what it says grows on the screen, then both enter the history."""
        message, chat, words, began = turn.message, turn.message.chat, self._replies.words(turn.message), time.time()
        charge = Charge(self._access, message, standing)
        if turn.attempt == 1 and (limit := await charge.refused()):
            await self._replies.say(turn, outlet, used_up(limit, until_midnight(), words))
            return
        await self._store.choices.set_last(chat, message)
        speech = await self._speech(message, standing.settings)

        def ending(draft: Draft) -> Ending:
            note, choices = remark(draft, speech, message, words, admin=standing.role >= Role.ADMIN)
            return outlet.ending(chat.place, note, choices, words)

        draft = Draft(speech.deltas(), pause=self._running.pause)
        stop = outlet.buttons(chat.place, [Choice(words.button_stop, "/stop")])
        to = outlet.address(chat.place, turn.key, hang(message, late=turn.late))
        if message.ack and not turn.begun:
            await turn.posted(message.ack)  # it stands there, and the answer takes its place
        with self._running.watch(chat, draft):
            try:
                await deliver(draft, to, record=turn, growing=stop, ending=ending)
            except Gone:
                draft.stopped = True  # nobody is there to read on
            except Postponed:
                await self._watch.postpone(turn, outlet.account)
                if turn.attempt == 1:
                    await charge.give_back()
                raise
        exchange = Exchange(
            message.question, asked(message), draft.text, ended(draft, speech), str(speech.model), time.time()
        )
        await turn.done(exchange if draft.text.strip() else None, again=bool(message.again))
        await speech.learn()
        await charge.tokens(speech.tokens(draft.text))
        if isinstance(draft.error, GatewayUnreachable):
            await self._watch.met(message)
        _count(turn, outlet, exchange, draft, speech, began)

    async def _speech(self, message: IncomingMessage, settings: ChatSettings) -> Speech:
        """What the model is asked, still to be asked."""
        chat, choices = message.chat, self._store.choices
        history = await self._store.history.read(chat)
        if message.again and history and history[-1].id == message.question:
            history = history[:-1]

        async def waits() -> bool:
            return settings.waits(await choices.later(chat))

        return Speech(
            self._gateway,
            choices,
            pick=lambda: self._commands.picker.current(chat),
            waits=waits,
            system=await choices.system(chat) or settings.system or self._settings.system,
            history=history,
            question=asked(message),
            budget=self._settings.history_tokens,
        )

    async def _move(self, turn: Turn, new: Chat) -> None:
        """It waited its turn in the old chat's queue, so that no answer is under way there now."""
        old = turn.message.chat
        await self._access.move(old, new)
        await self._store.move(old, new)
        await turn.done()
        log.info("chat moved", old=str(old), new=str(new))


def _count(turn: Turn, outlet: Outlet, exchange: Exchange, draft: Draft, speech: Speech, began: float) -> None:
    """One line in the log and a few numbers; no word of what was said."""
    if turn.message.sent_at:
        metrics.QUEUE.observe(max(0.0, began - turn.message.sent_at))
    metrics.TURNS.add(outlet.channel.name, exchange.ended)
    if draft.error is not None:
        metrics.failed(draft.error)
    log.info(
        "turn",
        chat=str(turn.message.chat),
        model=exchange.model,
        ended=exchange.ended if draft.error is None else type(draft.error).__name__,
        characters=len(draft.text),
        first_text=speech.first_token,
        seconds=round(max(0.0, time.time() - began), 3),
        attempt=turn.attempt,
    )
