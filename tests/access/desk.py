"""The bridge in this process, with a real store and a real gateway, on a platform made of paper.

Messages go in where a platform's would, through `Intake`; what comes out is read off the paper, by the message that it
answers or by the chat that it stands in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from bridge.app import Bridge
from bridge.channel import Host, Limits
from bridge.gateway import Gateway
from bridge.settings import Settings
from bridge.store import Store, keys
from bridge.types import Button, Chat, IncomingMessage, ModelId, User
from tests.emulators.gateway import GatewayEmulator
from tests.reply.paper import Paper, Scrap, Weather

PATIENCE = 60.0
LIMITS = Limits(max_length=4000, edit_interval=0.0, max_buttons=30)
OWNER = User("paper", "boss", "Olga")
HOME = Chat("paper", "boss", direct=True)


@dataclass(frozen=True)
class Sheet:
    ref: str
    chat: Chat
    text: str
    buttons: tuple[Button, ...]


class Desk(Paper):
    """Paper that hears what is put on it, and remembers which chat each sheet lies in."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        super().__init__(limits)
        self.heard: asyncio.Queue[IncomingMessage] = asyncio.Queue()
        self.chats: dict[str, Chat] = {}
        self.host: Host

    async def _call(self, text: str) -> Weather:
        return "fine"

    async def _answer(self, weather: Weather) -> None: ...

    async def listen(self, host: Host) -> AsyncGenerator[IncomingMessage, None]:
        self.host = host
        while True:
            yield await self.heard.get()
            self.heard.task_done()

    async def post(
        self,
        chat: Chat,
        text: str,
        *,
        key: str,
        again: bool = False,
        reply_to: str = "",
        final: bool,
        buttons: Sequence[Button] = (),
    ) -> Scrap:
        assert not chat.person, "a platform knows places only"
        scrap = await super().post(chat, text, key=key, again=again, reply_to=reply_to, final=final, buttons=buttons)
        self.chats[scrap.ref] = chat
        return scrap

    def link(self, code: str) -> str:
        return f"paper://start/{code}"


class Office:
    """The whole bridge at a desk."""

    def __init__(self, bridge: Bridge, desk: Desk, gateway: GatewayEmulator) -> None:
        self.bridge = bridge
        self.access = bridge.access
        self.desk = desk
        self.gateway = gateway
        self._ids = count(1)

    def message(self, text: str, sender: User = OWNER, chat: Chat = HOME, **more: object) -> IncomingMessage:
        return replace(IncomingMessage(f"m{next(self._ids)}", chat, sender, text), **more)  # type: ignore[arg-type]

    def put(self, *messages: IncomingMessage) -> None:
        for message in messages:
            self.desk.heard.put_nowait(message)

    async def say(self, text: str, sender: User = OWNER, chat: Chat = HOME, **more: object) -> str:
        """Say it and wait until all is quiet; what was answered."""
        message = self.message(text, sender, chat, **more)
        self.put(message)
        await self.quiet()
        return self.answer(message)

    def answer(self, message: IncomingMessage) -> str:
        """What stands on the sheet that answers `message`; nothing where none does."""
        turns = [keys.turn(message)]
        sheets = [sheet.text for sheet in self.desk.sheets.values() if sheet.key.partition(".")[0] in turns]
        return "\n".join(sheets)

    def lying_in(self, chat: Chat) -> list[Sheet]:
        return [
            Sheet(ref, chat, sheet.text, sheet.buttons)
            for ref, sheet in self.desk.sheets.items()
            if self.desk.chats[ref] == chat
        ]

    async def quiet(self) -> None:
        """Until everything has been heard, judged and answered."""
        async with asyncio.timeout(PATIENCE):
            await self.desk.heard.join()
            while self.bridge._intake._asides or await self._waiting():
                await asyncio.sleep(0.01)

    async def _waiting(self) -> bool:
        return bool([name async for name in self.bridge.store.redis.scan_iter(match="cherry:*:queue", count=1000)])

    async def until(self, look: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await look():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def office(store: Store, tmp_path: Path, desk: Desk | None = None) -> AsyncIterator[Office]:
    desk = desk or Desk()
    async with GatewayEmulator("B") as emulator:
        settings = Settings(
            gateway_url=emulator.url,
            model=ModelId("fake-openai", "ok"),
            data_dir=tmp_path,
            admins=(OWNER,),
            language="en",
        )
        async with Gateway(settings.gateway_url, emulator.key, first_token=60, idle=60) as gateway:
            bridge = Bridge(settings, store, gateway)
            serving = asyncio.create_task(bridge.serve({"paper": lambda _memory: desk}))
            try:
                yield Office(bridge, desk, emulator)
            finally:
                serving.cancel()
                await asyncio.wait([serving])


def person(id: str, name: str = "") -> User:
    return User("paper", id, name)


def direct(who: User) -> Chat:
    return Chat("paper", who.id, direct=True)


def group(id: str, thread: str = "", title: str = "") -> Chat:
    return Chat("paper", id, thread, title=title)


async def until_true(look: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not look():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)
