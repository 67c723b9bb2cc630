"""Presses, edits, deletions and stops at any moment, and processes that die: the last version stands there, once, and
the history says what people see."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count, cycle
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bridge.app import Bridge
from bridge.errors import Unsure
from bridge.gateway import Gateway, Gateways
from bridge.inbound import Deleted, Edited, Said
from bridge.inbox import Claim
from bridge.settings import Settings
from bridge.store import Exchange, Store
from bridge.types import Body, Chat, ModelId, User
from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.fakes import Weather
from tests.harness import PATIENCE_SECONDS, BridgeInProcess, Shown, TalkingChannel

ECHO = "You said: "
PEOPLE = tuple(User("fake", f"mia{number}", "Mia") for number in range(500))
"""One for each example: a person may write 40 messages at once and one a second after that, and all that is tried here
is more than one person may write."""
STEPS = (
    *("say", "say", "join", "edit", "edit", "edit older", "delete", "delete older"),
    *(
        "retry",
        "retry",
        "twice",
        "continue",
        "version",
        "old press",
        "stop",
        "new",
        "kill",
        "restart",
        "compare",
        "go on",
    ),
)


class RoughChannel(TalkingChannel):
    """Takes some time for each call, and loses the answer to some posts."""

    def __init__(self) -> None:
        super().__init__()
        self.chance = random.Random(0)

    async def call(self, body: Body) -> Weather:
        await asyncio.sleep(self.chance.uniform(0, 0.01))
        return "lost" if self.chance.random() < 0.05 else "fine"

    async def answer(self, weather: Weather) -> None:
        await asyncio.sleep(self.chance.uniform(0, 0.01))
        if weather == "lost":
            raise Unsure("connection reset")


class World:
    """One bridge after another on one platform, with one store."""

    def __init__(self, store: Store, gateway: Gateway, emulator: GatewayEmulator, home: Path) -> None:
        self.store = store
        self.channel = RoughChannel()
        self.emulator = emulator
        self._gateway = gateway
        self._settings = Settings(
            gateway_url=emulator.url, model=ModelId("fake-openai", "ok"), data_dir=home, admins=PEOPLE, language="en"
        )
        self._ids = count(1)
        self.people = cycle(PEOPLE)
        self._serving: asyncio.Task[None] | None = None
        self.bridge: BridgeInProcess

    def start(self) -> None:
        app = Bridge(self._settings, self.store, Gateways.of_one(self._gateway))
        self._serving = asyncio.create_task(app.serve({"fake": lambda _memory: self.channel}, grace=0))
        self.bridge = BridgeInProcess(app, self.channel, self.emulator, self._settings)
        self.bridge._ids = self._ids

    async def end(self) -> None:
        """As systemd does."""
        await self.channel.heard.join()
        assert self._serving is not None
        self._serving.cancel()
        await asyncio.wait([self._serving])
        await self.bridge.app.inbox.close()

    async def kill(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As a power cut does: nothing is let go, and the claims expire."""

        async def nothing(_claim: Claim) -> None: ...

        with monkeypatch.context() as patch:
            patch.setattr(Claim, "release", nothing)
            await self.end()
        async for name in self.store.redis.scan_iter(match="cherry:*:claim"):
            await self.store.redis.delete(name)
        async for name in self.store.redis.scan_iter(match="cherry:lease:*"):
            await self.store.redis.delete(name)

    async def quiet(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.bridge.quiet()


@pytest_asyncio.fixture
async def world(store: Store, tmp_path: Path) -> AsyncIterator[World]:
    async with GatewayEmulator("B") as emulator:
        for model in ("ok", "claude-ok"):
            emulator.behave(model, Behaviour(text=None, tokens_per_second=300))
        async with Gateway(emulator.url, emulator.key, first_token=60, idle=60) as gateway:
            world = World(store, gateway, emulator, tmp_path)
            world.start()
            yield world
            with suppress(asyncio.CancelledError):
                await world.end()


class Person:
    """Somebody who changes their mind in one chat."""

    def __init__(self, world: World, user: User) -> None:
        self.world = world
        self.user = user
        self.chat = Chat("fake", user.id, direct=True)
        self.said: list[Said] = []
        self.presses: list[tuple[str, str]] = []
        """Every button that has ever stood there, with its message."""
        self._words = count()

    def bubbles(self) -> list[Shown]:
        """The bot's messages in the chat, without those whose post has just been cut off."""
        channel = self.world.channel
        there = [(ref, message) for ref, message in channel.messages.items() if channel.chats.get(ref) == self.chat]
        return [Shown(ref, self.chat, message.text, message.buttons) for ref, message in there]

    def word(self) -> str:
        return f"word {next(self._words)} " + "and more " * 4 + "of it"

    def look(self) -> list[tuple[str, str, str]]:
        """The buttons to be seen now: the label, the command, the message."""
        buttons = [(button.label, button.command, each.ref) for each in self.bubbles() for button in each.buttons]
        self.presses += [(command, ref) for _, command, ref in buttons]
        return buttons

    def say(self, text: str) -> None:
        self.said.append(self.world.bridge.message(text, self.user, self.chat))
        self.world.bridge.put(self.said[-1])

    def edit(self, place: int) -> None:
        if len(self.said) >= -place:
            self.said[place] = replace(self.said[place], text=self.word())
            self.world.bridge.put(Edited(self.said[place]))

    def delete(self, place: int) -> None:
        if len(self.said) >= -place:
            self.world.bridge.put(Deleted(self.said.pop(place).id, self.chat))

    def press(self, wanted: str, times: int = 1) -> None:
        for _, command, ref in [each for each in self.look() if wanted in each[0]][-1:]:
            for _ in range(times):
                self.world.bridge.put(self.world.bridge.press(command, self.user, self.chat, ref))

    def press_old(self) -> None:
        for command, ref in self.presses[:1]:
            self.world.bridge.put(self.world.bridge.press(command, self.user, self.chat, ref))

    def do(self, step: str) -> None:
        self.look()
        match step:
            case "say":
                self.say(self.word())
            case "join":
                self.say(self.word())
                self.say(self.word())
            case "edit":
                self.edit(-1)
            case "edit older":
                self.edit(-2)
            case "delete":
                self.delete(-1)
            case "delete older":
                self.delete(-2)
            case "retry":
                self.press("Regenerate")
            case "twice":
                self.press("Regenerate", 2)
            case "continue":
                self.press("Continue")
            case "version":
                self.press("‹")
            case "stop":
                self.world.bridge.put(self.world.bridge.message("/stop", self.user, self.chat))
            case "new":
                self.world.bridge.put(self.world.bridge.message("/new", self.user, self.chat))
                self.said.clear()
            case "compare":
                self.world.bridge.put(
                    self.world.bridge.message(f"/compare fake-openai:ok claude-ok {self.word()}", self.user, self.chat)
                )
            case "go on":
                self.press("Go on")
            case "old press":
                self.press_old()


def shown(world: World, exchange: Exchange) -> str:
    """What is to be seen of an answer, without the name of its model and what stands under it."""
    text = "\n".join(world.channel.messages[ref].text for ref in exchange.refs if ref in world.channel.messages)
    return re.sub(r"^\*\*fake-[^\n]*\*\*\n\n|\s*(\*stopped\*)?\s*(⏱ [^\n]*)?$", "", text)


async def check(world: World, person: Person, *, ended: bool = False) -> None:
    """The history says what is to be seen; what is to be seen is in the history. When it has `ended`, no answer but the
    last has buttons, whatever became of the conversations before."""
    history = await world.store.history.read(person.chat)
    for exchange in history:
        text = shown(world, exchange)
        assert text.strip() == exchange.text.strip(), (exchange, text)
    refs = [ref for exchange in history for ref in exchange.refs]
    assert len(refs) == len(set(refs)), "two answers in one message"
    last = await world.store.answers.last(person.chat)
    if last is not None and ended:
        labels = [each[0] for each in person.look()]
        assert labels.count("Regenerate") == 1 and not any(label.startswith("Go on") for label in labels), labels
        assert [id for message in last.asked for id in [message.id]] == list(dict.fromkeys(m.id for m in last.asked))
    if last is not None and last.version is not None:
        assert history and history[-1] == last.version.exchange
        assert last.version.exchange.text.strip() in shown(world, history[-1])


async def play(world: World, steps: list[tuple[str, float]], seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    world.channel.chance.seed(seed)
    person = Person(world, next(world.people))
    for step, pause in steps:
        if step in ("kill", "restart"):
            await (world.kill(monkeypatch) if step == "kill" else world.end())
            world.start()
        else:
            person.do(step)
        await asyncio.sleep(pause)
    await world.quiet()
    await asyncio.sleep(0.1)  # buttons of older answers go once nobody waits for them
    await check(world, person)
    # Whatever has happened: what is said now is answered, and what it is changed to.
    person.say("the end")
    await world.quiet()
    person.said[-1] = replace(person.said[-1], text="the very end")
    world.bridge.put(Edited(person.said[-1]))
    await world.quiet()
    await asyncio.sleep(0.1)
    await check(world, person, ended=True)
    history = await world.store.history.read(person.chat)
    assert history[-1].question[-1].text == "the very end"
    assert shown(world, history[-1]) == f"{ECHO}the very end"
    told = [each.text for each in person.bubbles()]
    assert not any(f"{ECHO}the end" in text for text in told)


async def test_the_last_version_stands_once_and_is_in_the_history(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()

    pauses = st.one_of(st.just(0.0), st.floats(0, 0.15))

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.sampled_from(STEPS), pauses), min_size=2, max_size=12), st.integers(0, 99))
    def play_all(steps: list[tuple[str, float]], seed: int) -> None:
        asyncio.run_coroutine_threadsafe(play(world, steps, seed, monkeypatch), loop).result(120)

    await asyncio.to_thread(play_all)
