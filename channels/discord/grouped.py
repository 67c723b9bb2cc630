"""What a channel's history leaves out: the server and the roles of whoever spoke, asked for where they matter.

A message that is heard live brings them along; one that is found in the history names its author and nothing more.
"""

from __future__ import annotations

from dataclasses import replace

import discord
import structlog

from bridge.channel import Host
from bridge.errors import ChannelError
from bridge.types import IncomingMessage
from channels.discord.calls import call
from channels.discord.incoming import groups_of

log = structlog.get_logger(__name__)


class Grouped:
    """For one catching up in one channel; `guild` is the server that it belongs to, None for a direct chat."""

    def __init__(self, host: Host, guild: discord.Guild | None) -> None:
        self._host = host
        self._guild = guild
        self._known: dict[str, tuple[str, ...]] = {}

    async def of(self, message: IncomingMessage) -> IncomingMessage:
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
