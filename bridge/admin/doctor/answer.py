"""One short answer, streamed as the bot would: whether it comes, how soon, and what kept it."""

from __future__ import annotations

import time
from contextlib import aclosing

from bridge.diagnostics import Diagnostic, Sentence
from bridge.errors import (
    CHERRY_STUDIO,
    WITH_PROVIDERS,
    GatewayError,
    GatewaySilent,
    GatewayUnreachable,
    KeyRefused,
    ModelNotFound,
    ProviderLimited,
    ProviderRefused,
)
from bridge.gateway import Gateway
from bridge.types import ChatMessage, ModelId
from bridge.words import Words, trouble
from bridge.words.shell import DoctorWords

AREA = "answer"
QUESTION = "Answer with one word: hello"
FIRST_WORD_SECONDS = 8.0
"""Seconds to the first word."""
MAX_READ_CHARACTERS = 200
"""Characters after which a talkative model is believed."""


def impatient(url: str, key: str, name: str = CHERRY_STUDIO) -> Gateway:
    """A client that waits as long as a check may; `name` is what people call the server."""
    client = Gateway(url, key, first_token=FIRST_WORD_SECONDS, idle=FIRST_WORD_SECONDS)
    client.recognise(name)
    return client


async def answer(gateway: Gateway, model: ModelId, words: DoctorWords, talk: Words) -> Diagnostic:
    """Ask `gateway`, which is entered for it. It costs the tokens of one word."""
    began = time.monotonic()
    first = 0.0
    said = ""
    async with (
        gateway as client,
        aclosing(client.stream(model, [ChatMessage.user(QUESTION)])) as completion,
    ):
        try:
            async for delta in completion:
                first = first or time.monotonic() - began
                said += delta
                if len(said) > MAX_READ_CHARACTERS or time.monotonic() - began > FIRST_WORD_SECONDS:
                    break
        except GatewaySilent as error:
            return words.answer_silent.found("wrong", AREA, model=model, seconds=error.seconds)
        except GatewayError as error:
            return failed(error, model, words, talk)
    return words.answer_fine.found("ok", AREA, model=model, seconds=first)


def failed(error: GatewayError, model: ModelId, words: DoctorWords, talk: Words) -> Diagnostic:
    why = trouble(error, talk, model=model, admin=True).replace("\n\n", " ")
    cherry = error.gateway_name == CHERRY_STUDIO
    gateway = error.gateway_name or words.that_server
    between = error.gateway_name in WITH_PROVIDERS
    provider = model.provider if between and model.provider else gateway
    if isinstance(error, KeyRefused):
        return key_diagnostic(error, words)
    sentence = _sentence(error, words) if cherry else _other_sentence(error, words)
    return sentence.found("wrong", AREA, why=why, model=model, provider=provider, gateway=gateway)


def key_diagnostic(error: KeyRefused, words: DoctorWords) -> Diagnostic:
    """What to do about a key that the gateway does not accept."""
    if error.gateway_name == CHERRY_STUDIO:
        return (words.key_missing if error.missing else words.key_wrong).found("wrong", "key")
    sentence = words.key_missing_other if error.missing else words.key_wrong_other
    return sentence.found("wrong", "key", gateway=error.gateway_name or words.that_server)


def _other_sentence(error: GatewayError, words: DoctorWords) -> Sentence:
    match error:
        case ProviderRefused(status=401):
            return words.answer_key_other
        case GatewayUnreachable():
            return words.answer_off_other
        case ProviderRefused(status=402) | ProviderLimited() | ModelNotFound():
            return _sentence(error, words)
        case _:
            return words.answer_failed_other


def _sentence(error: GatewayError, words: DoctorWords) -> Sentence:
    match error:
        case ProviderRefused(status=401):
            return words.answer_key
        case ProviderRefused(status=402):
            return words.answer_balance
        case ProviderLimited():
            return words.answer_limited
        case ModelNotFound():
            return words.answer_gone
        case GatewayUnreachable():
            return words.answer_off
        case _:
            return words.answer_failed
