"""A gateway's error, as one sentence that says what to do; for an admin, one more that says where."""

from __future__ import annotations

from bridge import errors
from bridge.types import ModelId
from bridge.words.words import Words


def trouble(error: errors.GatewayError, words: Words, *, model: ModelId | None, admin: bool) -> str:
    """What to tell a person about `error`, which happened when `model` was asked."""
    said = _to_everybody(error, words, model)
    if said.startswith(words.the_gateway):
        said = said[:1].upper() + said[1:]
    if admin and (more := _to_admins(error, words)):
        said = f"{said}\n\n{more}"
    return said


def duration(seconds: float, words: Words) -> str:
    """A time in words: seconds up to a minute and a half, then whole minutes."""
    if seconds < 90:
        count = max(1, round(seconds))
        return words.one_second if count == 1 else words.seconds.format(count=count)
    count = round(seconds / 60)
    return words.one_minute if count == 1 else words.whole_minutes.format(count=count)


def _to_everybody(error: errors.GatewayError, words: Words, model: ModelId | None) -> str:
    gateway = error.gateway_name or words.the_gateway
    provider = model.provider if model and model.provider else gateway
    match error:
        case errors.GatewayUnreachable():
            return words.gateway_off if error.gateway_name else words.gateway_off_other
        case errors.NoModelList():
            return words.no_model_list.format(gateway=gateway)
        case errors.KeyRefused():
            return words.key_refused.format(gateway=gateway)
        case errors.ProviderRefused(status=401):
            return words.provider_key.format(provider=provider, gateway=gateway)
        case errors.ProviderRefused(status=402):
            return words.provider_balance.format(provider=provider)
        case errors.ProviderRefused():
            return words.provider_refused.format(provider=provider)
        case errors.ModelNotFound():
            return words.model_gone.format(model=error.model)
        case errors.PicturesRefused(seeing=seeing):
            names = ", ".join(f"`{each}`" for each in seeing[:3])
            more = f" {words.pictures_seen_by.format(models=names)}" if names else ""
            return words.pictures_refused.format(model=model) + more
        case errors.ContextTooLong():
            return words.context_too_long.format(model=model)
        case errors.ProviderLimited():
            return words.provider_limited.format(provider=provider)
        case errors.GatewaySilent() if model is None:
            return words.gateway_mute.format(gateway=gateway, time=duration(error.seconds, words))
        case errors.GatewaySilent(before_first=True):
            return words.silent_before.format(model=model, time=duration(error.seconds, words))
        case errors.GatewaySilent():
            return words.silent_after.format(model=model)
        case errors.AnswerCut():
            return words.cut
        case errors.AnswerEmpty():
            return words.empty
        case errors.AnswerFiltered():
            return words.filtered
        case _:
            return words.provider_failed.format(provider=provider)


def _to_admins(error: errors.GatewayError, words: Words) -> str:
    match error:
        case errors.GatewayUnreachable():
            return words.admin_gateway_off.format(url=error.url)
        case errors.KeyRefused():
            if not error.gateway_name:
                return words.admin_key_other
            return words.admin_key_missing if error.missing else words.admin_key_wrong
        case errors.ProviderRefused() | errors.ProviderLimited() | errors.ProviderFailed() if error.detail:
            return words.admin_detail.format(detail=error.detail)
        case _:
            return ""
