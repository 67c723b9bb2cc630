"""What `init` asks for Telegram, and what `doctor` looks at: by four calls of the Bot API that change nothing."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from yarl import URL

from bridge.diagnostics import Diagnostic, SettingPrompt
from bridge.words import Language
from channels import ChannelSettings
from channels.telegram.advice import IN
from channels.telegram.settings import Settings

AREA = "telegram"
TIMEOUT = 8.0
"""Seconds for a call."""
LISTEN = 5
"""Seconds of listening. A poll that is ended by ours comes back within a few: a library waits one to five."""
DELAYED = 3
"""Seconds that the server may keep back the news of a second conflict (telegram-bot-api, Client.cpp)."""
CLOCK = 60.0
"""Seconds that a clock may be off."""


def questions(language: Language) -> Sequence[SettingPrompt]:
    return IN[language].questions


async def check(settings: ChannelSettings, language: Language, *, thorough: bool) -> AsyncIterator[Diagnostic]:
    assert isinstance(settings, Settings)
    advice = IN[language]
    url = settings.telegram_api_url
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        api = _Api(session, settings)
        try:
            who = await api.call("getMe")
            if who.status == 401:
                yield advice.token_wrong.found("wrong", AREA)
                return
            if who.status == 404 or (who.status == 200 and not isinstance(who.result, dict)):
                yield advice.no_bot.found("wrong", AREA, url=url)
                return
            if who.status != 200:
                yield advice.failed.found("wrong", AREA, status=who.status)
                return
            yield advice.up.found("ok", AREA, name=who.result.get("username"))
            if who.clock_off > CLOCK:
                yield advice.clock.found("wrong", AREA, seconds=round(who.clock_off))
            if who.result.get("can_join_groups") is False:
                yield advice.no_groups.found("note", AREA)
            elif who.result.get("can_read_all_group_messages") is False:
                yield advice.privacy.found("note", AREA)
            webhook = await api.call("getWebhookInfo")
            if isinstance(webhook.result, dict) and webhook.result.get("url"):
                yield advice.webhook.found("wrong", AREA)
            elif thorough and await _another_polls(api):
                yield advice.second.found("wrong", AREA)
        except (aiohttp.ClientError, OSError, TimeoutError):
            yield advice.unreachable.found("wrong", AREA, url=url)


async def _another_polls(api: _Api) -> bool:
    """Whether somebody else asks for updates. Without an offset, ours acknowledges none, so none is lost.

    Of two polls the newer ends the older: ours ends theirs first, and theirs ends ours when it comes back.
    """
    end = time.monotonic() + LISTEN
    while (left := end - time.monotonic()) > 0:
        poll = await api.call("getUpdates", left + DELAYED + 1, timeout=max(1, round(left)), limit=1)
        if poll.status == 409:
            return True
        if poll.status != 200 or poll.result:
            return False  # what waits here is taken by nobody
    return False


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    result: Any
    clock_off: float
    """Seconds between our clock and the server's."""


class _Api:
    """Never raises an address: it holds the token."""

    def __init__(self, session: aiohttp.ClientSession, settings: Settings) -> None:
        self._session = session
        self._root = f"{settings.telegram_api_url}/bot{settings.telegram_token.get_secret_value()}"
        self._proxy = settings.proxy or None

    async def call(self, method: str, patience: float = TIMEOUT, **arguments: int) -> _Answer:
        """Raises aiohttp.ClientError, OSError or TimeoutError where nobody answers."""
        async with self._session.post(
            URL(f"{self._root}/{method}", encoded=True),
            json=arguments,
            proxy=self._proxy,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=patience),
        ) as response:
            payload = await response.read()
            try:
                data = json.loads(payload)
            except (ValueError, RecursionError):
                data = None
            result = data.get("result") if isinstance(data, dict) else None
            return _Answer(response.status, result, _clock_off(response.headers.get("Date", "")))


def _clock_off(date: str) -> float:
    try:
        return abs(time.time() - parsedate_to_datetime(date).timestamp())
    except ValueError:
        return 0.0
