"""Record a chat: the real bot against a platform's emulator, and what a person has before them, moment by moment.

A moment is taken when the bot's messages have come to rest after a beat, a command or a press; how long it is then
seen is the script's to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from docs.pictures.beat import BeatGateway
from docs.pictures.content import Block, from_feishu, from_telegram
from tests.emulators.feishu import FeishuPlatform
from tests.emulators.feishu.tenant import BOT
from tests.emulators.telegram import TelegramPlatform
from tests.harness import BridgeProcess, until
from tests.platform import Platform

OWNER, STRANGER = "mia", "tom"
REST = 1.5
"""Seconds without a change after which the bot is at rest: more than it waits between two edits."""
UNSEEN = 3.0
"""Seconds after which a beat is taken to have brought nothing to be seen, such as an empty line."""


@dataclass(frozen=True, slots=True)
class Said:
    mine: bool
    blocks: tuple[Block, ...]
    buttons: tuple[tuple[str, ...], ...] = ()
    """Row by row."""
    pressed: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    messages: tuple[Said, ...]
    seconds: float
    draft: str = ""
    """What is typed and not yet sent."""
    typing: bool = False
    """Whether the app says that the other one is typing."""


class Watched(Protocol):
    """A platform of which everything in the owner's direct chat can be seen."""

    @property
    def platform(self) -> Platform: ...

    def messages(self) -> tuple[Said, ...]: ...


class Telegram:
    def __init__(self) -> None:
        self.platform = TelegramPlatform()

    def messages(self) -> tuple[Said, ...]:
        room = self.platform.world.private(self.platform.person(OWNER))
        return tuple(
            Said(
                message.sender != self.platform.world.me,
                from_telegram(message.content),
                tuple(
                    tuple(str(each["text"]) for each in row)
                    for row in (message.markup or {}).get("inline_keyboard", ())
                ),
            )
            for message in room.messages.values()
            if not message.deleted
        )


class Feishu:
    def __init__(self) -> None:
        self.platform = FeishuPlatform()

    def messages(self) -> tuple[Said, ...]:
        chat = self.platform.chat("direct", OWNER)
        return tuple(
            Said(message.sender != BOT, from_feishu(message), (tuple(label for label, _ in message.seen().buttons),))
            for message in self.platform.tenant.messages.values()
            if message.chat == chat.id and not message.deleted
        )


class Chat:
    """A person's session in the chat with the bot."""

    def __init__(self, watched: Watched, bot: BridgeProcess, gateway: BeatGateway) -> None:
        self.moments: list[Moment] = []
        self._watched = watched
        self._platform = watched.platform
        self._bot = bot
        self._gateway = gateway

    async def command(self, text: str, *, seconds: float = 1.5) -> None:
        """Send what the bridge itself answers."""
        await self._send(text)
        await self._rest(self._watched.messages())
        self.shoot(seconds)

    async def ask(self, text: str, *, tokens: int, each: float = 0.55) -> None:
        """Send what the model answers, and watch it grow to its end."""
        await self._send(text)
        await self._grow(tokens, each)

    async def press(self, label: str, *, seconds: float = 1.5) -> None:
        """Press the button of that label, the last one there is."""
        self._shoot_pressed(label)
        before = self._watched.messages()
        await self._press(label)
        await self._rest(before)
        self.shoot(seconds)

    async def press_for_more(self, label: str, *, tokens: int, each: float = 0.55) -> None:
        """Press a button that the model answers."""
        self._shoot_pressed(label)
        await self._press(label)
        await self._grow(tokens, each)

    async def knock(self, text: str, *, seconds: float = 2.0) -> None:
        """A stranger writes to the bot, somewhere else."""
        await self._platform.say(text, who=STRANGER)
        await until(
            lambda: any(bubble.buttons for bubble in self._bot.bubbles(who=OWNER)[-1:]), "the owner to be asked"
        )
        await self._rest(self._watched.messages())
        self.shoot(seconds)

    def shoot(self, seconds: float, *, draft: str = "") -> None:
        messages = self._watched.messages()
        typing = self._gateway.speaking and self._platform.shows_typing and messages[-1].mine
        self.moments.append(Moment(messages, seconds, draft, typing))

    async def _send(self, text: str) -> None:
        self.shoot(0.9, draft=text)
        await self._platform.say(text, who=OWNER)

    async def _grow(self, tokens: int, each: float) -> None:
        await until(lambda: self._gateway.speaking, "the model to be asked")
        self.shoot(0.8)
        while self._gateway.speaking:
            before = self._watched.messages()
            await self._gateway.beat(tokens)
            await self._rest(before)
            self.shoot(each)
        self.shoot(1.5)

    async def _rest(self, before: tuple[Said, ...]) -> None:
        """Until something is not as `before`, and then nothing changes for a while."""
        loop = asyncio.get_running_loop()
        began = changed = loop.time()
        last, seen = before, False
        while loop.time() - changed < (REST if seen else UNSEEN):
            await asyncio.sleep(0.05)
            if (now := self._watched.messages()) != last:
                last, changed, seen = now, loop.time(), True
            assert loop.time() - began < 60, "the bot finds no rest"

    def _shoot_pressed(self, label: str) -> None:
        *others, last = self._watched.messages()
        self.moments.append(Moment((*others, replace(last, pressed=label)), 0.35))

    async def _press(self, label: str) -> None:
        await self._platform.press(self._bot.bubbles(who=OWNER)[-1].id, label, who=OWNER)


async def telegram_in_english(chat: Chat) -> None:
    await chat.ask("What does code look like here?", tokens=11)
    await chat.command("/model")
    await chat.press("Demo (23)")
    await chat.press("Demo · Poet")
    await chat.ask("A poem about the sea", tokens=8)
    await chat.knock("Hello! May I talk to you, too?")
    await chat.press("Allow", seconds=3)


async def telegram_in_chinese(chat: Chat) -> None:
    await chat.ask("代码看起来是什么样？", tokens=11)
    await chat.command("/model")
    await chat.press("演示 (2)")
    await chat.press("演示 · 诗人")
    await chat.ask("写一首关于海的诗", tokens=6)
    await chat.knock("你好，我也能和你聊吗？")
    await chat.press("允许", seconds=3)


async def feishu_in_english(chat: Chat) -> None:
    await chat.ask("Which commands are there?", tokens=14)
    await chat.command("/model length")
    await chat.ask("Tell me a story", tokens=9)
    await chat.press_for_more("Continue", tokens=9)
    await chat.knock("Hello! May I talk to you, too?")
    await chat.press("Allow", seconds=3)


async def feishu_in_chinese(chat: Chat) -> None:
    await chat.ask("有哪些命令？", tokens=10)
    await chat.command("/model length")
    await chat.ask("讲一个故事", tokens=6)
    await chat.press_for_more("继续", tokens=9)
    await chat.knock("你好，我也能和你聊吗？")
    await chat.press("允许", seconds=3)


Script = Callable[[Chat], Coroutine[None, None, None]]


async def record(watched: Watched, script: Script, home: Path, language: str) -> list[Moment]:
    """What the owner saw while the script was played, in a chat whose greetings are over."""
    async with BeatGateway() as gateway, watched.platform as platform:
        settings = {
            "BRIDGE_ADMINS": str(platform.user(OWNER)),
            "BRIDGE_LANGUAGE": language,
            "BRIDGE_MODEL": "demo:guide",
        }
        async with BridgeProcess(platform, gateway, home, **settings) as bot:
            chat = Chat(watched, bot, gateway)
            await script(chat)
            return chat.moments
