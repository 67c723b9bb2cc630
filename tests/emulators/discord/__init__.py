"""Discord on loopback: its REST API and gateway for the bot, its screen and keyboard for the people."""

from tests.emulators.discord.stage import DiscordStage

__all__ = ["DiscordStage"]
