"""Everybody, everywhere, everything, on every platform: exactly who gets what. What should be is in `table.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.access import Access
from bridge.commands import Commands
from bridge.gateway import Gateway, Gateways
from bridge.inbox import Inbox
from bridge.settings import Settings
from bridge.store import Store
from tests.emulators.discord import DiscordPlatform
from tests.emulators.feishu import FeishuPlatform
from tests.emulators.feishu.rules import Rules as FeishuRules
from tests.emulators.gateway import GatewayEmulator
from tests.emulators.telegram import TelegramPlatform
from tests.emulators.telegram.rules import Rules as TelegramRules
from tests.harness import BridgeProcess, toolbox
from tests.platform import Platform
from tests.platforms import PLATFORMS
from tests.stories.round import Round
from tests.stories.table import COMMANDS, WAYS, senders

MANY = 10**9


def _telegram() -> Platform:
    return TelegramPlatform(TelegramRules(chat_burst=MANY, group_max=MANY, total_max=MANY, typing=((MANY, 1.0),)))


def _discord() -> Platform:
    platform = DiscordPlatform(speed=125.0)
    platform.interactions.deadline = 60.0
    return platform


def _feishu() -> Platform:
    return FeishuPlatform(
        FeishuRules(ack_within=60.0, per_second=MANY, per_minute=MANY, per_chat=MANY, per_patched=MANY)
    )


QUICK: dict[str, Callable[[], Platform]] = {"telegram": _telegram, "discord": _discord, "feishu": _feishu}
"""Stages without the limits that other tests are about."""
SETTINGS = {
    "TELEGRAM_EDIT_INTERVAL": "0.01",
    "TELEGRAM_GROUP_INTERVAL": "0.01",
    "DISCORD_CATCH_UP_MESSAGES": "100",  # people may write while the bot is starting
    "BRIDGE_LOG": "info",
}


@pytest.mark.timeout(900)  # hundreds of messages, answered at the pace that the bridge keeps on a platform
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("channel", PLATFORMS)
async def test_exactly_who_gets_what(
    channel: str, way: str, gateway: GatewayEmulator, store: Store, redis_url: str, tmp_path: Path
) -> None:
    async with QUICK[channel]() as platform:
        everybody = senders(channel, way)
        for sender in everybody:  # the groups are there before the bot is
            platform.chat(sender.where, sender.name)
        owners = ["mia", *(sender.name for sender in everybody if sender.who == "owner")]
        settings = SETTINGS | {"BRIDGE_ADMINS": ",".join(str(platform.user(owner)) for owner in owners)}
        async with BridgeProcess(platform, gateway, tmp_path, BRIDGE_REDIS_URL=redis_url, **settings):
            played = Round(platform, way, store, gateway, Access(store.redis), everybody)
            await played.prepare()
            await played.play()
            faults = [*played.faults(), *played.faults_at_the_gateway(), *await played.faults_in_the_trail()]
            assert not faults, "\n".join(faults)


def test_every_platform_is_played() -> None:
    assert set(QUICK) == set(PLATFORMS)


async def test_the_table_knows_every_command(store: Store, gateway: GatewayEmulator) -> None:
    client = Gateway(gateway.url, gateway.key)
    async with Gateways.of_one(client) as gateways:
        commands = Commands(store, Inbox(store), gateways, Access(store.redis), Settings(), toolbox(store, client))
        there = set(commands._entries)
    assert there <= {text.split()[0].removeprefix("/") for text in COMMANDS}
