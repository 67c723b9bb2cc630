"""A stage without flood limits, and a bot of the real library on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from telegram import Bot

from tests.emulators.telegram import TelegramStage
from tests.telegram_emulator.client import UNHURRIED, bot_at


@pytest.fixture
async def stage() -> AsyncIterator[TelegramStage]:
    async with TelegramStage(UNHURRIED) as stage:
        yield stage


@pytest.fixture
async def bot(stage: TelegramStage) -> AsyncIterator[Bot]:
    async with bot_at(stage) as bot:
        yield bot
