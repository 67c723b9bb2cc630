"""A Discord stage and a channel that listens to it, with a memory that outlives the channel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from bridge.channel import Command, Host, Suggest
from bridge.types import Button, IncomingMessage
from channels.discord import Settings, open_channel
from channels.discord.adapter import Discord
from tests.doors import OPEN
from tests.emulators.discord import DiscordStage

SOON = 30.0
"""Seconds after which what should happen at once has not happened, on the slowest machine."""

COMMANDS = [
    Command("model", {"en": "Pick a model", "zh-CN": "选择模型", "zh-TW": "選擇模型"}, argument="name"),
    Command("new", {"en": "Start afresh", "zh-CN": "重新开始", "zh-TW": "重新開始"}),
    Command("allow", {"en": "Let someone in", "zh-CN": "允许", "zh-TW": "允許"}, argument="who", admin=True),
]


class Notes:
    """A memory that outlives the channel, as Redis does a process."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def get(self, name: str) -> str:
        return self.kept.get(name, "")

    async def put(self, name: str, value: str) -> None:
        self.kept[name] = value

    async def add(self, name: str, amount: int = 1) -> int:
        self.kept[name] = str(int(self.kept.get(name, "0")) + amount)
        return int(self.kept[name])

    async def forget(self, name: str) -> None:
        self.kept.pop(name, None)

    async def names(self, prefix: str = "") -> Mapping[str, str]:
        return {name: value for name, value in self.kept.items() if name.startswith(prefix)}


class Ear:
    """Takes what the channel hears, as the bridge does; `safe` are the messages that have been acknowledged."""

    def __init__(self, channel: Discord, host: Host = OPEN) -> None:
        self.heard: list[IncomingMessage] = []
        self.safe: list[IncomingMessage] = []
        self.accepting = asyncio.Event()
        self.accepting.set()
        self._channel, self._host = channel, host
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        messages = self._channel.listen(self._host)
        try:
            async for message in messages:
                self.heard.append(message)
                await self.accepting.wait()
                self.safe.append(message)
        finally:
            await messages.aclose()

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.heard]

    async def hears(self, *texts: str) -> None:
        """Wait until exactly these have been heard, in this order, and a moment longer for more."""
        await until(lambda: len(self.heard) >= len(texts) or self.task.done())
        await asyncio.sleep(0.1)
        if self.task.done():
            self.task.result()
        assert self.texts == list(texts)

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON):
        while not condition():
            await asyncio.sleep(0.01)


def settings(stage: DiscordStage, **more: Any) -> Settings:
    wanted = {key.lower(): value for key, value in stage.environment().items()} | more
    return Settings(_env_file=None, **wanted)  # type: ignore[call-arg]


@asynccontextmanager
async def opened(stage: DiscordStage, notes: Notes | None = None, **more: Any) -> AsyncIterator[Discord]:
    channel = open_channel(settings(stage, **more), notes or Notes())
    assert isinstance(channel, Discord)
    async with channel:
        stage.rest.login_at = 0.0  # it only writes; people need not wait for it to come online
        yield channel


@asynccontextmanager
async def listening(
    stage: DiscordStage, notes: Notes | None = None, host: Host = OPEN, **more: Any
) -> AsyncIterator[tuple[Discord, Ear]]:
    """A channel that hears everything said on the stage from now on."""
    sessions = stage.gateway.identifies
    async with opened(stage, notes, **more) as channel:
        ear = Ear(channel, host)
        try:
            await until(
                lambda: ear.task.done() or (stage.gateway.identifies > sessions and bool(stage.gateway.connected))
            )
            yield channel, ear
        finally:
            await ear.close()


async def models(typed: str, message: object) -> Sequence[Button]:
    """Three hundred models, and those of them that hold what was typed."""
    names = [f"openrouter:model-{number:03d}" for number in range(300)]
    return [Button(name, f"/model {name}") for name in names if typed in name]


def suggesting(suggest: Suggest) -> list[Command]:
    """The commands, with suggestions for the model."""
    model, *others = COMMANDS
    return [replace(model, suggest=suggest), *others]
