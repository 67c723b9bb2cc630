"""The terminal as a channel: one person, one direct chat, answers that grow in place. Opening it loads the rest."""

from channels.console.settings import Settings

__all__ = ["Settings"]
