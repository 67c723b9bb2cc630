"""Every platform in turn, with its channel and somebody who listens to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

import channels
from bridge.channel import Channel
from bridge.settings import read
from bridge.store import Store
from tests.contract.harness import Listener, Open
from tests.platform import Platform
from tests.platforms import PLATFORMS


@pytest.fixture(params=PLATFORMS)
async def platform(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Platform]:
    async with PLATFORMS[request.param]() as platform:
        for name, value in platform.environment().items():
            monkeypatch.setenv(name, value)
        yield platform


@pytest.fixture
def reopen(platform: Platform, store: Store) -> Open:
    """Start the channel (again), with what it remembers."""

    @asynccontextmanager
    async def start() -> AsyncIterator[Channel]:
        settings = read(channels.load(platform.channel), None)
        async with settings.open_channel(store.memory(platform.channel)) as channel:
            yield channel

    return start


@pytest.fixture
async def channel(reopen: Open) -> AsyncIterator[Channel]:
    async with reopen() as channel:
        yield channel


@pytest.fixture
async def listener(channel: Channel) -> AsyncIterator[Listener]:
    listener = Listener(channel)
    yield listener
    await listener.close()
