"""What the app keeps running, and what it ends."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bridge.app import Bridge
from bridge.errors import StoreError
from bridge.gateway import Gateway, Gateways
from bridge.inbound import Said
from bridge.reply import Account
from bridge.settings import Settings
from bridge.store import Store
from bridge.types import ModelId
from tests.emulators.gateway import GatewayEmulator
from tests.harness import HOME, OWNER, TalkingChannel, until_true


async def test_a_channel_that_failed_while_it_opened_leaves_nothing_running(store: Store, tmp_path: Path) -> None:
    """It would go on answering through a channel that is closed, and each attempt would count as failed."""
    opened = 0

    async def greet(_account: Account) -> None:
        nonlocal opened
        opened += 1
        if opened == 1:
            raise StoreError("away")

    settings = Settings(data_dir=tmp_path, admins=(OWNER,))
    async with settings.open_gateways() as gateways:
        app = Bridge(settings, store, gateways)
        app.opened = greet
        serving = asyncio.create_task(app.serve({"fake": lambda _memory: TalkingChannel()}, grace=0))
        await until_true(lambda: opened == 2)
        running = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
        serving.cancel()
        await asyncio.wait([serving])
        await app.inbox.close()
    assert running.count("Bridge._work") == running.count("Bridge._listen") == 1


class Idle(TalkingChannel):
    """Another platform, on which nobody says anything."""

    name, account = "idle", "idle"


async def test_an_answer_is_finished_though_another_channel_has_stopped(store: Store, tmp_path: Path) -> None:
    channel = TalkingChannel()
    settings = Settings(data_dir=tmp_path, admins=(OWNER,), model=ModelId.parse("fake-openai:ok"))
    async with (
        GatewayEmulator("B") as emulator,
        Gateway(emulator.url, emulator.key, first_token=60, idle=60) as gateway,
    ):
        app = Bridge(settings, store, Gateways.of_one(gateway))
        serving = asyncio.create_task(app.serve({"fake": lambda _memory: channel, "idle": lambda _memory: Idle()}))
        emulator.answer("The whole answer.", first_token=1.0)
        channel.heard.put_nowait(Said("1", HOME, OWNER, "hello"))
        await until_true(lambda: len(emulator.requests) == 1)
        serving.cancel()
        await asyncio.wait([serving])
        await app.inbox.close()
    assert "The whole answer." in [message.text for message in channel.messages.values()]
