"""Every stage there is, by its channel's name: whatever is asserted of one is asserted of all."""

from __future__ import annotations

from collections.abc import Callable

from tests.emulators.discord import DiscordStage
from tests.emulators.feishu import FeishuStage
from tests.emulators.telegram import TelegramStage
from tests.stage import Stage

STAGES: dict[str, Callable[[], Stage]] = {
    "telegram": TelegramStage,
    "discord": DiscordStage,
    "feishu": FeishuStage,
}
