"""`cherry-bridge chat TEXT`: one question, one answer on standard output, without history and without Redis."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Protocol

from bridge.admin.shell.language import terminal_words
from bridge.errors import GatewayError, ModelNotFound
from bridge.inbound import Said
from bridge.media import AttachmentReader, FileSource, MediaInMemory
from bridge.reply import Draft
from bridge.settings import Settings
from bridge.turn import (
    Attachments,
    Received,
    estimate,
    request_messages,
    sources_list,
    stood_in,
    unread,
    unshown,
    user_messages,
)
from bridge.types import Attachment, BodyFile, Chat, ModelId, User
from bridge.words import Words, no_models, trouble


class Files(FileSource, Protocol):
    """Where attachments are read from, and where pictures of an answer go."""

    async def save(self, file: BodyFile) -> Path:
        """Write `file`, and return where."""


async def ask(
    settings: Settings, text: str, model: ModelId | None, attachments: Sequence[Attachment], files: Files
) -> int:
    """Print the answer: on a terminal as it comes, else once it is whole, because a part may turn out as reasoning.

    `files` holds what `attachments` refer to, and keeps what comes with the answer. Return 0 if the answer is whole;
    else 1, with the reason on standard error.
    """
    words = terminal_words(settings)
    # Those of the settings stand in for the model of the settings.
    fallbacks = settings.fallback.models if settings.fallback and model in (None, settings.model) else ()
    model = model or settings.model
    async with settings.open_gateways() as gateways:
        try:
            if model is None:
                model = await gateways.first_model(lambda _: True)
                if model is None:
                    print(no_models(words, gateways.name), file=sys.stderr)
                    return 1
            chain = [await gateways.resolve(model), *[await gateways.canonical(each) for each in fallbacks]]
            here = Chat("console", "ask", direct=True)
            message = Said("ask", here, User("console", "ask"), text, attachments=tuple(attachments))
            media, received = MediaInMemory(), Received()
            reader = AttachmentReader(media, settings.media_limits(), speech=settings.speech(), estimate=estimate)
            reading = Attachments(media, gateways, reader, settings.document_tokens)
            await reading.receive(message, files, received)
            if received.problems:
                print(unread(received.problems, message, words, admin=True), file=sys.stderr)
                return 1
            messages = request_messages(settings.system, [], user_messages(message, tuple(received.parts)))
            loaded = await reading.load(here, messages)
        except GatewayError as error:
            print(_why(error, words, model), file=sys.stderr)
            return 1
        sent = loaded.expand(messages)
        stream = gateways.stream(chain[0], sent, fallbacks=chain[1:], pictures=loaded.pictures)
        async with aclosing(stream) as completion:
            draft = Draft(completion.events())
            await _show(draft)
        if draft.error is not None:
            gateway = gateways.by_id(draft.error.gateway_id)
            with suppress(GatewayError):
                await gateway.identify()
            draft.error.gateway_name = gateway.name
    for file in draft.files:
        print(f"![{file.alt}](<{await files.save(file)}>)")
    if sources := sources_list(draft.sources, words):
        print(f"\n{_harmless(sources)}")
    reasons = [_harmless(unshown(draft, words)), stood_in(draft, stream, words)]
    if draft.error is not None:
        reasons.append(_why(draft.error, words, model))
    elif draft.finished is not None and draft.finished.reason == "length":
        reasons.append(words.length)
    sys.stdout.flush()
    print(*filter(None, reasons), sep="\n", end="\n" if any(reasons) else "", file=sys.stderr)
    return 1 if reasons[2:] or not (draft.text.strip() or draft.files) else 0


async def _show(draft: Draft) -> None:
    """Print the draft's text until it is complete."""
    shown = ""
    draft.start()
    while not draft.complete:
        await draft.growth()
        if sys.stdout.isatty():
            if not draft.text.startswith(shown):  # what was shown was reasoning
                print("\n", flush=True)
                shown = ""
            print(_harmless(draft.text[len(shown) :]), end="", flush=True)
            shown = draft.text
    draft.check()
    print(_harmless(draft.text if not sys.stdout.isatty() else draft.text[len(shown) :]), end="")
    print(end="\n" if draft.text and not draft.text.endswith("\n") else "", flush=True)


def _harmless(text: str) -> str:
    """Return `text` without control characters: a model must not send commands to a terminal."""
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) != "Cc")


def _why(error: GatewayError, words: Words, model: ModelId | None) -> str:
    if not isinstance(error, ModelNotFound):
        return trouble(error, words, model=model, admin=True)
    return "\n".join([trouble(error, words, model=model, admin=True), *(f"  {near}" for near in error.nearest)])
