"""Our own gateway, where it runs inside: its file, each of its providers, an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

from bridge.admin.doctor.answer import FIRST_WORD_SECONDS, answer
from bridge.diagnostics import Diagnostic
from bridge.errors import SettingsError
from bridge.gateway import labelled, usable_models
from bridge.server import OwnGateway
from bridge.types import ModelId
from bridge.words import Words, models_count
from bridge.words.shell import DoctorWords

AREA = "gateway"


async def own_gateway(
    config: Path, model: ModelId | None, words: DoctorWords, talk: Words
) -> AsyncIterator[Diagnostic]:
    """`model` is asked, or the first that there is; `talk` says what its trouble is."""
    client = OwnGateway(config, first_token=FIRST_WORD_SECONDS, idle=FIRST_WORD_SECONDS)
    try:
        async with client:
            models = labelled(usable_models(await client.entries()))
            errors = client.errors()
            count = len(client.providers)
    except SettingsError as error:
        for problem in error.problems:
            yield words.own_fault.found("wrong", AREA, why=problem)
        return
    yield words.own_fine.found("ok", AREA, path=config, count=count)
    for provider, why in errors.items():
        yield words.own_provider.found("wrong", AREA, provider=provider, why=why)
    if not models:
        yield words.own_models_none.found("wrong", "models")
        return
    names = ", ".join(dict.fromkeys(model.provider_name for model in models))
    yield words.models_fine.found("ok", "models", models=models_count(len(models), words), providers=names)
    again = OwnGateway(config, first_token=FIRST_WORD_SECONDS, idle=FIRST_WORD_SECONDS)
    yield await answer(again, model or models[0].id, words, talk)
