"""Every platform there is, by its channel's name: whatever is asserted of one is asserted of all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.emulators.discord import DiscordPlatform
from tests.emulators.feishu import FeishuPlatform
from tests.emulators.telegram import TelegramPlatform
from tests.platform import Platform

PLATFORMS: dict[str, Callable[[], Platform]] = {
    "telegram": partial(TelegramPlatform, speed=5.0, bot_speed=4.0),
    "discord": DiscordPlatform,
    "feishu": FeishuPlatform,
}
