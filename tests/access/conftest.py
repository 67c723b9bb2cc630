from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.commands import Management
from bridge.store import Store
from tests.harness import BridgeInProcess, bridge_in_process


@pytest_asyncio.fixture
async def bridge(store: Store, tmp_path: Path) -> AsyncIterator[BridgeInProcess]:
    async with bridge_in_process(store, tmp_path) as opened:
        yield opened


@pytest.fixture
def management(bridge: BridgeInProcess) -> Management:
    return bridge.app.commands.management
