"""Telegram, through python-telegram-bot's `Bot`. Importing it costs next to nothing; opening it loads the rest."""

from channels.telegram.settings import Settings

__all__ = ["Settings"]
