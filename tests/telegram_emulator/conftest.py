"""A platform without flood limits, and a bot of the real library on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telegram import Bot

from tests.emulators.telegram import TelegramPlatform
from tests.telegram_emulator.client import UNHURRIED, bot_at


@pytest.fixture
async def platform() -> AsyncIterator[TelegramPlatform]:
    async with TelegramPlatform(UNHURRIED) as platform:
        yield platform


@pytest.fixture
async def bot(platform: TelegramPlatform) -> AsyncIterator[Bot]:
    async with bot_at(platform) as bot:
        yield bot
