"""The bridge under test: as a process of its own, as people run it, and in this process on a fake platform."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from bridge.app import Bridge
from bridge.channel import Host, Limits
from bridge.gateway import Gateway, Gateways
from bridge.inbound import Inbound, Pressed, Said
from bridge.settings import Settings
from bridge.store import Store, keys
from bridge.tools import BuiltInTools, Reminders, Toolbox
from bridge.types import Body, Button, Chat, ModelId, User
from tests.emulators.gateway import GatewayEmulator, Generation
from tests.fakes import FakeChannel, FakePosted, Weather
from tests.platform import Bubble, Place, Platform, SharedFile

T = TypeVar("T")
PATIENCE_SECONDS = 40.0
"""Seconds; a shared machine may be slow, and nothing here is about speed."""


async def until(look: Callable[[], T | None], what: str = "", patience: float = PATIENCE_SECONDS) -> T:
    """Wait until `look` gives something true, and return that."""
    end = time.monotonic() + patience
    while not (seen := look()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience:g} s in vain for {what or look}; last seen: {seen!r}")
        await asyncio.sleep(0.02)
    return seen


class ReachableGateway(Protocol):
    """What a bridge must know of a gateway to reach it."""

    @property
    def url(self) -> str: ...

    @property
    def key(self) -> str: ...


class BridgeProcess:
    """`cherry-bridge run` against a platform and a gateway. Killed, if it still runs, at the end."""

    def __init__(self, platform: Platform, gateway: ReachableGateway, home: Path, **settings: str) -> None:
        self.platform = platform
        self.gateway = gateway
        self.home = home
        self.settings = settings
        self.arguments: Sequence[str] = ("run",)
        """Of `cherry-bridge`."""
        self._process: asyncio.subprocess.Process | None = None
        self._starts = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.stop()

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "BRIDGE_DATA_DIR": str(self.home / "data"),
            "BRIDGE_GATEWAY_URL": self.gateway.url,
            "BRIDGE_GATEWAY_KEY": self.gateway.key,
            "BRIDGE_MODEL": "fake-openai:ok",
            "BRIDGE_LOG": "debug",
            **self.platform.environment(),
            **self.settings,
        }

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        self._starts += 1
        with self._log().open("wb") as out:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bridge",
                *self.arguments,
                stdout=out,
                stderr=out,
                cwd=self.home,
                env=self.environment(),
            )
        await until(lambda: '"listening"' in self.output() or not self.alive, "the bot to listen")
        assert self.alive, self.output()

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.returncode if self._process is not None else None

    async def stop(self) -> int:
        """As systemd does; its exit status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """As a power cut does."""
        await self._end(signal.SIGKILL)

    async def _end(self, how: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return await asyncio.wait_for(self._process.wait(), PATIENCE_SECONDS)

    def output(self) -> str:
        """What it has printed and logged since it was last started."""
        return self._log().read_text(errors="replace")

    def everything(self) -> str:
        """All that it ever wrote: output, logs, whatever lies in its home but the store's own files."""
        files = [path for path in self.home.rglob("*") if path.is_file() and "appendonlydir" not in path.parts]
        return "\n".join(path.read_bytes().decode(errors="replace") for path in files)

    async def claim_code(self) -> str:
        return (await until(lambda: re.search(r"/claim ([0-9A-Z-]+)", self.output()), "the claim code"))[1]

    def _log(self) -> Path:
        return self.home / f"log{self._starts}"

    # what people do and see

    async def ask(
        self,
        text: str,
        *,
        who: str = "mia",
        place: Place = "direct",
        mention: bool = False,
        files: Sequence[SharedFile] = (),
    ) -> list[Bubble]:
        """Say something; the bubbles that answer it, once the last of them looks finished."""
        before = len(self.bubbles(place, who))
        await self.platform.say(text, who=who, place=place, mention=mention, files=files)
        return await self.answer(before, place=place, who=who)

    async def answer(self, before: int = 0, *, place: Place = "direct", who: str = "mia") -> list[Bubble]:
        """The bubbles after the first `before`, once they have come to rest."""

        def rest() -> list[Bubble]:
            bubbles = self.bubbles(place, who)[before:]
            done = bubbles and not bubbles[-1].streaming and "Stop" not in bubbles[-1].buttons
            return bubbles if done else []

        return await until(rest, f"an answer in {place}; {self.bubbles(place, who)!r}")

    def bubbles(self, place: Place = "direct", who: str = "mia") -> list[Bubble]:
        return self.platform.bubbles(place, who)


# In this process


LIMITS = Limits(max_length=4000, edit_interval=0.0, max_buttons=30)
OWNER = User("fake", "boss", "Olga")
HOME = Chat("fake", "boss", direct=True)


@dataclass(frozen=True)
class Shown:
    """One message of the bot's, and where it stands."""

    ref: str
    chat: Chat
    text: str
    buttons: tuple[Button, ...]


class TalkingChannel(FakeChannel):
    """A fake platform on which people say things, and which remembers the chat of each message of the bot's."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        super().__init__(limits)
        self.heard: asyncio.Queue[Inbound] = asyncio.Queue()
        self.chats: dict[str, Chat] = {}
        self.host: Host

    async def call(self, body: Body) -> Weather:
        return "fine"

    async def answer(self, weather: Weather) -> None: ...

    async def listen(self, host: Host) -> AsyncGenerator[Sequence[Inbound], None]:
        self.host = host
        while True:
            batch = [await self.heard.get()]
            while not self.heard.empty():
                batch.append(self.heard.get_nowait())
            yield batch
            for _ in batch:
                self.heard.task_done()

    async def post(
        self, chat: Chat, body: Body, *, key: str, reply_to: str = "", final: bool, retry: bool = False
    ) -> FakePosted:
        assert not chat.person, "a platform knows places only"
        posted = await super().post(chat, body, key=key, reply_to=reply_to, final=final, retry=retry)
        self.chats[posted.ref] = chat
        return posted

    def link(self, code: str) -> str:
        return f"fake://start/{code}"


class BridgeInProcess:
    """The whole bridge on a fake platform, with a real store and a real gateway."""

    def __init__(self, app: Bridge, channel: TalkingChannel, gateway: GatewayEmulator, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.access = app.access
        self.channel = channel
        self.gateway = gateway
        self._ids = count(1)

    def message(self, text: str, sender: User = OWNER, chat: Chat = HOME, **more: Any) -> Said:
        """A message that says `text`, with further fields of `Said`."""
        return Said(f"m{next(self._ids)}", chat, sender, text, **more)

    def press(self, command: str, sender: User = OWNER, chat: Chat = HOME, ref: str = "1") -> Pressed:
        """A press of a button with `command` under our message `ref`."""
        return Pressed(f"p{next(self._ids)}", chat, sender, command, ref)

    def put(self, *events: Inbound) -> None:
        for event in events:
            self.channel.heard.put_nowait(event)

    async def say(self, text: str, sender: User = OWNER, chat: Chat = HOME, *, menu: str = "", **more: Any) -> str:
        """Say it, or press a button with it under our message `menu`; wait until all is quiet; what was answered."""
        event = self.press(text, sender, chat, menu) if menu else self.message(text, sender, chat, **more)
        self.put(event)
        await self.quiet()
        return self.answer(event)

    def answer(self, message: Said | Pressed) -> str:
        """The text of the message that answers `message`; nothing where none does."""
        key = keys.turn(message.chat, message.id)
        shown = [each.text for each in self.channel.messages.values() if each.key.partition(".")[0] == key]
        return "\n".join(shown)

    def shown_in(self, chat: Chat) -> list[Shown]:
        """The bot's messages in `chat`, in their order."""
        return [
            Shown(ref, chat, message.text, message.buttons)
            for ref, message in self.channel.messages.items()
            if self.channel.chats[ref] == chat
        ]

    async def quiet(self) -> None:
        """Wait until everything has been heard, judged and answered."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.channel.heard.join()
            while self.app._intake.asides or await self._waiting():
                await asyncio.sleep(0.01)

    async def _waiting(self) -> bool:
        return bool([name async for name in self.app.store.redis.scan_iter(match="cherry:*:queue", count=1000)])

    async def until(self, look: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await look():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def bridge_in_process(
    store: Store, tmp_path: Path, channel: TalkingChannel | None = None, generation: Generation = "B"
) -> AsyncIterator[BridgeInProcess]:
    channel = channel or TalkingChannel()
    async with GatewayEmulator(generation) as emulator:
        settings = Settings(
            gateway_url=emulator.url,
            model=ModelId("fake-openai", "ok"),
            data_dir=tmp_path,
            admins=(OWNER,),
            language="en",
        )
        client = Gateway(settings.gateway_url, emulator.key, first_token=60, idle=60)
        async with Gateways.of_one(client) as gateways:
            app = Bridge(settings, store, gateways)
            serving = asyncio.create_task(app.serve({"fake": lambda _memory: channel}))
            try:
                yield BridgeInProcess(app, channel, emulator, settings)
            finally:
                serving.cancel()
                await asyncio.wait([serving])
                await app.inbox.close()


def toolbox(store: Store, gateway: Gateway) -> Toolbox:
    """The tools that are built in, and those of `gateway`."""
    return Toolbox(BuiltInTools(Reminders(store.redis)), (), [gateway])


def person(id: str, name: str = "") -> User:
    return User("fake", id, name)


def direct(who: User) -> Chat:
    return Chat("fake", who.id, direct=True)


def group(id: str, thread: str = "", title: str = "") -> Chat:
    return Chat("fake", id, thread, title=title)


async def until_true(look: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not look():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)
