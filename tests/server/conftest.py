from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.server.harness import ServerRig, open_rig


@pytest_asyncio.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[ServerRig]:
    async with open_rig(tmp_path) as opened:
        yield opened
