from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bridge.store import Store
from tests.access.desk import Office
from tests.access.desk import office as open_office


@pytest_asyncio.fixture
async def office(store: Store, tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(store, tmp_path) as opened:
        yield opened
