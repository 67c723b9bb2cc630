"""`/download`: what the button «As a file» under an answer sends."""

from __future__ import annotations

from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.conversation_numbers import argument_of, owned, read_number, short_number
from bridge.commands.long_blocks import files_of
from bridge.store import Store, keys
from bridge.types import Button, Chat
from bridge.words import Words


def file_button(chat: Chat, conversation: int, message: str, words: Words) -> Button:
    """The button that posts the long blocks of the answer to `message` as files."""
    command = f"/download {short_number(conversation)} {keys.turn(chat, message)}"
    return Button(words.button_as_file, owned(chat, command))


class DownloadCommand:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def download(self, context: CommandContext) -> CommandResult:
        """Post the long code and tables of the answer that the argument names, each as a file."""
        argument, words, chat = argument_of(context), context.words, context.chat
        if argument is None:
            return CommandResult.refusal(words.chats_of_another)
        name, _, key = argument.partition(" ")
        if (number := read_number(name)) is None:
            return CommandResult(words.answer_gone, in_place=False)
        for exchange in reversed(await self._store.conversations.read(chat, number)):
            if keys.turn(chat, exchange.id) == key:
                files = files_of(exchange.text, context.page_length)
                if files:
                    return CommandResult(words.here_as_file, files=files, in_place=False)
        return CommandResult(words.answer_gone, in_place=False)
