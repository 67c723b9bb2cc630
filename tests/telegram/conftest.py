"""A stage without flood limits, and the channel that is pointed at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from bridge.channel import Channel
from bridge.types import IncomingMessage
from channels.telegram import Settings, open_channel, polling
from tests.doors import OPEN
from tests.emulators.telegram import Rules, TelegramStage
from tests.telegram.kept import Kept

UNHURRIED = Rules(chat_burst=1000, group_max=1000, total_max=1000)
PATIENCE = 30.0
"""Seconds that a slow machine may take for anything at all."""

Reopen = Callable[[], AbstractAsyncContextManager["Listening"]]


class Listening:
    """A channel, and what it hears."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._messages = channel.listen(OPEN)

    async def next(self) -> IncomingMessage:
        """The next message; asking for it acknowledges the last."""
        return await asyncio.wait_for(anext(self._messages), PATIENCE)


def settings_for(stage: TelegramStage) -> Settings:
    said = {name.lower(): value for name, value in stage.environment().items()}
    return Settings.model_validate(said | {"telegram_edit_interval": 0.01, "telegram_group_interval": 0.02})


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between failed polls."""
    monkeypatch.setattr(polling, "FIRST_PAUSE", 0.01)


@pytest.fixture
async def stage() -> AsyncIterator[TelegramStage]:
    async with TelegramStage(UNHURRIED) as stage:
        yield stage


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def reopen(stage: TelegramStage, kept: Kept) -> Reopen:
    """Start the bot (again), with the memory it had."""

    @asynccontextmanager
    async def start() -> AsyncIterator[Listening]:
        async with open_channel(settings_for(stage), kept) as channel:
            yield Listening(channel)

    return start


@pytest.fixture
async def bot(reopen: Reopen) -> AsyncIterator[Listening]:
    async with reopen() as bot:
        yield bot


@pytest.fixture
def channel(bot: Listening) -> Channel:
    return bot.channel
