"""`cherry-bridge chat TEXT`: one question, one answer on standard output, without history and without Redis."""

from __future__ import annotations

import sys
import unicodedata

from bridge.admin.shell.language import terminal_words
from bridge.errors import GatewayError, ModelNotFound
from bridge.settings import Settings
from bridge.types import ChatMessage, ModelId
from bridge.words import Words, trouble


async def ask(settings: Settings, text: str, model: ModelId | None) -> int:
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
            completion = gateway.stream(model, _request(settings.system, text))
            async for delta in completion:
                said += delta
                print(_harmless(delta), end="", flush=True)
        except GatewayError as error:
            print(end="\n" if said else "", flush=True)
            print(_why(error, words, model), file=sys.stderr)
            return 1
    print(end="" if said.endswith("\n") else "\n", flush=True)
    if completion.finish == "length":
        print(words.length, file=sys.stderr)
        return 1
    return 0


def _request(system: str, text: str) -> list[ChatMessage]:
    question = ChatMessage.user(text)
    return [ChatMessage.system(system), question] if system.strip() else [question]


def _harmless(text: str) -> str:
    """Return `text` without control characters: a model must not send commands to a terminal."""
    return "".join(letter for letter in text if letter in "\n\t" or unicodedata.category(letter) != "Cc")


def _why(error: GatewayError, words: Words, model: ModelId | None) -> str:
    if not isinstance(error, ModelNotFound):
        return trouble(error, words, model=model, admin=True)
    if model is None:
        return words.models_none
    return "\n".join([trouble(error, words, model=model, admin=True), *(f"  {near}" for near in error.nearest)])
