"""Discord, through discord.py. Importing this costs next to nothing; opening it loads the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from channels import ChannelSettings
from channels.discord.settings import Settings

if TYPE_CHECKING:
    from bridge.channel import Channel, Memory

__all__ = ["Settings", "open_channel"]


def open_channel(settings: ChannelSettings, memory: Memory) -> Channel:
    from channels.discord.adapter import Discord

    assert isinstance(settings, Settings)
    return Discord(settings, memory)
