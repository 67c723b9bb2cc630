"""Everything that we say ourselves and no model does: what commands answer, news, refusals. Each ends the turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bridge import metrics
from bridge.access import Role, Standing
from bridge.commands import Answer, Ask, Commands, Parsed
from bridge.errors import GatewayError
from bridge.outlet import Outlet
from bridge.remarks import kinds
from bridge.store import InboxFull, Store, Turn
from bridge.types import IncomingMessage
from bridge.words import Language, Words, words_for
from bridge.words.trouble import trouble


class Replies:
    """All raise ChannelError when the platform refuses, StoreError when Redis is away or another has the chat."""

    def __init__(
        self, store: Store, commands: Commands, language: Language | None, admins_changed: Callable[[], Awaitable[None]]
    ) -> None:
        self._store = store
        self._commands = commands
        self._language = language
        self._admins_changed = admins_changed

    def words(self, message: IncomingMessage) -> Words:
        """The words for whoever sent `message`."""
        return words_for(message.language, self._language)

    async def say(self, turn: Turn, outlet: Outlet, text: str) -> None:
        """Say it; nothing, where there is nothing to say."""
        if text:
            await self._say(turn, outlet, Answer(text))
        await turn.done()

    async def give_up(self, turn: Turn, outlet: Outlet) -> None:
        """The message is set aside, and its sender told."""
        await self._say(turn, outlet, Answer(self.words(turn.message).gave_up))
        metrics.GIVEN_UP.add(outlet.channel.name)
        await turn.set_aside("too many attempts")

    async def obey(self, turn: Turn, outlet: Outlet, standing: Standing, command: Parsed) -> None:
        message, words, channel = turn.message, self.words(turn.message), outlet.channel
        ask = Ask(
            command.name,
            command.argument,
            message,
            standing.role,
            words,
            standing.settings,
            hint=channel.hint(message.chat.place, message.language),
            link=channel.link,
            branch=channel.branch,
        )
        try:
            answer = await self._commands.run(ask)
        except GatewayError as error:
            metrics.failed(error)
            said = trouble(error, words, model=None, admin=standing.role >= Role.ADMIN)
            answer = Answer(f"⚠️ {said}", in_place=False)
        if answer.talk is not None:
            try:
                await self._store.inbox.put(outlet.account, answer.talk)
            except InboxFull:
                answer = Answer(words.queue_full, in_place=False)
        if answer.text:
            await self._say(turn, outlet, answer)
        await turn.done()
        if answer.admins_changed:
            await self._admins_changed()

    async def wordless(self, turn: Turn, outlet: Outlet) -> None:
        """Nothing that a model could read."""
        message, words = turn.message, self.words(turn.message)
        if message.attachments:
            said = words.cannot_read.format(kinds=kinds(message, words))
        else:
            said = words.welcome.format(model=await self._commands.picker.name_of(message.chat))
        await self.say(turn, outlet, said)

    async def _say(self, turn: Turn, outlet: Outlet, answer: Answer) -> None:
        message, place = turn.message, turn.message.chat.place
        if answer.choices and not outlet.has_buttons(place):
            await self._store.choices.set_menu(message.chat, [choice.command for choice in answer.choices])
        await outlet.say(
            place,
            outlet.listed(place, answer.text, answer.choices, self.words(message)),
            key=turn.key,
            choices=answer.choices,
            reply_to=hang(message),
            menu=message.ack or (message.menu if answer.in_place else ""),
            record=turn,
        )


def hang(message: IncomingMessage, *, late: bool = False) -> str:
    """What the reply hangs under: in a group the question, so that everybody sees whose it is; if late, everywhere."""
    return "" if message.chat.direct and not late else message.question
