"""What must be known of a sender before the bridge gets their message: whether they are let in, their groups.

A message that is heard live brings the server and the roles of its sender along; one that is found in a channel's
history names its author and nothing more.
"""

from __future__ import annotations

import asyncio

import discord
import structlog
from msgspec.structs import replace

from bridge.channel import Host
from bridge.errors import ChannelError, StoreError
from bridge.inbound import Pressed, Said
from channels.discord.calls import call
from channels.discord.incoming import groups_of

log = structlog.get_logger(__name__)

ADMISSION_SECONDS = 1.0
"""How long the bridge may take to say whether somebody is let in."""


async def is_admitted(host: Host, message: Said | Pressed) -> bool:
    """Whether its sender is let in; where that cannot be known in time, they are taken for a stranger."""
    try:
        async with asyncio.timeout(ADMISSION_SECONDS):
            return await host.admits(message)
    except (StoreError, TimeoutError) as error:
        log.warning("somebody could not be judged, and is taken for a stranger", error=str(error) or "no time left")
        return False


class SenderGroups:
    """The groups of those who wrote in one server, each person asked for once, and only where they matter."""

    def __init__(self, host: Host, guild: discord.Guild | None) -> None:
        """`guild` is None for a direct chat."""
        self._host = host
        self._guild = guild
        self._known: dict[str, tuple[str, ...]] = {}

    async def added_to(self, message: Said) -> Said:
        """The message with its sender's groups; without any where they left, or Discord does not tell.

        Raises StoreError.
        """
        if self._guild is None or message.groups or not await self._host.needs_groups(message):
            return message
        person = message.sender.id
        if person not in self._known:
            self._known[person] = await self._ask(self._guild, int(person))
        return replace(message, groups=self._known[person])

    async def _ask(self, guild: discord.Guild, person: int) -> tuple[str, ...]:
        """One call a person; it needs no privileged intent (https://docs.discord.com/developers/resources/guild)."""
        if (member := guild.get_member(person)) is not None:
            return groups_of(member)
        try:
            return groups_of(await call(guild.fetch_member(person)))
        except ChannelError as error:
            log.info("somebody's roles are not to be had", error=str(error))
            return ()
