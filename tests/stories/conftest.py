"""Each story plays on every stage, with the real process, a real store, and a gateway of each generation in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.emulators.gateway import GatewayEmulator
from tests.stage import Stage
from tests.stages import STAGES
from tests.stories.bot import Bot


@pytest.fixture(params=STAGES)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with STAGES[request.param]() as stage:
        yield stage


@pytest.fixture
async def gateway() -> AsyncIterator[GatewayEmulator]:
    async with GatewayEmulator("B") as gateway:
        yield gateway


@pytest.fixture
async def bot(stage: Stage, gateway: GatewayEmulator, tmp_path: Path) -> AsyncIterator[Bot]:
    """Running, with mia as its admin."""
    async with Bot(stage, gateway, tmp_path, BRIDGE_ADMINS=str(stage.user("mia"))) as bot:
        yield bot
