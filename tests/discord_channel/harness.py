"""A Discord platform and a channel that listens to it, with a memory that outlives the channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from bridge.channel import Command, Host
from bridge.inbound import Deleted, Edited, Inbound, Pressed, Said
from bridge.types import Button
from channels.discord import Settings
from channels.discord.adapter import Discord
from tests.emulators.discord import DiscordPlatform
from tests.fakes import ALLOW_ALL, FakeHost

SOON_SECONDS = 30.0
"""After these, what should happen at once has not happened, on the slowest machine."""

COMMANDS = [
    Command("model", {"en": "Pick a model", "zh-CN": "选择模型", "zh-TW": "選擇模型"}, argument="name"),
    Command("new", {"en": "Start afresh", "zh-CN": "重新开始", "zh-TW": "重新開始"}),
    Command("allow", {"en": "Let someone in", "zh-CN": "允许", "zh-TW": "允許"}, argument="who", admin=True),
]
COMPLETING = [replace(COMMANDS[0], completes=True), *COMMANDS[1:]]
"""The commands; the model is suggested while it is typed."""


class FakeMemory:
    """A memory that outlives the channel, as Redis does a process."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def get(self, name: str) -> str:
        return self.kept.get(name, "")

    async def put(self, name: str, value: str) -> None:
        self.kept[name] = value

    async def put_all(self, values: Mapping[str, str]) -> None:
        self.kept |= values

    async def add(self, name: str, amount: int = 1) -> int:
        self.kept[name] = str(int(self.kept.get(name, "0")) + amount)
        return int(self.kept[name])

    async def forget(self, name: str) -> None:
        self.kept.pop(name, None)

    async def names(self, prefix: str = "") -> Mapping[str, str]:
        return {name: value for name, value in self.kept.items() if name.startswith(prefix)}


class Recorder:
    """Takes what the channel yields, as the bridge does."""

    def __init__(self, channel: Discord, host: Host = ALLOW_ALL) -> None:
        self.events: list[Inbound] = []
        self.acknowledged: list[Inbound] = []
        self.accepting = asyncio.Event()
        """Whether the next one is asked for, which acknowledges the last."""
        self.accepting.set()
        self._channel, self._host = channel, host
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        batches = self._channel.listen(self._host)
        try:
            async for batch in batches:
                self.events += batch
                await self.accepting.wait()
                self.acknowledged += batch
        finally:
            await batches.aclose()

    @property
    def said(self) -> list[Said]:
        return [event for event in self.events if isinstance(event, Said)]

    @property
    def pressed(self) -> list[Pressed]:
        return [event for event in self.events if isinstance(event, Pressed)]

    @property
    def texts(self) -> list[str]:
        """Every event in words: a message's text, ``edited: text``, ``deleted: id``, a button's command."""
        return [_words(event) for event in self.events]

    async def receives(self, *texts: str) -> None:
        """Wait until exactly these have come, in this order, and a moment longer for more."""
        await until(lambda: len(self.events) >= len(texts) or self.task.done())
        await asyncio.sleep(0.1)
        if self.task.done():
            self.task.result()
        assert self.texts == list(texts)

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


def _words(event: Inbound) -> str:
    match event:
        case Said():
            return event.text
        case Edited():
            return f"edited: {event.message.text}"
        case Deleted():
            return f"deleted: {event.id}"
        case Pressed():
            return event.command
        case _:
            raise LookupError(f"Discord moves no chats: {event}")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON_SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


def settings(platform: DiscordPlatform, **more: Any) -> Settings:
    wanted = {key.lower(): value for key, value in platform.environment().items()} | more
    return Settings(_env_file=None, **wanted)  # type: ignore[call-arg]


@asynccontextmanager
async def opened(platform: DiscordPlatform, memory: FakeMemory | None = None, **more: Any) -> AsyncIterator[Discord]:
    channel = settings(platform, **more).open_channel(memory or FakeMemory())
    assert isinstance(channel, Discord)
    async with channel:
        platform.rest.login_at = 0.0  # it only writes; people need not wait for it to come online
        yield channel


@asynccontextmanager
async def listening(
    platform: DiscordPlatform, memory: FakeMemory | None = None, host: Host = ALLOW_ALL, **more: Any
) -> AsyncIterator[tuple[Discord, Recorder]]:
    """A channel that hears everything said on the platform from now on."""
    sessions = platform.gateway.identifies
    async with opened(platform, memory, **more) as channel:
        recorder = Recorder(channel, host)
        try:
            await until(
                lambda: (
                    recorder.task.done()
                    or (platform.gateway.identifies > sessions and bool(platform.gateway.connected))
                )
            )
            yield channel, recorder
        finally:
            await recorder.close()


@dataclass
class ModelHost(FakeHost):
    """Suggests three hundred models: those that hold what was typed."""

    async def suggest(self, command: str, typed: str, _message: Said) -> Sequence[Button]:
        assert command == "model"
        names = [f"openrouter:model-{number:03d}" for number in range(300)]
        return [Button(name, f"/model {name}") for name in names if typed in name]
