"""A Feishu channel at work in an emulated tenant, and what a test needs to hold of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from bridge.channel import Channel, Host
from bridge.errors import StoreError
from bridge.types import IncomingMessage
from channels.feishu import Settings
from channels.feishu.adapter import Feishu
from tests.doors import OPEN
from tests.emulators.feishu import FeishuStage, Rules

LONG = 30.0
"""Seconds; far more than anything here takes."""


class Kept:
    """A `bridge.channel.Memory` that outlives the channels of one test."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}
        self.away = False

    def _check(self) -> None:
        if self.away:
            raise StoreError("away")

    async def get(self, name: str) -> str:
        self._check()
        return self.facts.get(name, "")

    async def put(self, name: str, value: str) -> None:
        self._check()
        self.facts[name] = value

    async def add(self, name: str, amount: int = 1) -> int:
        self._check()
        self.facts[name] = str(int(self.facts.get(name, 0)) + amount)
        return int(self.facts[name])

    async def forget(self, name: str) -> None:
        self._check()
        self.facts.pop(name, None)

    async def names(self, prefix: str = "") -> Mapping[str, str]:
        self._check()
        return {name: value for name, value in self.facts.items() if name.startswith(prefix)}


class Office:
    """A stage and the channels on it; all that are opened share what is kept."""

    def __init__(self, stage: FeishuStage) -> None:
        self.stage = stage
        self.kept = Kept()
        self._open = AsyncExitStack()

    async def channel(self, **changes: object) -> Feishu:
        values = {name.lower(): value for name, value in self.stage.environment().items()}
        settings = Settings(_env_file=None, **{**values, **changes})  # type: ignore[call-arg,arg-type]
        return await self._open.enter_async_context(Feishu(settings, self.kept, self.stage.tenant.clock.now))

    async def ear(self, channel: Channel, host: Host = OPEN) -> Ear:
        ear = await self._open.enter_async_context(_listening(channel, host=host))
        await self.stage.listening(1)
        return ear

    async def close(self) -> None:
        await self._open.aclose()


class Ear:
    """Takes every message as soon as it comes, as the bridge's inbox does, each once."""

    def __init__(self, channel: Channel, seen: set[str], host: Host) -> None:
        self._channel, self._host = channel, host
        self._seen = seen
        self.heard: list[IncomingMessage] = []
        self.deliveries = 0
        self._came = asyncio.Condition()

    async def run(self) -> None:
        async for message in self._channel.listen(self._host):
            self.deliveries += 1
            if message.id not in self._seen:
                self._seen.add(message.id)
                self.heard.append(message)
            async with self._came:
                self._came.notify_all()

    async def next(self) -> IncomingMessage:
        async with asyncio.timeout(LONG), self._came:
            await self._came.wait_for(lambda: bool(self.heard))
        return self.heard.pop(0)


@asynccontextmanager
async def _listening(channel: Channel, seen: set[str] | None = None, host: Host = OPEN) -> AsyncIterator[Ear]:
    ear = Ear(channel, set() if seen is None else seen, host)
    task = asyncio.create_task(ear.run())
    try:
        yield ear
    finally:
        task.cancel()
        await asyncio.wait([task])


listening = _listening


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(LONG):
        while not true():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def office(rules: Rules | None = None) -> AsyncIterator[Office]:
    async with FeishuStage(rules) as stage:
        place = Office(stage)
        try:
            yield place
        finally:
            await place.close()
