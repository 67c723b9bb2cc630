"""An emulated gateway of each generation, and a client that does not dawdle between tries."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bridge.gateway import Gateway
from tests.emulators.gateway import GatewayEmulator, Generation


@pytest.fixture(params=["A", "B", "C"])
async def emulator(request: pytest.FixtureRequest) -> AsyncIterator[GatewayEmulator]:
    generation: Generation = request.param
    async with GatewayEmulator(generation) as emulator:
        yield emulator


@pytest.fixture
async def gateway(emulator: GatewayEmulator) -> AsyncIterator[Gateway]:
    async with Gateway(emulator.url, emulator.key, retry_delay=0.01) as gateway:
        yield gateway


def only(*generations: Generation) -> pytest.MarkDecorator:
    """Play the test in these generations alone."""
    return pytest.mark.parametrize("emulator", generations, indirect=True)
