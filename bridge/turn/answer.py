"""Answer one message. Everything that is said to us passes here, once, and leaves as one reply."""

from __future__ import annotations

import time

import structlog

from bridge import metrics
from bridge.access import Access, ChatSettings, Role, Standing
from bridge.access.quota import until_midnight
from bridge.charge import Charge
from bridge.commands import Commands, parse
from bridge.errors import GatewayUnreachable, Gone
from bridge.gateway import Gateway
from bridge.reply import Draft, Footer, deliver
from bridge.reply.account import Account
from bridge.settings import Settings
from bridge.store import Exchange, Store, Turn
from bridge.turn.active import Running
from bridge.turn.footer import ended, notice, outcome_note, used_up
from bridge.turn.generation import Generation, Postponed, user_message
from bridge.turn.outage import OutageMonitor
from bridge.turn.replies import Replies, reply_target
from bridge.types import Button, Chat, IncomingMessage

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
        watch: OutageMonitor,
    ) -> None:
        self._settings = settings
        self._store = store
        self._gateway = gateway
        self._access = access
        self._commands = commands
        self._replies = replies
        self._running = running
        self._outages = watch

    async def answer(self, turn: Turn, account: Account) -> None:
        """Answer the message that `turn` holds, and let it leave the queue.

        Raises ChannelError when the platform refuses, StoreError when Redis is away or another has the chat,
        Postponed where it stays in the queue until the gateway is back.
        """
        message, replies = turn.message, self._replies
        standing = await self._access.judge(message)
        if message.moved_to is not None:
            await self._move(turn, message.moved_to)
        elif message.notice:
            await replies.say(turn, account, notice(message, replies.words(message)))
        elif standing.role < Role.MEMBER:
            await turn.done()  # was let in when it was sent, and is no longer
        elif turn.attempt > ATTEMPTS:
            await replies.give_up(turn, account)
        elif command := parse(message.text):
            await replies.run_command(turn, account, standing, command)
        elif message.text.strip() or message.quoted.strip():
            await self._converse(turn, account, standing)
        else:
            await replies.reply_unsupported(turn, account)

    async def _converse(self, turn: Turn, account: Account, standing: Standing) -> None:
        """History and message go to the model; what it says grows on the screen, then both enter the history."""
        message, chat, words, began = turn.message, turn.message.chat, self._replies.words(turn.message), time.time()
        charge = Charge(self._access, message, standing)
        if turn.attempt == 1 and (limit := await charge.refused()):
            await self._replies.say(turn, account, used_up(limit, until_midnight(), words))
            return
        await self._store.preferences.set_last(chat, message)
        generation = await self._generation(message, standing.settings)

        def footer(draft: Draft) -> Footer:
            note, buttons = outcome_note(draft, generation, message, words, admin=standing.role >= Role.ADMIN)
            return account.footer(chat.place, note, buttons, words)

        draft = Draft(generation.deltas(), pause=self._running.pause)
        stop = account.fitting(chat.place, [Button(words.button_stop, "/stop")])
        to = account.address(chat.place, turn.key, reply_target(message, late=turn.late))
        if message.ack and not turn.begun:
            await turn.posted(message.ack)  # it stands there, and the answer takes its place
        with self._running.watch(chat, draft):
            try:
                await deliver(draft, to, record=turn, buttons_while_streaming=stop, footer=footer)
            except Gone:
                draft.stopped = True  # nobody is there to read on
            except Postponed:
                await self._outages.postpone(turn, account.id)
                if turn.attempt == 1:
                    await charge.give_back()
                raise
        exchange = Exchange(
            message.question,
            user_message(message),
            draft.text,
            ended(draft, generation),
            str(generation.model),
            time.time(),
        )
        await turn.done(exchange if draft.text.strip() else None, again=bool(message.again))
        await generation.learn()
        await charge.tokens(generation.tokens(draft.text))
        if isinstance(draft.error, GatewayUnreachable):
            await self._outages.report_down(message)
        _count(turn, account, exchange, draft, generation, began)

    async def _generation(self, message: IncomingMessage, settings: ChatSettings) -> Generation:
        """What the model is user_message, still to be user_message."""
        chat, buttons = message.chat, self._store.preferences
        history = await self._store.history.read(chat)
        if message.again and history and history[-1].id == message.question:
            history = history[:-1]

        async def should_wait() -> bool:
            return settings.should_wait(await buttons.later(chat))

        return Generation(
            self._gateway,
            buttons,
            resolve_model=lambda: self._commands.picker.current(chat),
            should_wait=should_wait,
            system=await buttons.system(chat) or settings.system or self._settings.system,
            history=history,
            question=user_message(message),
            budget=self._settings.history_tokens,
        )

    async def _move(self, turn: Turn, new: Chat) -> None:
        """It waited its turn in the old chat's queue, so that no answer is under way there now."""
        old = turn.message.chat
        await self._access.move(old, new)
        await self._store.move(old, new)
        await turn.done()
        log.info("chat moved", old=str(old), new=str(new))


def _count(
    turn: Turn, account: Account, exchange: Exchange, draft: Draft, generation: Generation, began: float
) -> None:
    """One line in the log and a few numbers; no word of what was said."""
    if turn.message.sent_at:
        metrics.QUEUE.observe(max(0.0, began - turn.message.sent_at))
    metrics.TURNS.add(account.channel.name, exchange.ended)
    if draft.error is not None:
        metrics.failed(draft.error)
    log.info(
        "turn",
        chat=str(turn.message.chat),
        model=exchange.model,
        ended=exchange.ended if draft.error is None else type(draft.error).__name__,
        characters=len(draft.text),
        first_text=generation.first_token,
        seconds=round(max(0.0, time.time() - began), 3),
        attempt=turn.attempt,
    )
