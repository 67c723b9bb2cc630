"""`cherry-bridge chat TEXT`: one question, one answer on standard output, without history and without Redis."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from bridge.admin.shell.language import terminal_words
from bridge.errors import AnswerEmpty, GatewayError, ModelNotFound
from bridge.events import Picture, TextDelta
from bridge.inbound import Said
from bridge.media import AttachmentReader, FileSource, MediaInMemory
from bridge.reply import picture_file
from bridge.settings import Settings
from bridge.turn import estimate
from bridge.turn.attachments import Attachments, Received
from bridge.turn.context import request_messages, user_messages
from bridge.turn.footer import unread
from bridge.types import Attachment, BodyFile, Chat, ModelId, User
from bridge.words import Words
from bridge.words.trouble import trouble


class Files(FileSource, Protocol):
    """Where attachments are read from, and where pictures of an answer go."""

    async def save(self, file: BodyFile) -> Path:
        """Write `file`, and return where."""


async def ask(
    settings: Settings, text: str, model: ModelId | None, attachments: Sequence[Attachment], files: Files
) -> int:
    """Print the answer as it comes. Return 0 if it is whole; else 1, with the reason on standard error."""
    words = terminal_words(settings)
    model = model or settings.model
    said = ""
    async with settings.gateway() as gateway:
        try:
            if model is None:
                offered = await gateway.models()
                if not offered:
                    raise ModelNotFound("")
                model = offered[0].id
            here = Chat("console", "ask", direct=True)
            message = Said("ask", here, User("console", "ask"), text, attachments=tuple(attachments))
            media = MediaInMemory()
            limits = settings.media_limits()
            reader = AttachmentReader(media, limits, speech=settings.speech(), estimate=estimate)
            reading, received = Attachments(media, gateway, reader, settings.document_tokens), Received()
            await reading.receive(message, files, received)
            if received.problems:
                print(unread(received.problems, message, words, admin=True), file=sys.stderr)
                return 1
            messages = request_messages(settings.system, [], user_messages(message, tuple(received.parts)))
            pictures: list[BodyFile] = []
            loaded = await reading.load(here, messages)
            completion = gateway.stream(model, loaded.expand(messages), pictures=loaded.pictures)
            async for event in completion.events():
                if isinstance(event, TextDelta):
                    said += event.text
                    print(_harmless(event.text), end="", flush=True)
                elif isinstance(event, Picture) and event.data:
                    pictures.append(picture_file(event, len(pictures) + 1))
            if not (said.strip() or pictures):
                raise AnswerEmpty
        except GatewayError as error:
            print(end="\n" if said else "", flush=True)
            print(_why(error, words, model), file=sys.stderr)
            return 1
    print(end="" if said.endswith("\n") or not said else "\n", flush=True)
    for picture in pictures:
        print(await files.save(picture), flush=True)
    if completion.finish == "length":
        print(words.length, file=sys.stderr)
        return 1
    return 0


def _harmless(text: str) -> str:
    """Return `text` without control characters: a model must not send commands to a terminal."""
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) != "Cc")


def _why(error: GatewayError, words: Words, model: ModelId | None) -> str:
    if not isinstance(error, ModelNotFound):
        return trouble(error, words, model=model, admin=True)
    if model is None:
        return words.models_none
    return "\n".join([trouble(error, words, model=model, admin=True), *(f"  {near}" for near in error.nearest)])
