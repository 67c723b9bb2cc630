"""The connection that events come through, kept up by starting a new client whenever one ends.

discord.py resumes a lost connection by itself, but gives up in ways that it does not come back from: a first
connect refused, a session it cannot resume for long. A client that has ended is never used again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Protocol

import discord
import structlog

from bridge.errors import Refused
from channels.discord.calls import call, translated

if TYPE_CHECKING:
    from channels.discord.incoming import Place

log = structlog.get_logger(__name__)

FIRST_RETRY_SECONDS = 0.5
MAX_RETRY_SECONDS = 120.0
"""Seconds between two new clients; each identifies, which an application may do a thousand times a day."""
SETTLED_SECONDS = 300.0
"""Seconds after which a client has been up long enough to forget the failures before it."""
RESUME_SECONDS = 60.0
"""Seconds that discord.py may try to resume before a new client takes over."""
GUILDS_SECONDS = 0.5
"""Seconds without another server's arrival after which a new session counts as ready."""
ESSENTIAL = frozenset({"READY", "RESUMED"})
"""Events that a session cannot do without: discord.py must fail where it cannot read them."""

NOT_GRANTED = (
    "DISCORD_MESSAGE_CONTENT is on, but the message content intent is not: switch it on in the developer portal, "
    "page Bot, or remove the variable; without it the bot answers to direct messages, mentions and commands"
)
CLOSE_REASONS = {
    4004: "Discord does not accept DISCORD_TOKEN: copy it anew from the page Bot of the developer portal",
    4010: "Discord refuses the shard that was asked for",
    4011: "the bot is in more servers than one connection may serve",
    4012: "Discord does not speak this version of the gateway any more: update discord.py",
    4013: "Discord does not know the intents that were asked for: update discord.py",
}


class Events(Protocol):
    """Who hears what happens; nothing here may wait, but for `interaction`."""

    def connected(self) -> None: ...

    def ready(self, client: discord.Client) -> None: ...

    def message(self, message: discord.Message) -> None: ...

    def edited(self, message: discord.Message) -> None: ...

    def deleted(self, channel: int, place: Place, messages: Collection[int]) -> None: ...

    async def interaction(self, interaction: discord.Interaction) -> None: ...

    def reacted(self, reaction: discord.RawReactionActionEvent, place: Place) -> None: ...

    def not_understood(self, event: str, error: Exception) -> None: ...


class _Client(discord.Client):
    """One session, and the resumes of it."""

    def __init__(self, events: Events, resume_limit: asyncio.Timeout, **options: Any) -> None:
        super().__init__(
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=GUILDS_SECONDS,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            **options,
        )
        self._events, self._resume_limit = events, resume_limit
        # An event that discord.py cannot read would otherwise end the whole client.
        parsers = self._connection.parsers
        for event, parse in parsers.items():
            if event not in ESSENTIAL:
                parsers[event] = self._forgiving(event, parse)

    def _forgiving(self, event: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
        def parsed(data: Any) -> None:
            try:
                parse(data)
            except Exception as error:  # noqa: BLE001 - whatever a hostile event breaks, the next one must work
                self._events.not_understood(event, error)

        return parsed

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        if not self.is_closed():  # a session that has ended may still find itself ready
            super().dispatch(event, *args, **kwargs)

    async def on_connect(self) -> None:
        self._resume_limit.reschedule(None)
        self._events.connected()

    async def on_resumed(self) -> None:
        self._resume_limit.reschedule(None)

    async def on_disconnect(self) -> None:
        if self._resume_limit.when() is None:
            self._resume_limit.reschedule(asyncio.get_running_loop().time() + RESUME_SECONDS)

    async def on_ready(self) -> None:
        self._events.ready(self)

    async def on_message(self, message: discord.Message) -> None:
        self._events.message(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        self._events.edited(payload.message)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        self._events.deleted(payload.channel_id, self.get_channel(payload.channel_id), [payload.message_id])

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        self._events.deleted(payload.channel_id, self.get_channel(payload.channel_id), payload.message_ids)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        self._events.reacted(payload, self.get_channel(payload.channel_id))

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        await self._events.interaction(interaction)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        log.exception("an event could not be handled", event_method=event_method)


class Gateway:
    def __init__(self, token: str, proxy: str | None, message_content: bool | None, events: Events) -> None:
        self._token, self._proxy, self._events = token, proxy, events
        self._message_content = message_content

    async def run(self, account: discord.Client) -> None:
        """Listen until cancelled. Raises Refused, with the reason, where listening can never work.

        `account` is logged in and can tell what the application is allowed.
        """
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            reads = self._message_content
            try:
                if reads is None:
                    flags = (await call(account.application_info())).flags
                    reads = flags.gateway_message_content or flags.gateway_message_content_limited
                    log.info("message content intent", granted=reads)
                await self._session(content=reads)
                lost = "closed"
            except discord.LoginFailure as error:
                raise translated(error) from None
            except discord.PrivilegedIntentsRequired:
                if self._message_content:
                    raise Refused(NOT_GRANTED) from None
                self._message_content = False  # the portal changed its mind since it was asked
                log.warning("the message content intent is not granted; going on without it")
                continue
            except discord.ConnectionClosed as error:
                if error.code in CLOSE_REASONS:
                    raise Refused(CLOSE_REASONS[error.code]) from None
                lost = f"closed with {error.code}"
            except Refused:
                raise
            except Exception as error:  # noqa: BLE001 - discord.py ends in many ways; all of them mean: start anew
                lost = type(error).__name__
            failures = 0 if loop.time() - began > SETTLED_SECONDS else failures + 1
            delay = min(MAX_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(failures, 10)) * random.uniform(0.75, 1.25)
            log.warning("the gateway was lost; a new session follows", reason=lost, in_seconds=round(delay, 1))
            await asyncio.sleep(delay)

    async def _session(self, *, content: bool) -> None:
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.dm_messages = True
        intents.guild_reactions = intents.dm_reactions = True
        intents.message_content = content
        async with asyncio.timeout(RESUME_SECONDS) as resume_limit:
            async with _Client(self._events, resume_limit, intents=intents, proxy=self._proxy) as client:
                await client.start(self._token)
