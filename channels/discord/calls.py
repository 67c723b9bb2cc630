"""Calls to Discord's REST API: every call is bounded in time, and every failure becomes one of our errors.

discord.py waits out a rate limit inside the call. We would rather know: the bridge goes on reading the answer
meanwhile and then shows the latest of it. So a trace watches the responses, and a 429 ends the call at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TypeVar

import aiohttp
import discord

from bridge.errors import ChannelError, Gone, RateLimited, Refused, TooLong, Unsure

T = TypeVar("T")

TIMEOUT_SECONDS = 20.0
"""Seconds for one call. discord.py itself would go on for up to 25 s after server errors, or wait 300 s."""
_NOTICE_SECONDS = 0.1
"""Seconds that discord.py gets to read a refusal for rate, before the call is ended."""
_DEFAULT_RETRY_SECONDS = 5.0
"""Seconds to wait after a 429 that does not say how long: the usual window."""

UNKNOWN_CODES = frozenset({10003, 10004, 10008, 10013})
"""Unknown channel, guild, message, user."""
NO_ACCESS_CODES = frozenset({50001, 50007})
"""Removed from the channel or server; the person does not take direct messages."""
NO_PERMISSION = 50013
TOO_LARGE = 40005
"""The files are larger than the server, or the person, may have them."""
INVALID_FORM = 50035


class BadReference(Refused):
    """The message to reply to is one that cannot be replied to."""


@dataclass
class _Call:
    deadline: asyncio.Timeout
    sent: bool = False
    limited: float | None = None


_current: ContextVar[_Call | None] = ContextVar("discord_call", default=None)


class Spacing:
    """How far apart edits must be for discord.py to hold none of them back, as Discord's own headers tell."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def learn(self, headers: aiohttp.typedefs.LooseHeaders) -> None:
        """Read the headers of the first call in a window: it alone tells how long the window is."""
        try:
            read = {str(key).lower(): str(value) for key, value in dict(headers).items()}
            limit, remaining = int(read["x-ratelimit-limit"]), int(read["x-ratelimit-remaining"])
            window = float(read["x-ratelimit-reset-after"])
        except (KeyError, ValueError):
            return
        if limit > 0 and remaining == limit - 1:
            self.seconds = min(10.0, 1.25 * window / limit)


def watch(spacing: Spacing) -> aiohttp.TraceConfig:
    """A trace for discord.py's session that tells `call` what happens to its request."""

    async def started(_session: object, _context: SimpleNamespace, _params: object) -> None:
        if (current := _current.get()) is not None:
            current.sent, current.limited = True, None

    async def ended(_session: object, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams) -> None:
        headers = params.response.headers
        if params.method == "PATCH" and params.response.status == 200:
            spacing.learn(headers)
        if params.response.status == 429 and (current := _current.get()) is not None:
            current.limited = _seconds(headers.get("X-RateLimit-Reset-After") or headers.get("Retry-After"))
            current.deadline.reschedule(asyncio.get_running_loop().time() + _NOTICE_SECONDS)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(started)
    trace.on_request_end.append(ended)
    return trace


async def call(request: Awaitable[T], *, timeout: float = TIMEOUT_SECONDS) -> T:
    """Await one call of discord.py's. Raises ChannelError and what is below it, nothing else."""
    try:
        async with asyncio.timeout(timeout) as deadline:
            current = _Call(deadline)
            token = _current.set(current)
            try:
                return await request
            finally:
                _current.reset(token)
    except discord.DiscordException as error:
        raise translated(error) from None
    except TimeoutError:
        if current.limited is not None:
            raise RateLimited(current.limited) from None
        if not current.sent:
            raise ChannelError("discord.py held the call back for too long") from None
        raise Unsure(f"Discord did not answer within {timeout:g} s") from None
    except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError) as error:
        raise ChannelError(f"Discord cannot be reached: {type(error).__name__}") from None
    except (aiohttp.ClientError, OSError) as error:
        raise Unsure(f"the connection to Discord was lost: {type(error).__name__}") from None
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise Unsure(f"Discord's answer cannot be understood: {type(error).__name__}") from error


def translated(error: discord.DiscordException) -> ChannelError:
    """Our error for one of discord.py's. Only Discord's own words are kept, never the request's."""
    match error:
        case discord.LoginFailure():
            return Refused("Discord does not accept DISCORD_TOKEN: copy it anew from the page Bot of the portal")
        case discord.RateLimited():
            return RateLimited(error.retry_after)
        case discord.HTTPException():
            return _translated_http(error)
        case _:
            return ChannelError(type(error).__name__)


def _translated_http(error: discord.HTTPException) -> ChannelError:
    said = f"{error.status} {error.code}: {error.text[:200]}"
    if error.status == 429:
        return RateLimited(_seconds(error.response.headers.get("Retry-After")))
    if error.status == 401:
        return Refused("Discord does not accept DISCORD_TOKEN any more: copy it anew from the page Bot of the portal")
    if error.status >= 500:
        return Unsure(said)
    if error.code in UNKNOWN_CODES or error.code in NO_ACCESS_CODES:
        return Gone(said)
    if error.code == TOO_LARGE or error.status == 413:
        return TooLong(said)
    if error.code == NO_PERMISSION:
        return Refused(f"the bot lacks a permission there; give it those of the invite link again ({said})")
    if error.code == INVALID_FORM and "message_reference" in error.text:
        return BadReference(said)
    if error.code == INVALID_FORM and "In content: Must be" in error.text:
        return TooLong(said)
    return Refused(said)


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or _DEFAULT_RETRY_SECONDS))
    except ValueError:
        return _DEFAULT_RETRY_SECONDS
