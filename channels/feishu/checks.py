"""What `cherry-bridge doctor` checks of a Feishu app: its bot, its scopes, and its long connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.diagnostics import Diagnostic, Sentence, Severity
from bridge.words import Language
from channels.feishu.advice import IN, Advice
from channels.feishu.settings import Settings
from channels.kit.probe import Probe, Response, Unreachable, check_clock

AREA = "feishu"
REQUIRED_SCOPES = ("im:message.p2p_msg:readonly", "im:message.group_at_msg:readonly", "im:message:send_as_bot")
OPTIONAL_SCOPES = (
    "im:message:update",
    "im:message:readonly",
    "im:resource",
    "im:chat:read",
    "cardkit:card:write",
    "contact:contact.base:readonly",
    "contact:user.base:readonly",
)
"""Those of docs/feishu.md whose absence a person would notice."""
DEPARTMENT_SCOPES = ("contact:user.department:readonly",)
"""Needed only where whole departments are let in."""
PLATFORM_ERRORS = frozenset({1, 2200, 1000040343, 99991400})
"""The platform is at fault, or limits the rate; the app is not."""
TOO_MANY_CONNECTIONS = 1000040350
"""An app may have fifty connections."""


async def check(settings: Settings, language: Language, *, thorough: bool) -> AsyncIterator[Diagnostic]:
    """See `ChannelSettings.check`. `thorough` makes no difference: the platform does not say who else listens."""
    advice = IN[language]
    domain, app_id = settings.feishu_domain, settings.feishu_app_id
    secret = settings.feishu_app_secret.get_secret_value()
    async with Probe(domain, proxy=settings.proxy) as api:
        try:
            response = await api.post(
                "/open-apis/auth/v3/tenant_access_token/internal",
                {"app_id": app_id, "app_secret": secret},
            )
            token = _answer(response)
            if token.code != 0:
                yield _refused(token.code, advice, domain)
                return
            authorized = {"Authorization": f"Bearer {token.body.get('tenant_access_token')}"}
            bot = _answer(await api.get("/open-apis/bot/v3/info", headers=authorized))
            if bot.code != 0 or not isinstance(about := bot.body.get("bot"), dict):
                yield advice.no_bot.found("wrong", AREA, code=bot.code)
                return
            yield advice.up.found("ok", AREA, name=about.get("app_name") or app_id)
            for diagnostic in check_clock(response, advice.clock, AREA):
                yield diagnostic
            scopes = _answer(await api.get("/open-apis/application/v6/scopes", headers=authorized))
            for diagnostic in _scopes(scopes, settings, advice):
                yield diagnostic
            endpoint = _answer(
                await api.post(
                    "/callback/ws/endpoint", {"AppID": app_id, "AppSecret": secret}, headers={"locale": "zh"}
                )
            )
            if endpoint.code == 0:
                yield advice.connection_fine.found("ok", AREA)
            elif endpoint.code == TOO_MANY_CONNECTIONS:
                yield advice.connection_full.found("wrong", AREA)
            else:
                yield advice.connection_failed.found("wrong", AREA, code=endpoint.code)
        except Unreachable:
            yield advice.unreachable.found("wrong", AREA, domain=domain)


def _refused(code: int, advice: Advice, domain: str) -> Diagnostic:
    is_platform_error = code in PLATFORM_ERRORS or code < 0
    return (advice.failed if is_platform_error else advice.app_wrong).found("wrong", AREA, domain=domain, code=code)


def _scopes(answer: _Answer, settings: Settings, advice: Advice) -> list[Diagnostic]:
    """Which of the scopes the tenant has not granted (the page application-v6/scope/list; it needs no scope itself)."""
    data = answer.body.get("data")
    scopes = data.get("scopes") if isinstance(data, dict) else None
    if answer.code != 0 or not isinstance(scopes, list):
        return [advice.scopes_unknown.found("note", AREA, code=answer.code)]
    granted = {
        scope.get("scope_name") for scope in scopes if isinstance(scope, dict) and scope.get("grant_status") == 1
    }
    found: list[Diagnostic] = []
    kinds: list[tuple[Sequence[str], Sentence, Severity]] = [
        (REQUIRED_SCOPES, advice.scopes_missing, "wrong"),
        (OPTIONAL_SCOPES, advice.scopes_optional, "note"),
        (DEPARTMENT_SCOPES, advice.scopes_departments, "note"),
    ]
    for wanted, sentence, severity in kinds:
        if lacking := [scope for scope in wanted if scope not in granted]:
            link = f"{settings.feishu_domain}/app/{settings.feishu_app_id}/auth?q={','.join(lacking)}"
            found.append(sentence.found(severity, AREA, scopes=", ".join(lacking), link=link))
    return found


@dataclass(frozen=True, slots=True)
class _Answer:
    code: int
    """0 for success; the HTTP status, negative, where the body has no code."""
    body: Mapping[str, Any]


def _answer(response: Response) -> _Answer:
    body = response.body
    if not isinstance(body, dict) or not isinstance(body.get("code"), int):
        return _Answer(-response.status, {})
    return _Answer(body["code"], body)
