"""A Feishu channel on loopback with an emulated tenant behind it, and what a test needs to hold of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from bridge.channel import Channel, Host
from bridge.errors import StoreError
from bridge.inbound import Edited, Inbound, Pressed, Said
from channels.feishu import Settings
from channels.feishu.adapter import Feishu
from tests.emulators.feishu import FeishuPlatform, Rules
from tests.fakes import ALLOW_ALL

LONG = 30.0
"""Seconds; far more than anything here takes."""
T = TypeVar("T")


class DictMemory:
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

    async def put_all(self, values: Mapping[str, str]) -> None:
        self._check()
        self.facts |= values

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


class Harness:
    """A platform and the channels on it; all that are opened share one memory."""

    def __init__(self, platform: FeishuPlatform) -> None:
        self.platform = platform
        self.memory = DictMemory()
        self._open = AsyncExitStack()

    async def channel(self, **changes: object) -> Feishu:
        values = {name.lower(): value for name, value in self.platform.environment().items()}
        settings = Settings(_env_file=None, **{**values, **changes})  # type: ignore[call-arg,arg-type]
        return await self._open.enter_async_context(Feishu(settings, self.memory, self.platform.tenant.clock.now))

    async def listen(self, channel: Channel, host: Host = ALLOW_ALL) -> Listener:
        listener = await self._open.enter_async_context(listening(channel, host=host))
        await self.platform.listening(1)
        return listener

    async def close(self) -> None:
        await self._open.aclose()


class Listener:
    """Takes everything as soon as it comes, as the bridge's inbox does, each once."""

    def __init__(self, channel: Channel, seen: set[str], host: Host) -> None:
        self._channel, self._host = channel, host
        self._seen = seen
        self.heard: list[Inbound] = []
        self.deliveries = 0
        self._came = asyncio.Condition()

    async def run(self) -> None:
        async for batch in self._channel.listen(self._host):
            for inbound in batch:
                self.deliveries += 1
                about = id_of(inbound)
                if about not in self._seen:
                    self._seen.add(about)
                    self.heard.append(inbound)
            async with self._came:
                self._came.notify_all()

    async def next(self, kind: type[T]) -> T:
        async with asyncio.timeout(LONG), self._came:
            await self._came.wait_for(lambda: bool(self.heard))
        inbound = self.heard.pop(0)
        assert isinstance(inbound, kind), inbound
        return inbound

    async def said(self) -> Said:
        return await self.next(Said)

    async def pressed(self) -> Pressed:
        return await self.next(Pressed)


def id_of(inbound: Inbound) -> str:
    """The same for what is delivered twice."""
    if isinstance(inbound, Edited):
        return f"{inbound.message.id} {inbound.message.text}"
    return inbound.id if isinstance(inbound, Said) else f"{type(inbound).__name__} {inbound.id}"


@asynccontextmanager
async def listening(channel: Channel, seen: set[str] | None = None, host: Host = ALLOW_ALL) -> AsyncIterator[Listener]:
    listener = Listener(channel, set() if seen is None else seen, host)
    task = asyncio.create_task(listener.run())
    try:
        yield listener
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(LONG):
        while not true():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(rules: Rules | None = None) -> AsyncIterator[Harness]:
    async with FeishuPlatform(rules) as platform:
        harness = Harness(platform)
        try:
            yield harness
        finally:
            await harness.close()
