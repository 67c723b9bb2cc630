"""A gateway's error, as one sentence that says what to do; for an admin, one more that says where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bridge import errors
from bridge.diagnostics import in_variables_of
from bridge.types import ModelId
from bridge.words.words import Words

if TYPE_CHECKING:
    from bridge.words.shell import DoctorWords


def trouble(error: errors.GatewayError, words: Words, *, model: ModelId | None, admin: bool) -> str:
    """What to tell a person about `error`, which happened when `model` was asked."""
    said = _to_everybody(error, words, model)
    if error.gateway_label:
        said = f"{error.gateway_label}: {said}"
    if admin and (more := _to_admins(error, words)):
        said = f"{said}\n\n{in_variables_of(error.gateway_id, more)}"
    return said


def why_unread(kind: str, name: str, values: Mapping[str, object], words: Words) -> str:
    """Why the file called `name` was not read; `kind` and `values` as `bridge.media.Unreadable` has them."""
    part, _, reason = kind.partition(":")
    if part == "document":
        return words.document_errors[reason].format(name=name, **values)
    if kind not in words.unreadable_files:
        return words.document_errors["unsupported"].format(name=name)
    said = words.unreadable_files[kind].format(**values)
    return f"{name}: {said}" if name else said


def with_gateway(sentence: str, words: Words, name: str, **values: object) -> str:
    """`sentence` about the gateway of this `name`; empty where it has none that we know."""
    if name:
        return sentence.format(gateway=name, **values)
    gateway = words.the_gateway
    if not gateway.isascii():  # Chinese puts blanks around foreign names only
        sentence = sentence.replace("{gateway} ", "{gateway}").replace(" {gateway}", "{gateway}")
    before, _, after = sentence.partition("{gateway}")
    if not any(map(str.isalnum, before)):
        sentence = before + gateway[:1].upper() + gateway[1:] + after
    return sentence.format(gateway=gateway, **values)


def no_models(words: Words, name: str) -> str:
    """The sentence that the gateway of this `name` offers no models."""
    cherry = name == errors.CHERRY_STUDIO
    return words.models_none if cherry else with_gateway(words.models_none_other, words, name)


def models_count(count: int, words: Words | DoctorWords) -> str:
    """So many models, in words."""
    return words.one_model if count == 1 else words.many_models.format(count=count)


def duration(seconds: float, words: Words) -> str:
    """A time in words: seconds up to a minute and a half, then whole minutes."""
    if seconds < 90:
        count = max(1, round(seconds))
        return words.one_second if count == 1 else words.seconds.format(count=count)
    count = round(seconds / 60)
    return words.one_minute if count == 1 else words.whole_minutes.format(count=count)


def _to_everybody(error: errors.GatewayError, words: Words, model: ModelId | None) -> str:
    name = error.gateway_name
    cherry = name == errors.CHERRY_STUDIO
    between = name in errors.WITH_PROVIDERS and model is not None and bool(model.provider)
    provider = model.provider if between and model else name or words.the_gateway
    provider = provider[:1].upper() + provider[1:] if provider == words.the_gateway else provider
    match error:
        case errors.GatewayUnreachable():
            return words.gateway_off if cherry else with_gateway(words.gateway_off_other, words, name)
        case errors.NoModelList():
            return with_gateway(words.no_model_list, words, name)
        case errors.KeyRefused():
            return with_gateway(words.key_refused, words, name)
        case errors.ProviderRefused(status=401) if not between:
            return with_gateway(words.provider_key_other, words, name)
        case errors.ProviderRefused(status=401):
            return with_gateway(words.provider_key, words, name, provider=provider)
        case errors.ProviderRefused(status=402):
            return words.provider_balance.format(provider=provider)
        case errors.ProviderRefused():
            return words.provider_refused.format(provider=provider)
        case errors.ModelNotFound() if error.gateways:
            return words.model_nowhere.format(model=error.model, gateways=", ".join(error.gateways))
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
            return with_gateway(words.gateway_mute, words, name, time=duration(error.seconds, words))
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
            if error.gateway_name != errors.CHERRY_STUDIO:
                return with_gateway(words.admin_key_other, words, error.gateway_name)
            return words.admin_key_missing if error.missing else words.admin_key_wrong
        case errors.ProviderRefused() | errors.ProviderLimited() | errors.ProviderFailed() if error.detail:
            return words.admin_detail.format(detail=error.detail)
        case _:
            return ""
