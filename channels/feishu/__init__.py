"""Feishu and Lark: one app's long connection in, streaming cards out. The rest is imported when it is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from channels import ChannelSettings
from channels.feishu.settings import Settings

if TYPE_CHECKING:
    from bridge.channel import Channel, Memory

__all__ = ["Settings", "open_channel"]


def open_channel(settings: ChannelSettings, memory: Memory) -> Channel:
    from channels.feishu.adapter import Feishu

    assert isinstance(settings, Settings)
    return Feishu(settings, memory)
