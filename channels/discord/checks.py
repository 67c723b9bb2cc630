"""What `cherry-bridge doctor` checks of a Discord bot: two calls of the REST API, and the gateway's greeting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from bridge.diagnostics import Diagnostic
from bridge.words import Language
from channels.discord.advice import IN
from channels.discord.settings import Settings
from channels.kit.probe import Probe, Unreachable, check_clock

AREA = "discord"
MESSAGE_CONTENT = 1 << 18 | 1 << 19
"""An application's flags: the intent is granted, or switched on for a bot that few people use (Discord's
documentation, Application Flags)."""
PERMISSIONS = 309237713920
"""To view channels, send messages, send them in threads, open threads, and read the history."""
INVITE = "https://discord.com/oauth2/authorize?client_id={id}&scope=bot+applications.commands&permissions={permissions}"
HELLO_OPCODE = 10
"""The opcode of the gateway's first frame (Discord's documentation, Gateway Opcodes)."""


async def check(settings: Settings, language: Language, *, thorough: bool) -> AsyncIterator[Diagnostic]:
    """See `ChannelSettings.check`. `thorough` makes no difference: Discord lets any number of programs listen."""
    advice = IN[language]
    headers = {
        "Authorization": f"Bot {settings.discord_token.get_secret_value()}",
        "User-Agent": "DiscordBot (cherry-bridge, 0)",
    }
    async with Probe(settings.discord_api_url, headers=headers, proxy=settings.proxy or "") as api:
        try:
            me = await api.get("/users/@me")
            application = await api.get("/applications/@me")
        except Unreachable:
            yield advice.unreachable.found("wrong", AREA, url=settings.discord_api_url)
            return
        if me.status == 401:
            yield advice.token_wrong.found("wrong", AREA)
            return
        if me.status != 200 or application.status != 200:
            yield advice.failed.found("wrong", AREA, status=max(me.status, application.status))
            return
        yield advice.up.found("ok", AREA, name=_object(me.body).get("username"))
        for diagnostic in check_clock(me, advice.clock, AREA):
            yield diagnostic
        about = _object(application.body)
        flags = about.get("flags")
        if not (isinstance(flags, int) and flags & MESSAGE_CONTENT):
            if settings.discord_message_content:
                yield advice.content_refused.found("wrong", AREA)
            elif settings.discord_message_content is None:
                yield advice.content_off.found("note", AREA)
        if about.get("approximate_guild_count") == 0:
            link = INVITE.format(id=about.get("id"), permissions=PERMISSIONS)
            yield advice.no_server.found("note", AREA, link=link)
        if await _greets(api, settings.discord_gateway_url):
            yield advice.gateway_fine.found("ok", AREA)
        else:
            yield advice.gateway_unreachable.found("wrong", AREA, url=settings.discord_gateway_url)


async def _greets(api: Probe, url: str) -> bool:
    """Whether the gateway says hello. We leave without identifying, which costs nothing of the daily limit."""
    try:
        return _object(await api.first_frame(f"{url.rstrip('/')}/?v=10&encoding=json")).get("op") == HELLO_OPCODE
    except Unreachable:
        return False


def _object(body: object) -> dict[str, Any]:
    return body if isinstance(body, dict) else {}
