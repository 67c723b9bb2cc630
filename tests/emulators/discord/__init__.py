"""Discord on loopback: its REST API and gateway for the bot, its screen and keyboard for the people."""

from tests.emulators.discord.platform import DiscordPlatform

__all__ = ["DiscordPlatform"]
