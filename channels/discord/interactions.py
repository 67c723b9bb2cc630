"""Slash commands, pressed buttons, arguments that are being typed: each is answered within three seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import discord
import structlog
from discord import app_commands
from msgspec.structs import replace

from bridge.channel import Host
from bridge.errors import ChannelError, Gone, Refused
from bridge.inbound import Pressed, Said
from bridge.types import Button
from channels.discord.arrivals import Arrival
from channels.discord.calls import call
from channels.discord.incoming import Reader, option
from channels.discord.places import Places
from channels.discord.senders import is_admitted
from channels.discord.tasks import Tasks

T = TypeVar("T")

log = structlog.get_logger(__name__)

ACKNOWLEDGE_SECONDS = 2.5
"""For the acknowledgement of an interaction, `senders.ADMISSION_SECONDS` among them: Discord waits three."""
SUGGEST_SECONDS = 2.0
"""For the suggestions; the rest of the three seconds is for sending them."""
MAX_SUGGESTIONS = 25
MAX_SUGGESTION = 100
"""Characters of a suggestion's label, and of its value."""
MAX_TAKE_BACKS = 4
"""Attempts to take an acknowledgement back, within some seven seconds."""


class Interactions:
    """Acknowledges interactions and hands them on; completes what is typed."""

    def __init__(
        self, host: Host, reader: Reader, places: Places, deliver: Callable[[Arrival], None], tasks: Tasks
    ) -> None:
        self._host, self._reader, self._places = host, reader, places
        self._deliver, self._tasks = deliver, tasks

    async def handle(self, interaction: discord.Interaction) -> None:
        """Raises ChannelError where Discord refuses a suggestion, ValueError and others on nonsense."""
        if interaction.type is discord.InteractionType.autocomplete:
            await self._complete(interaction)
        elif interaction.type is discord.InteractionType.application_command:
            said = self._reader.command(interaction)
            ack = await _unless_refused(self._acknowledge(interaction, said))
            self._hand_on(interaction, replace(said, ack=ack or ""))
        elif interaction.type is discord.InteractionType.component:
            pressed = self._reader.press(interaction)
            deferring = interaction.response.defer()  # shows nothing to anybody
            await _unless_refused(call(deferring, timeout=ACKNOWLEDGE_SECONDS))
            self._hand_on(interaction, pressed)

    def _hand_on(self, interaction: discord.Interaction, event: Said | Pressed) -> None:
        assert interaction.channel is not None
        self._places.learn(event.chat, interaction.channel.id)
        self._deliver(Arrival(event, interaction.channel.id, urgent=True))

    async def _acknowledge(self, interaction: discord.Interaction, said: Said) -> str:
        """Repeat a command's name in a message, which the answer then replaces; that message's id.

        Everybody there can read it, so it is for those who are let in. To others Discord shows it alone, and it is
        taken back at once; then there is no id. Unlike a deferred response it never hangs as 'thinking', whatever
        happens to us; and where all can read it, it is a message like any other: it can be edited for longer than an
        interaction lives, and by another process.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + ACKNOWLEDGE_SECONDS
        admitted = await is_admitted(self._host, said)
        try:
            sending = interaction.response.send_message(f"`{said.text.split()[0]}`", ephemeral=not admitted)
            answer = await call(sending, timeout=until - loop.time())
        finally:
            if not admitted:
                self._tasks.start(self._take_back(interaction))
        return str(answer.message_id or "") if admitted else ""

    async def _take_back(self, interaction: discord.Interaction) -> None:
        for attempt in range(MAX_TAKE_BACKS):
            try:
                with suppress(Gone, Refused):  # it is not there, or no longer
                    await call(interaction.delete_original_response())
                return
            except ChannelError as error:
                log.info("an acknowledgement could not be taken back", error=str(error))
                await asyncio.sleep(2**attempt)

    async def _complete(self, interaction: discord.Interaction) -> None:
        command, typed = option(interaction)
        found: Sequence[Button] = ()
        try:
            async with asyncio.timeout(SUGGEST_SECONDS):
                found = await self._host.suggest(command, typed, self._reader.command(interaction))
        except Exception as error:  # noqa: BLE001 - a person who types must always be answered
            log.info("no suggestions", command=command, error=type(error).__name__)
        values = [(each.label, each.command.removeprefix(f"/{command} ")) for each in found[:MAX_SUGGESTIONS]]
        offered = [
            app_commands.Choice(name=label[:MAX_SUGGESTION], value=value)
            for label, value in values
            if label and 0 < len(value) <= MAX_SUGGESTION
        ]
        await call(interaction.response.autocomplete(offered), timeout=ACKNOWLEDGE_SECONDS)


async def _unless_refused(acknowledging: Awaitable[T]) -> T | None:
    """Where it fails, Discord tells the person that nothing came; they are answered all the same."""
    try:
        return await acknowledging
    except ChannelError as error:
        log.warning("an interaction was not acknowledged", error=str(error))
        return None
