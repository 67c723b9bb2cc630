"""Each story plays on every platform, with the real process, a real store, and a gateway of each generation in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.emulators.gateway import GatewayEmulator
from tests.harness import BridgeProcess
from tests.platform import Platform
from tests.platforms import PLATFORMS


@pytest.fixture(params=PLATFORMS)
async def platform(request: pytest.FixtureRequest) -> AsyncIterator[Platform]:
    async with PLATFORMS[request.param]() as platform:
        yield platform


@pytest.fixture
async def gateway() -> AsyncIterator[GatewayEmulator]:
    async with GatewayEmulator("B") as gateway:
        yield gateway


@pytest.fixture
async def bot(platform: Platform, gateway: GatewayEmulator, tmp_path: Path) -> AsyncIterator[BridgeProcess]:
    """Running, with mia as its admin."""
    async with BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=str(platform.user("mia"))) as bot:
        yield bot
