"""The models of the settings, where there are several gateways: whether any gateway has them."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bridge.diagnostics import Diagnostic
from bridge.errors import GatewayError, ModelNotFound, SettingsError
from bridge.settings import Settings
from bridge.words.shell import DoctorWords

MAX_SHOWN = 3


async def default_model(settings: Settings, words: DoctorWords) -> AsyncIterator[Diagnostic]:
    """Nothing where there is one gateway, which is asked itself, or where a gateway gives no list."""
    named = [("BRIDGE_MODEL", settings.model)]
    named += [("BRIDGE_FALLBACK", each) for each in (settings.fallback.models if settings.fallback else ())]
    if len(settings.gateway_settings()) < 2:
        return
    try:
        async with settings.open_gateways() as gateways:
            for variable, model in named:
                try:
                    if model is not None:
                        await gateways.resolve(model)
                except ModelNotFound as error:
                    like, names = ", ".join(map(str, error.nearest[:MAX_SHOWN])), ", ".join(error.gateways)
                    gone = words.model_nowhere
                    yield gone.found("wrong", "models", variable=variable, model=model, gateways=names, nearest=like)
    except (GatewayError, SettingsError):
        return  # each gateway has a check of its own
