"""The demo's gateway has a knowledge base, and its guide answers from it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bridge.app import Bridge
from bridge.demo import DemoGateway
from bridge.gateway import Gateway, Gateways
from bridge.settings import Settings
from bridge.store import Store
from bridge.types import ModelId
from tests.emulators.gateway import GatewayEmulator
from tests.harness import HOME, OWNER, BridgeInProcess, TalkingChannel


async def test_one_message_shows_it(store: Store, tmp_path: Path) -> None:
    channel = TalkingChannel()
    async with DemoGateway(pace=0) as demo, Gateways.of_one(Gateway(demo.url)) as gateways:
        settings = Settings(
            gateway_url=demo.url, model=ModelId("demo", "guide"), data_dir=tmp_path, admins=(OWNER,), language="en"
        )
        app = Bridge(settings, store, gateways)
        serving = asyncio.create_task(app.serve({"fake": lambda _memory: channel}))
        bridge = BridgeInProcess(app, channel, GatewayEmulator(), settings)
        try:
            await bridge.say("/kb ask How do I get a Telegram bot token?")
            said = bridge.shown_in(HOME)[-1].text
            assert said.startswith("The documents say:") and "@BotFather" in said
            assert "[1] guide.en.md (Guide): “Telegram: " in said
            await bridge.say("/kb ask 怎样拿到 Telegram 的 token？")
            said = bridge.shown_in(HOME)[-1].text
            assert said.startswith("文档里写着：") and "[1] guide.zh.md (Guide)" in said
        finally:
            serving.cancel()
            await asyncio.wait([serving])
            await app.inbox.close()
