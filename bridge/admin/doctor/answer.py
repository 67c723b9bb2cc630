"""One short answer, streamed as the bot would: whether it comes, how soon, and what kept it."""

from __future__ import annotations

import time
from contextlib import aclosing

from bridge.diagnostics import Diagnostic, Sentence
from bridge.errors import (
    GatewayError,
    GatewaySilent,
    GatewayUnreachable,
    ModelNotFound,
    ProviderLimited,
    ProviderRefused,
)
from bridge.gateway import Gateway
from bridge.types import ChatMessage, ModelId
from bridge.words import Words
from bridge.words.shell import DoctorWords
from bridge.words.trouble import trouble

AREA = "answer"
QUESTION = "Answer with one word: hello"
PATIENCE = 8.0
"""Seconds to the first word."""
ENOUGH = 200
"""Characters after which a talkative model is believed."""


def asked(url: str, key: str) -> Gateway:
    """A client that is as impatient as a check has to be."""
    return Gateway(url, key, first_token=PATIENCE, idle=PATIENCE)


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
                if len(said) > ENOUGH or time.monotonic() - began > PATIENCE:
                    break
        except GatewaySilent as error:
            return words.answer_silent.found("wrong", AREA, model=model, seconds=error.seconds)
        except GatewayError as error:
            return _failed(error, model, words, talk)
    return words.answer_fine.found("ok", AREA, model=model, seconds=first)


def _failed(error: GatewayError, model: ModelId, words: DoctorWords, talk: Words) -> Diagnostic:
    why = trouble(error, talk, model=model, admin=True).replace("\n\n", " ")
    return _sentence(error, words).found("wrong", AREA, why=why, model=model, provider=model.provider)


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
