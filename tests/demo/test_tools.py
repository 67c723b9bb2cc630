"""The demo's models call tools, and its gateway hands out a weather and notes."""

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


async def test_two_messages_show_it(store: Store, tmp_path: Path) -> None:
    channel = TalkingChannel()
    async with DemoGateway(pace=0) as demo, Gateways.of_one(Gateway(demo.url)) as gateways:
        settings = Settings(
            gateway_url=demo.url, model=ModelId("demo", "guide"), data_dir=tmp_path, admins=(OWNER,), language="en"
        )
        app = Bridge(settings, store, gateways)
        serving = asyncio.create_task(app.serve({"fake": lambda _memory: channel}))
        bridge = BridgeInProcess(app, channel, GatewayEmulator(), settings)
        try:
            assert "weather" in await bridge.say("/tools on")
            said = await bridge.say("What is the weather in Paris?")
            assert said.startswith("Here is what the tool says:") and "Paris: " in said
            assert "144" in await bridge.say("What is 12 * 12?")
            await bridge.say("Note down: buy milk")
            question = bridge.shown_in(HOME)[-1]
            assert "buy milk" in question.text and question.buttons[0].label == "Once"
            await bridge.say(question.buttons[0].command, menu=question.ref)
            assert "There are 1 notes now." in bridge.shown_in(HOME)[-1].text
        finally:
            serving.cancel()
            await asyncio.wait([serving])
            await app.inbox.close()
