"""Everything that we say ourselves and no model does: what commands answer, news, refusals. Each ends the turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bridge import metrics
from bridge.access import Role, Standing
from bridge.commands import CommandContext, CommandResult, Commands, Parsed
from bridge.errors import GatewayError
from bridge.reply.account import Account
from bridge.store import InboxFull, Store, Turn
from bridge.turn.footer import kinds
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

    async def say(self, turn: Turn, account: Account, text: str) -> None:
        """Say it; nothing, where there is nothing to say."""
        if text:
            await self._say(turn, account, CommandResult(text))
        await turn.done()

    async def give_up(self, turn: Turn, account: Account) -> None:
        """The message is set aside, and its sender told."""
        await self._say(turn, account, CommandResult(self.words(turn.message).gave_up))
        metrics.GIVEN_UP.add(account.channel.name)
        await turn.set_aside("too many attempts")

    async def run_command(self, turn: Turn, account: Account, standing: Standing, command: Parsed) -> None:
        message, words, channel = turn.message, self.words(turn.message), account.channel
        context = CommandContext(
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
            answer = await self._commands.run(context)
        except GatewayError as error:
            metrics.failed(error)
            said = trouble(error, words, model=None, admin=standing.role >= Role.ADMIN)
            answer = CommandResult(f"⚠️ {said}", in_place=False)
        if answer.resend_as is not None:
            try:
                await self._store.inbox.put(account.id, answer.resend_as)
            except InboxFull:
                answer = CommandResult(words.queue_full, in_place=False)
        if answer.text:
            await self._say(turn, account, answer)
        await turn.done()
        if answer.admins_changed:
            await self._admins_changed()

    async def reply_unsupported(self, turn: Turn, account: Account) -> None:
        """Nothing that a model could read."""
        message, words = turn.message, self.words(turn.message)
        if message.attachments:
            said = words.cannot_read.format(kinds=kinds(message, words))
        else:
            said = words.welcome.format(model=await self._commands.picker.name_of(message.chat))
        await self.say(turn, account, said)

    async def _say(self, turn: Turn, account: Account, answer: CommandResult) -> None:
        message, place = turn.message, turn.message.chat.place
        if answer.buttons and not account.has_buttons(place):
            await self._store.preferences.set_menu(message.chat, [button.command for button in answer.buttons])
        await account.say(
            place,
            account.listed(place, answer.text, answer.buttons, self.words(message)),
            key=turn.key,
            buttons=answer.buttons,
            reply_to=reply_target(message),
            menu=message.ack or (message.menu if answer.in_place else ""),
            record=turn,
        )


def reply_target(message: IncomingMessage, *, late: bool = False) -> str:
    """What the reply hangs under: in a group the question, so that everybody sees whose it is; if late, everywhere."""
    return "" if message.chat.direct and not late else message.question
