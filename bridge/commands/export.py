"""`/export`: conversations as files, to keep and to read elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bridge.commands.choices import choice_buttons
from bridge.commands.context import CommandContext, CommandResult
from bridge.commands.conversation_numbers import argument_of, read_number
from bridge.commands.subjects import plain
from bridge.commands.titles import first_words
from bridge.commands.transcript import MAX_LOOSE_PICTURES, Archive, Transcript
from bridge.store import Conversation, Store, digest_of
from bridge.types import BodyFile, Chat

MAX_ARCHIVES = 3
"""ZIP files of one export; older conversations that do not fit are left out, and counted."""
MAX_ARCHIVE_BYTES = 20_000_000
"""Of one of them, where the platform takes more."""


class ExportCommand:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def export(self, context: CommandContext) -> CommandResult:
        """`/export`, `/export all`; with a number, what the button of a kept conversation sends."""
        argument, words, chat = argument_of(context), context.words, context.chat
        if argument is None:
            return CommandResult.refusal(words.chats_of_another)
        listed = await self._store.conversations.all(chat)
        if argument.lower() == "all":
            return await self._all(context, listed)
        number = read_number(argument) if argument else None
        chosen = [each for each in listed if (each.number == number if argument else each.is_current)]
        if argument and not chosen and not context.call.pressed:
            return CommandResult(words.export_usage, choice_buttons("export"), in_place=False)
        if not chosen:
            return CommandResult(words.chats_gone if argument else words.nothing_to_export, in_place=False)
        [transcript] = await self._transcripts(context, chosen)
        if len(transcript.pictures()) > MAX_LOOSE_PICTURES:
            files = await asyncio.to_thread(_archives, [transcript], context)
        else:
            files = transcript.files(words)
        return CommandResult(words.exported.format(title=f"**{plain(transcript.title)}**"), files=files, in_place=False)

    async def _all(self, context: CommandContext, listed: Sequence[Conversation]) -> CommandResult:
        words = context.words
        if not listed:
            return CommandResult(words.nothing_to_export, in_place=False)
        packed, files = 0, list[BodyFile]()
        room = _room(context)
        left = list(listed)
        while left and len(files) < MAX_ARCHIVES:
            archive, added = Archive(room), 0
            # One after another, so that no more than one is in memory beside what has been packed.
            while left:
                [transcript] = await self._transcripts(context, left[:1])
                if not await asyncio.to_thread(archive.add, transcript, words):
                    break
                left.pop(0)
                added += 1
            packed += added
            files.append(_file(f"conversations-{len(files) + 1}.zip", archive.close()))
        said = words.exported_all.format(count=packed)
        return CommandResult(
            f"{said} {words.export_left_out.format(count=len(left))}" if left else said, files=files, in_place=False
        )

    async def _transcripts(self, context: CommandContext, listed: Sequence[Conversation]) -> list[Transcript]:
        chat, words, made = context.chat, context.words, []
        for each in listed:
            exchanges = await self._store.conversations.read(chat, each.number)
            title = each.title or first_words(exchanges[0] if exchanges else None) or words.untitled
            messages = [message for one in exchanges for message in (*one.question, *one.answer)]
            wanted = {digest for message in messages for part in message.parts if (digest := digest_of(part))}
            made.append(Transcript(title, exchanges, await self._media(chat, wanted)))
        return made

    async def _media(self, chat: Chat, digests: set[str]) -> dict[str, bytes]:
        return await self._store.media.get(chat, digests) if digests else {}


def _archives(transcripts: Sequence[Transcript], context: CommandContext) -> list[BodyFile]:
    archive = Archive(_room(context))
    for each in transcripts:
        archive.add(each, context.words)
    return [_file(f"{transcripts[0].name}.zip", archive.close())]


def _room(context: CommandContext) -> int:
    return min(context.max_file_bytes, MAX_ARCHIVE_BYTES)


def _file(name: str, content: bytes) -> BodyFile:
    return BodyFile.of("file", name, "application/zip", content)
