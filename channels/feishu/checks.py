"""What `init` asks for Feishu, and what `doctor` looks at: the app, its bot, its scopes, and the long connection."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from bridge.diagnostics import Diagnostic, Sentence, SettingPrompt, Severity
from bridge.words import Language
from channels import ChannelSettings
from channels.feishu.advice import IN, Advice
from channels.feishu.settings import Settings

AREA = "feishu"
TIMEOUT = 8.0
"""Seconds for a call."""
CLOCK = 60.0
"""Seconds that a clock may be off."""
NEEDED = ("im:message.p2p_msg:readonly", "im:message.group_at_msg:readonly", "im:message:send_as_bot")
WELCOME = (
    "im:message:update",
    "im:message:readonly",
    "im:chat:read",
    "cardkit:card:write",
    "contact:contact.base:readonly",
    "contact:user.base:readonly",
)
"""Those of docs/feishu.md whose absence a person would notice."""
DEPARTMENTS = ("contact:user.department:readonly",)
"""For those who let in whole departments, and for nobody else."""
CREDENTIALS = frozenset({403, 514, 10003, 10012, 10013, 10014, 10015})
"""The app's id or secret is wrong, or the app is not in use (auth-v3 and long-connection pages)."""
BUSY = frozenset({1, 2200, 1000040343, 99991400})
FULL = 1000040350
"""An app may have fifty connections."""


def questions(language: Language) -> Sequence[SettingPrompt]:
    return IN[language].questions


async def check(settings: ChannelSettings, language: Language, *, thorough: bool) -> AsyncIterator[Diagnostic]:
    """`thorough` makes no difference: the platform does not tell who else listens for the app."""
    assert isinstance(settings, Settings)
    advice = IN[language]
    domain, app_id = settings.feishu_domain, settings.feishu_app_id
    secret = settings.feishu_app_secret.get_secret_value()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        api = _Api(session, settings)
        try:
            token = await api.call(
                "POST", "/open-apis/auth/v3/tenant_access_token/internal", {"app_id": app_id, "app_secret": secret}
            )
            if token.code != 0:
                yield _refused(token.code, advice, domain)
                return
            api.token = str(token.body.get("tenant_access_token"))
            bot = await api.call("GET", "/open-apis/bot/v3/info")
            if bot.code != 0 or not isinstance(about := bot.body.get("bot"), dict):
                yield advice.no_bot.found("wrong", AREA, code=bot.code)
                return
            yield advice.up.found("ok", AREA, name=about.get("app_name") or app_id)
            if token.clock_off > CLOCK:
                yield advice.clock.found("wrong", AREA, seconds=round(token.clock_off))
            for diagnostic in _scopes(await api.call("GET", "/open-apis/application/v6/scopes"), settings, advice):
                yield diagnostic
            endpoint = await api.call("POST", "/callback/ws/endpoint", {"AppID": app_id, "AppSecret": secret})
            if endpoint.code == 0:
                yield advice.connection_fine.found("ok", AREA)
            elif endpoint.code == FULL:
                yield advice.connection_full.found("wrong", AREA)
            else:
                yield advice.connection_failed.found("wrong", AREA, code=endpoint.code)
        except (aiohttp.ClientError, OSError, TimeoutError):
            yield advice.unreachable.found("wrong", AREA, domain=domain)


def _refused(code: int, advice: Advice, domain: str) -> Diagnostic:
    trouble = code in BUSY or code < 0
    return (advice.failed if trouble else advice.app_wrong).found("wrong", AREA, domain=domain, code=code)


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
        (NEEDED, advice.scopes_missing, "wrong"),
        (WELCOME, advice.scopes_optional, "note"),
        (DEPARTMENTS, advice.scopes_departments, "note"),
    ]
    for wanted, sentence, severity in kinds:
        if lacking := [scope for scope in wanted if scope not in granted]:
            link = f"{settings.feishu_domain}/app/{settings.feishu_app_id}/auth?q={','.join(lacking)}"
            found.append(sentence.found(severity, AREA, scopes=", ".join(lacking), link=link))
    return found


@dataclass(frozen=True, slots=True)
class _Answer:
    code: int
    """0 where all is well; the HTTP status, negative, where the answer holds none."""
    body: Mapping[str, Any]
    clock_off: float
    """Seconds between our clock and the server's."""


class _Api:
    def __init__(self, session: aiohttp.ClientSession, settings: Settings) -> None:
        self._session = session
        self._domain, self._proxy = settings.feishu_domain, settings.proxy or None
        self.token = ""

    async def call(self, method: str, path: str, body: Mapping[str, str] | None = None) -> _Answer:
        """Raises aiohttp.ClientError, OSError or TimeoutError where nobody answers."""
        async with self._session.request(
            method,
            self._domain + path,
            json=body,
            headers={"Authorization": f"Bearer {self.token}"} if self.token else {"locale": "zh"},
            proxy=self._proxy,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT),
        ) as response:
            payload = await response.read()
            clock_off = _clock_off(response.headers.get("Date", ""))
            try:
                data = json.loads(payload)
            except (ValueError, RecursionError):
                data = None
            if not isinstance(data, dict) or not isinstance(data.get("code"), int):
                return _Answer(-response.status, {}, clock_off)
            return _Answer(data["code"], data, clock_off)


def _clock_off(date: str) -> float:
    try:
        return abs(time.time() - parsedate_to_datetime(date).timestamp())
    except ValueError:
        return 0.0
