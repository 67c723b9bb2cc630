"""`/download`: what the button «As a file» under an answer sends."""

from __future__ import annotations

from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.conversation_numbers import argument_of, owned, read_number, short_number
from bridge.commands.long_blocks import files_of
from bridge.inbox import Inbox
from bridge.store import Exchange, Store, keys
from bridge.types import Button, Chat
from bridge.words import Words


def file_button(chat: Chat, conversation: int, message: str, words: Words) -> Button:
    """The button that posts the long blocks of the answer to `message` as files."""
    command = f"/download {short_number(conversation)} {keys.turn(chat, message)}"
    return Button(words.button_as_file, owned(chat, command))


END_SECONDS = 2.0
"""An answer enters its conversation a moment after all of it stands on the screen; a press waits so long for that."""


class DownloadCommand:
    def __init__(self, store: Store, inbox: Inbox) -> None:
        self._store = store
        self._inbox = inbox

    async def download(self, context: CommandContext) -> CommandResult:
        """Post the long code and tables of the answer that the argument names, each as a file."""
        argument, words, chat = argument_of(context), context.words, context.chat
        if argument is None:
            return CommandResult.refusal(words.chats_of_another)
        name, _, key = argument.partition(" ")
        if (number := read_number(name)) is None:
            return CommandResult(words.answer_gone, in_place=False)
        exchange = await self._find(chat, number, key)
        if exchange is None and await self._store.conversations.current(chat) == number:
            await self._inbox.end_of_turn(chat, END_SECONDS)
            exchange = await self._find(chat, number, key)
        files = files_of(exchange.text, context.page_length) if exchange is not None else []
        if files:
            return CommandResult(words.here_as_file, files=files, in_place=False)
        return CommandResult(words.answer_gone, in_place=False)

    async def _find(self, chat: Chat, number: int, key: str) -> Exchange | None:
        exchanges = reversed(await self._store.conversations.read(chat, number))
        return next((each for each in exchanges if keys.turn(chat, each.id) == key), None)
