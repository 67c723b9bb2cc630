"""The whole bridge on a fake platform, with the demo's gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bridge.app import Bridge
from bridge.demo import DemoGateway
from bridge.gateway import Gateway, Gateways
from bridge.settings import Settings
from bridge.store import Store
from bridge.types import ModelId
from tests.emulators.gateway import GatewayEmulator
from tests.harness import OWNER, BridgeInProcess, TalkingChannel


@pytest_asyncio.fixture
async def bridge(store: Store, tmp_path: Path) -> AsyncIterator[BridgeInProcess]:
    channel = TalkingChannel()
    async with DemoGateway(pace=0) as demo, Gateways.of_one(Gateway(demo.url)) as gateways:
        settings = Settings(
            gateway_url=demo.url, model=ModelId("demo", "guide"), data_dir=tmp_path, admins=(OWNER,), language="en"
        )
        app = Bridge(settings, store, gateways)
        serving = asyncio.create_task(app.serve({"fake": lambda _memory: channel}))
        try:
            yield BridgeInProcess(app, channel, GatewayEmulator(), settings)
        finally:
            serving.cancel()
            await asyncio.wait([serving])
            await app.inbox.close()
