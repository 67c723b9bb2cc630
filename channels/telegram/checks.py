"""What `cherry-bridge doctor` checks of a Telegram bot: calls of the Bot API that change nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

from bridge.diagnostics import Diagnostic
from bridge.words import Language
from channels.kit.probe import Probe, Unreachable, check_clock
from channels.telegram.advice import IN
from channels.telegram.settings import Settings

AREA = "telegram"
LISTEN_SECONDS = 5
"""Seconds of listening. A poll that is ended by ours comes back within a few: a library waits one to five."""
CONFLICT_DELAY_SECONDS = 3
"""Seconds that the server may keep back the news of a second conflict (telegram-bot-api, Client.cpp)."""


async def check(settings: Settings, language: Language, *, thorough: bool) -> AsyncIterator[Diagnostic]:
    """See `ChannelSettings.check`. Only a thorough one listens for a second program: that cuts a running poll."""
    advice = IN[language]
    url = settings.telegram_api_url
    root = f"{url}/bot{settings.telegram_token.get_secret_value()}"
    async with Probe(root, proxy=settings.proxy) as api:
        try:
            response = await api.post("/getMe", {})
            me = _result(response.body)
            if response.status == 401:
                yield advice.token_wrong.found("wrong", AREA)
                return
            if response.status == 404 or (response.status == 200 and not isinstance(me, dict)):
                yield advice.no_bot.found("wrong", AREA, url=url)
                return
            if response.status != 200:
                yield advice.failed.found("wrong", AREA, status=response.status)
                return
            assert isinstance(me, dict)
            yield advice.up.found("ok", AREA, name=me.get("username"))
            for diagnostic in check_clock(response, advice.clock, AREA):
                yield diagnostic
            if me.get("can_join_groups") is False:
                yield advice.no_groups.found("note", AREA)
            elif me.get("can_read_all_group_messages") is False:
                yield advice.privacy.found("note", AREA)
            webhook = _result((await api.post("/getWebhookInfo", {})).body)
            if isinstance(webhook, dict) and webhook.get("url"):
                yield advice.webhook.found("wrong", AREA)
            elif thorough and await _another_polls(api):
                yield advice.second.found("wrong", AREA)
        except Unreachable:
            yield advice.unreachable.found("wrong", AREA, url=url)


async def _another_polls(api: Probe) -> bool:
    """Whether another program asks for updates. Without an offset, ours acknowledges none, so none is lost.

    Of two polls the newer ends the older: ours ends theirs first, and theirs ends ours when it comes back.
    """
    end = time.monotonic() + LISTEN_SECONDS
    while (left := end - time.monotonic()) > 0:
        poll = await api.post(
            "/getUpdates", {"timeout": max(1, round(left)), "limit": 1}, timeout=left + CONFLICT_DELAY_SECONDS + 1
        )
        if poll.status == 409:
            return True
        if poll.status != 200 or _result(poll.body):
            return False  # no other program takes what waits here
    return False


def _result(body: object) -> object:
    return body.get("result") if isinstance(body, dict) else None
