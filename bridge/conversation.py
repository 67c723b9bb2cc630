"""Answer one message. Everything that is said to us passes here, once, and leaves as one reply."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import structlog

from bridge import metrics
from bridge.access import Access, ChatSettings, Role, Standing
from bridge.access.limits import until_midnight
from bridge.away import Watch
from bridge.charge import Charge
from bridge.commands import Answer, Ask, Commands, parse
from bridge.errors import GatewayError, GatewayUnreachable, Gone
from bridge.gateway import Gateway
from bridge.outlet import Outlet
from bridge.prompt import Postponed, Speech, asked
from bridge.remarks import ended, kinds, notice, remark, used_up
from bridge.reply import Draft, Ending, deliver
from bridge.running import Running
from bridge.settings import Settings
from bridge.store import Exchange, InboxFull, Store, Turn
from bridge.types import Chat, Choice, IncomingMessage
from bridge.words import IN, Words, language_of
from bridge.words.trouble import trouble

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
        running: Running,
        watch: Watch,
        admins_changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._store = store
        self._gateway = gateway
        self._access = access
        self._commands = commands
        self._running = running
        self._watch = watch
        self._admins_changed = admins_changed

    def words(self, message: IncomingMessage) -> Words:
        """The words for whoever sent `message`."""
        return IN[self._settings.language or language_of(message.language)]

    async def answer(self, turn: Turn, outlet: Outlet) -> None:
        """Answer the message that `turn` holds, and let it leave the queue.

        Raises ChannelError when the platform refuses, StoreError when Redis is away or another has the chat,
        Postponed where it stays in the queue until the gateway is back.
        """
        message = turn.message
        standing = await self._access.judge(message)
        role = standing.role
        if message.moved_to is not None:
            await self._move(turn)
        elif message.notice:
            if said := notice(message, self.words(message)):
                await self._say(turn, outlet, Answer(said))
            await turn.done()
        elif role < Role.MEMBER:
            await turn.done()  # was let in when it was sent, and is no longer
        elif turn.attempt > ATTEMPTS:
            await self._say(turn, outlet, Answer(self.words(message).gave_up))
            metrics.GIVEN_UP.add(outlet.channel.name)
            await turn.set_aside("too many attempts")
        elif command := parse(message.text):
            ask = Ask(
                command.name,
                command.argument,
                message,
                role,
                self.words(message),
                standing.settings,
                hint=outlet.channel.hint(message.chat.place, message.language),
                link=outlet.channel.link,
                branch=outlet.channel.branch,
            )
            await self._obey(ask, turn, outlet)
        elif message.text.strip() or message.quoted.strip():
            await self._converse(turn, outlet, standing)
        else:
            await self._say(turn, outlet, await self._wordless(message))
            await turn.done()

    async def _converse(self, turn: Turn, outlet: Outlet, standing: Standing) -> None:
        """History and message go to the model; what it says grows on the screen, then both enter the history."""
        message, words, began = turn.message, self.words(turn.message), time.monotonic()
        chat, id, settings = message.chat, message.again or message.id, standing.settings
        charge = Charge(self._access, message, standing)
        if turn.attempt == 1 and await charge.refused():
            await self._say(turn, outlet, Answer(used_up(charge.limit, until_midnight(), words)))
            await turn.done()
            return
        waited = max(0.0, time.time() - message.sent_at)
        await self._store.choices.set_last(chat, message)
        history = await self._store.history.read(chat)
        if message.again and history and history[-1].id == id:
            history = history[:-1]
        speech = Speech(
            self._gateway,
            self._store.choices,
            pick=lambda: self._commands.picker.current(chat),
            waits=lambda: self._waits(chat, settings),
            system=await self._store.choices.system(chat) or settings.system or self._settings.system,
            history=history,
            question=asked(message),
            budget=self._settings.history_tokens,
        )

        def ending(draft: Draft) -> Ending:
            note, choices = remark(draft, speech, message, words, admin=standing.role >= Role.ADMIN)
            return outlet.ending(chat.place, note, choices, words)

        draft = Draft(speech.deltas(), pause=self._running.pause)
        stop = outlet.buttons(chat.place, [Choice(words.button_stop, "/stop")])
        to = outlet.address(chat.place, turn.key, _hang(message, late=turn.late))
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
        if message.sent_at:
            metrics.QUEUE.observe(waited)
        exchange = Exchange(id, asked(message), draft.text, ended(draft, speech), str(speech.model), time.time())
        await turn.done(exchange if draft.text.strip() else None, again=bool(message.again))
        await speech.learn()
        await charge.tokens(speech.tokens(draft.text))
        metrics.TURNS.add(outlet.channel.name, exchange.ended)
        if draft.error is not None:
            metrics.failed(draft.error)
        if isinstance(draft.error, GatewayUnreachable):
            await self._watch.met(message)
        log.info(
            "turn",
            chat=str(chat),
            model=exchange.model,
            ended=exchange.ended if draft.error is None else type(draft.error).__name__,
            characters=len(draft.text),
            first_text=speech.first_token,
            seconds=round(time.monotonic() - began, 3),
            attempt=turn.attempt,
        )

    async def _obey(self, ask: Ask, turn: Turn, outlet: Outlet) -> None:
        try:
            answer = await self._commands.run(ask)
        except GatewayError as error:
            metrics.failed(error)
            said = trouble(error, ask.words, model=None, admin=ask.role >= Role.ADMIN)
            answer = Answer(f"⚠️ {said}", in_place=False)
        if answer.talk is not None:
            try:
                await self._store.inbox.put(outlet.account, answer.talk)
            except InboxFull:
                answer = Answer(ask.words.queue_full, in_place=False)
        if answer.text:
            await self._say(turn, outlet, answer)
        await turn.done()
        if answer.admins_changed:
            await self._admins_changed()

    async def _say(self, turn: Turn, outlet: Outlet, answer: Answer) -> None:
        message, place = turn.message, turn.message.chat.place
        if answer.choices and not outlet.has_buttons(place):
            await self._store.choices.set_menu(message.chat, [choice.command for choice in answer.choices])
        await outlet.say(
            place,
            outlet.listed(place, answer.text, answer.choices, self.words(message)),
            key=turn.key,
            choices=answer.choices,
            reply_to=_hang(message),
            menu=message.menu if answer.in_place else "",
            record=turn,
        )

    async def _waits(self, chat: Chat, settings: ChatSettings) -> bool:
        return (await self._store.choices.later(chat) or settings.later) == "on"

    async def _wordless(self, message: IncomingMessage) -> Answer:
        words = self.words(message)
        if message.attachments:
            return Answer(words.cannot_read.format(kinds=kinds(message, words)))
        return Answer(words.welcome.format(model=await self._commands.picker.name_of(message.chat)))

    async def _move(self, turn: Turn) -> None:
        """It waited its turn in the old chat's queue, so that no answer is under way there now."""
        old, new = turn.message.chat, turn.message.moved_to
        assert new is not None
        await self._access.move(old, new)
        await self._store.move(old, new)
        await turn.done()
        log.info("chat moved", old=str(old), new=str(new))


def _hang(message: IncomingMessage, *, late: bool = False) -> str:
    """What the reply hangs under: in a group the question, so that everybody sees whose it is; if late, everywhere."""
    return "" if message.chat.direct and not late else message.again or message.id
