"""Discord, through discord.py. Importing this costs next to nothing; opening it loads the rest."""

from channels.discord.settings import Settings

__all__ = ["Settings"]
