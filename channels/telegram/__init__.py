"""Telegram, through python-telegram-bot's `Bot`. Importing it costs next to nothing; opening it loads the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from channels import ChannelSettings
from channels.telegram.settings import Settings

if TYPE_CHECKING:
    from bridge.channel import Channel, Memory

__all__ = ["Settings", "open_channel"]


def open_channel(settings: ChannelSettings, memory: Memory) -> Channel:
    from channels.telegram.adapter import Telegram

    assert isinstance(settings, Settings)
    return Telegram(settings, memory)
