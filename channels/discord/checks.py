"""What `init` asks for Discord, and what `doctor` looks at: two calls of the REST API, and a look at the gateway."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from bridge.diagnostics import Diagnostic, SettingPrompt
from bridge.words import Language
from channels import ChannelSettings
from channels.discord.advice import IN
from channels.discord.settings import Settings

AREA = "discord"
TIMEOUT = 8.0
"""Seconds for a call."""
CLOCK = 60.0
"""Seconds that a clock may be off."""
MESSAGE_CONTENT = 1 << 18 | 1 << 19
"""An application's flags: the intent is granted, or switched on for a bot that few people use (Discord's
documentation, Application Flags)."""
PERMISSIONS = 309237713920
"""To view channels, send messages, send them in threads, open threads, and read the history."""
INVITE = "https://discord.com/oauth2/authorize?client_id={id}&scope=bot+applications.commands&permissions={permissions}"
HELLO = 10


def questions(language: Language) -> Sequence[SettingPrompt]:
    return IN[language].questions


async def check(settings: ChannelSettings, language: Language, *, thorough: bool) -> AsyncIterator[Diagnostic]:
    """`thorough` makes no difference: Discord lets any number of programs listen."""
    assert isinstance(settings, Settings)
    advice = IN[language]
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        try:
            me = await _get(session, settings, "/users/@me")
            application = await _get(session, settings, "/applications/@me")
        except (aiohttp.ClientError, OSError, TimeoutError):
            yield advice.unreachable.found("wrong", AREA, url=settings.discord_api_url)
            return
        if me.status == 401:
            yield advice.token_wrong.found("wrong", AREA)
            return
        if me.status != 200 or application.status != 200:
            yield advice.failed.found("wrong", AREA, status=max(me.status, application.status))
            return
        yield advice.up.found("ok", AREA, name=me.body.get("username"))
        if me.clock_off > CLOCK:
            yield advice.clock.found("wrong", AREA, seconds=round(me.clock_off))
        flags = application.body.get("flags")
        if not (isinstance(flags, int) and flags & MESSAGE_CONTENT):
            if settings.discord_message_content:
                yield advice.content_refused.found("wrong", AREA)
            elif settings.discord_message_content is None:
                yield advice.content_off.found("note", AREA)
        if application.body.get("approximate_guild_count") == 0:
            link = INVITE.format(id=application.body.get("id"), permissions=PERMISSIONS)
            yield advice.no_server.found("note", AREA, link=link)
        if await _greets(session, settings):
            yield advice.gateway_fine.found("ok", AREA)
        else:
            yield advice.gateway_unreachable.found("wrong", AREA, url=settings.discord_gateway_url)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: dict[str, Any]
    clock_off: float
    """Seconds between our clock and the server's."""


async def _get(session: aiohttp.ClientSession, settings: Settings, path: str) -> _Answer:
    """Raises aiohttp.ClientError, OSError or TimeoutError where nobody answers."""
    async with session.get(
        settings.discord_api_url + path,
        headers={
            "Authorization": f"Bot {settings.discord_token.get_secret_value()}",
            "User-Agent": "DiscordBot (cherry-bridge, 0)",
        },
        proxy=settings.proxy,
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(total=TIMEOUT),
    ) as response:
        payload = await response.read()
        return _Answer(response.status, _object(payload), _clock_off(response.headers.get("Date", "")))


async def _greets(session: aiohttp.ClientSession, settings: Settings) -> bool:
    """Whether the gateway says hello; we leave without saying who we are, which costs nothing of the daily limit."""
    try:
        async with session.ws_connect(
            f"{settings.discord_gateway_url.rstrip('/')}/?v=10&encoding=json",
            proxy=settings.proxy,
            timeout=aiohttp.ClientWSTimeout(ws_receive=TIMEOUT, ws_close=1.0),
        ) as socket:
            greeting = await socket.receive()
            data = greeting.data if isinstance(greeting.data, str) else ""
            return _object(data.encode()).get("op") == HELLO
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False


def _object(payload: bytes) -> dict[str, Any]:
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _clock_off(date: str) -> float:
    try:
        return abs(time.time() - parsedate_to_datetime(date).timestamp())
    except ValueError:
        return 0.0
