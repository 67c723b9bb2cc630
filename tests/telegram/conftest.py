"""A platform without flood limits, and the channel that is pointed at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import pytest

from bridge.channel import Channel
from bridge.inbound import ChatMoved, Edited, Inbound, Pressed, Said
from channels.telegram import Settings, polling
from tests.emulators.telegram import Rules, TelegramPlatform
from tests.fakes import ALLOW_ALL
from tests.telegram.kept import Kept

UNHURRIED = Rules(chat_burst=1000, group_max=1000, total_max=1000)
WAIT_SECONDS = 30.0
"""What a slow machine may take for anything at all."""

_Event = TypeVar("_Event", Said, Edited, Pressed, ChatMoved)
Reopen = Callable[[], AbstractAsyncContextManager["Listening"]]


class Listening:
    """A channel, and what it yields."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self._batches = channel.listen(ALLOW_ALL)
        self._batch: list[Inbound] = []

    async def next_event(self) -> Inbound:
        """What happens next; asking for what comes after the last of a batch acknowledges the batch."""
        if not self._batch:
            self._batch = list(await asyncio.wait_for(anext(self._batches), WAIT_SECONDS))
        return self._batch.pop(0)

    async def next(self) -> Said:
        return self._of(Said, await self.next_event())

    async def next_edit(self) -> Said:
        return self._of(Edited, await self.next_event()).message

    async def next_press(self) -> Pressed:
        return self._of(Pressed, await self.next_event())

    async def next_move(self) -> ChatMoved:
        return self._of(ChatMoved, await self.next_event())

    @staticmethod
    def _of(kind: type[_Event], event: Inbound) -> _Event:
        assert isinstance(event, kind), event
        return event


def settings_for(platform: TelegramPlatform) -> Settings:
    said = {name.lower(): value for name, value in platform.environment().items()}
    return Settings.model_validate(said | {"telegram_edit_interval": 0.01, "telegram_group_interval": 0.02})


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between failed polls."""
    monkeypatch.setattr(polling, "FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture
async def platform() -> AsyncIterator[TelegramPlatform]:
    async with TelegramPlatform(UNHURRIED) as platform:
        yield platform


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def reopen(platform: TelegramPlatform, kept: Kept) -> Reopen:
    """Start the bot (again), with the memory it had."""

    @asynccontextmanager
    async def start() -> AsyncIterator[Listening]:
        async with settings_for(platform).open_channel(kept) as channel:
            yield Listening(channel)

    return start


@pytest.fixture
async def bot(reopen: Reopen) -> AsyncIterator[Listening]:
    async with reopen() as bot:
        yield bot


@pytest.fixture
def channel(bot: Listening) -> Channel:
    return bot.channel
