"""Everything that a plan needs, joined by proxies: platforms, gateway, store and bridges; and the play itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from bridge.errors import StoreError
from bridge.store import Store, open_store
from bridge.types import Chat
from tests.emulators.discord import DiscordPlatform
from tests.emulators.feishu import FeishuPlatform
from tests.emulators.feishu.rules import Rules as FeishuRules
from tests.emulators.telegram import TelegramPlatform
from tests.faults.duplicates import lasted
from tests.faults.fleet import ROOT, BridgeWorker, Links
from tests.faults.gateway import ScriptedGateway
from tests.faults.judge import Row, Verdict, judge
from tests.faults.plan import CHANNELS, Plan, Question, Topology
from tests.faults.plan import Fault as Planned
from tests.faults.proxy import Proxy
from tests.faults.stores import STORES, FaultyStore
from tests.faults.strike import Strike
from tests.platform import Platform

REDELIVERY_SECONDS = (5.0,) * 20
"""Feishu delivers again after 15 seconds, 5 minutes, an hour and six."""
SPEED = 4.0
"""By which the platforms' own limits are shortened, so that a run takes minutes; the bridge keeps its own pace."""
LOOK_SECONDS = 0.5
CONFIRM_SECONDS = 2.0
"""What is right must still be right so much later."""


def platforms(channels: Sequence[str], speed: float) -> dict[str, Platform]:
    made: dict[str, Callable[[], Platform]] = {
        "telegram": lambda: TelegramPlatform(speed=speed),
        "discord": lambda: DiscordPlatform(speed=speed),
        "feishu": lambda: FeishuPlatform(FeishuRules(redelivery=REDELIVERY_SECONDS)),
    }
    return {name: made[name]() for name in channels}


@dataclass
class Outcome:
    """What came of a plan."""

    verdict: Verdict
    seconds: float
    late: int
    """Questions that Feishu delivered once more after others."""
    asked: int
    attempts: int
    """Requests at the gateway."""
    faults: Counter[str] = field(default_factory=Counter)
    refusals: dict[str, int] = field(default_factory=dict)
    """Calls that each platform refused for rate."""
    duplicates: dict[str, list[float]] = field(default_factory=dict)
    """Seconds that each message stood which said what another said too, by channel; all of them are gone."""
    failures: list[str] = field(default_factory=list)
    """Exceptions in the logs."""
    logged: Counter[str] = field(default_factory=Counter)
    """What the processes warned of."""
    ends: Counter[int] = field(default_factory=Counter)
    """Processes that ended by themselves, by exit status."""


class World:
    """Used with ``async with``: inside, `processes` bridges listen on `channels`, and everybody is let in."""

    def __init__(
        self,
        people: Sequence[str] = ("p0", "p1"),
        *,
        processes: int = 3,
        topology: Topology = "single",
        channels: Sequence[str] = CHANNELS,
        speed: float = SPEED,
        keep: Path | None = None,
        **settings: str,
    ) -> None:
        self.people = people
        self.platforms = platforms(channels, speed)
        self.gateway = ScriptedGateway()
        self.gateway_switch = asyncio.Lock()
        self.workers: list[BridgeWorker] = []
        self.ids: dict[int, str] = {}
        """The messages that questions were asked in, by number."""
        self.chat_of: dict[int, str] = {}
        """And the chats."""
        self._count = processes
        self._topology = topology
        self._settings = settings
        self._keep = keep

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.home = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="faults", ignore_cleanup_errors=True))
            )
            if self._keep is not None:
                stack.callback(self._keep_logs, self._keep)
            for platform in self.platforms.values():
                await stack.enter_async_context(platform)
            await stack.enter_async_context(self.gateway)
            self.store: FaultyStore = await stack.enter_async_context(STORES[self._topology](self.home))
            for number in range(self._count):
                links = await self._links().enter(stack)
                worker = BridgeWorker(number, self.home, self._environment(links), links)
                self.workers.append(worker)
                stack.push_async_callback(worker.close)
                await worker.start()
            await self.until(self.all_up, "all processes", 60)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    def _keep_logs(self, to: Path) -> None:
        to.mkdir(parents=True, exist_ok=True)
        for log in self.home.glob("process*.log"):
            shutil.copy(log, to)

    def _links(self) -> Links:
        behind = {name: urlsplit(_address(platform)).port or 0 for name, platform in self.platforms.items()}
        proxies = {name: Proxy(lambda port=port: port) for name, port in behind.items()}  # type: ignore[misc]  # B023
        return Links(Proxy(lambda: self.store.port), Proxy(lambda: self.gateway.port), proxies)

    def _environment(self, links: Links) -> dict[str, str]:
        owners = [str(platform.user(who)) for platform in self.platforms.values() for who in self.people]
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "BRIDGE_DATA_DIR": str(self.home / "data"),
            "BRIDGE_GATEWAY_URL": links.gateway.url,
            "BRIDGE_GATEWAY_KEY": self.gateway.key,
            "BRIDGE_MODEL": "fake-openai:ok",
            "BRIDGE_REDIS_URL": self.store.url(links.store.port),
            "BRIDGE_ADMINS": ",".join(owners),
            "BRIDGE_LANGUAGE": "en",
            "BRIDGE_AWAY_SECONDS": "0",  # no notices but those that answer something
            "BRIDGE_HISTORY_TOKENS": "500",  # most of it would be sent along with every question
        }
        for name, platform in self.platforms.items():
            behind = _address(platform)
            for variable, value in platform.environment().items():
                environment[variable] = value.replace(str(urlsplit(behind).port), str(links.platforms[name].port))
        return environment | self._settings

    async def until(self, look: Callable[[], Awaitable[bool]], what: str, patience: float = 40.0) -> float:
        """Wait until `look` is true; return the seconds that it took."""
        began = time.monotonic()
        while not await look():
            if time.monotonic() - began > patience:
                raise AssertionError(f"waited {patience:g} s in vain for {what}\n{self.tail()}")
            await asyncio.sleep(0.05)
        return time.monotonic() - began

    async def all_up(self) -> bool:
        """Whether every process has every account open, and one listens on each."""
        texts = [worker.log.read_text(errors="replace") for worker in self.workers if worker.log.exists()]
        up = all(text.count(f"{name} ") and f"\n{name:<9} up as " in text for text in texts for name in self.platforms)
        listening = sum(text.count('"event": "listening"') for text in texts)
        return up and len(texts) == self._count and listening >= len(self.platforms)

    def tail(self) -> str:
        """The last lines of every process's log."""
        return "\n".join(worker.log.read_text(errors="replace")[-1500:] for worker in self.workers)

    # what people do and see

    async def ask(self, question: Question) -> str:
        """Somebody asks; the id of their message."""
        platform, mention = self.platforms[question.channel], question.place != "direct"
        id = await platform.say(question.text, who=question.who, place=question.place, mention=mention)
        self.ids[question.number] = id
        self.chat_of[question.number] = str(platform.chat(question.place, question.who))
        return id

    async def judge(self, asked: Sequence[Question]) -> Verdict:
        """Judge every chat in which something was asked. Raises StoreError."""
        chats: dict[tuple[str, str, str], list[Question]] = defaultdict(list)
        for question in asked:
            chats[question.chat].append(question)
        verdict, joined = Verdict(), self.joined()
        async with open_store(self.store.url(self.store.port), self.home) as store:
            for (channel, place, _), questions in chats.items():
                who = questions[0].who
                rows = await self.history(store, self.platforms[channel].chat(place, who))
                platform = self.platforms[channel]
                one = judge(
                    questions,
                    platform.bubbles(place, who),
                    rows,
                    self.late(platform, questions),
                    joined,
                    repeats=channel == "telegram",
                )
                one.complaints = [f"{channel} {place} {who}: {each}" for each in one.complaints]
                one.traces = [f"{channel} {place} {who}: {each}" for each in one.traces]
                verdict += one
        return verdict

    def joined(self) -> list[set[int]]:
        """The numbers of the questions that became one, in any attempt."""
        numbers = {(self.chat_of[number], id): number for number, id in self.ids.items()}
        return [
            {numbers[chat, id] for id in ids if (chat, id) in numbers}
            for worker in self.workers
            for chat, ids in worker.joined()
        ]

    def late(self, platform: Platform, questions: Sequence[Question]) -> set[int]:
        """Questions that Feishu had to deliver once more, which it does 15 seconds later, whatever was said since."""
        if not isinstance(platform, FeishuPlatform):
            return set()
        deliveries, messages = platform.server.connection.deliveries, platform.tenant.messages
        known = {each.number: self.ids[each.number] for each in questions if each.number in self.ids}
        return {
            number for number, id in known.items() if deliveries.get(messages[id].event["header"]["event_id"], 0) > 1
        }

    async def history(self, store: Store, chat: Chat) -> list[Row]:
        return [Row(row.question[-1].text, row.text) for row in await store.history.read(chat)]

    async def settle(self, asked: Sequence[Question], patience: float) -> Verdict:
        """Wait until every chat is as it should be, and stays so; the last verdict, where that never comes."""
        end, right_since = time.monotonic() + patience, 0.0
        verdict = Verdict(["nothing was judged"])
        while time.monotonic() < end:
            with suppress(StoreError):
                verdict = await self.judge(asked)
                if verdict.complaints or await self.unfinished():
                    right_since = 0.0
                elif not right_since:
                    right_since = time.monotonic()
                elif time.monotonic() - right_since > CONFIRM_SECONDS:
                    return verdict
            await asyncio.sleep(LOOK_SECONDS)
        verdict.complaints += await self.unfinished()
        return verdict

    async def unfinished(self) -> list[str]:
        """The keys of work that somebody has, or that waits for somebody."""
        with suppress(RedisError, OSError):
            kinds = await self.store.keys()
            return [f"{count} {kind}" for kind, count in kinds.items() if kind.endswith((":queue", ":claim"))]
        return ["the store does not answer"]

    def duplicates(self) -> dict[str, list[float]]:
        """Seconds that each message stood which said what another said too, by channel."""
        return {name: lasted(platform) for name, platform in self.platforms.items()}

    async def play(self, plan: Plan, patience: float, watch: Callable[[], Awaitable[None]] | None = None) -> Outcome:
        """Play `plan`, wait until everything is answered, and judge; `watch` is called every second meanwhile."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        watching = asyncio.create_task(_every_second(watch)) if watch else None
        ids: dict[str, list[str]] = defaultdict(list)
        chats: dict[tuple[str, str, str], list[Question]] = defaultdict(list)
        for question in plan.questions:
            chats[question.chat].append(question)

        async def converse(questions: Sequence[Question]) -> None:
            for question in questions:
                await asyncio.sleep(began + question.at - loop.time())
                ids[question.channel].append(await self.ask(question))

        async def strike(fault: Planned) -> None:
            await asyncio.sleep(began + fault.at - loop.time())
            await Strike(self, ids).apply(fault)

        try:
            async with asyncio.TaskGroup() as tasks:
                for questions in chats.values():
                    tasks.create_task(converse(questions))
                for fault in plan.faults:
                    tasks.create_task(strike(fault))
            verdict = await self.settle(plan.questions, patience)
        finally:
            if watching is not None:
                watching.cancel()
        return self._outcome(plan, verdict, loop.time() - began)

    def _outcome(self, plan: Plan, verdict: Verdict, seconds: float) -> Outcome:
        logged = Counter(
            str(event.get("event"))
            for worker in self.workers
            for event in worker.events()
            if event.get("level") in ("warning", "error")
        )
        return Outcome(
            verdict,
            seconds,
            sum(
                len(self.late(platform, [q for q in plan.questions if q.channel == name]))
                for name, platform in self.platforms.items()
            ),
            len(plan.questions),
            sum(self.gateway.attempts.values()),
            Counter(fault.kind for fault in plan.faults),
            {name: platform.refusals for name, platform in self.platforms.items()},
            self.duplicates(),
            [failure for worker in self.workers for failure in worker.failures()],
            logged,
            sum((worker.ends for worker in self.workers), Counter()),
        )


def _address(platform: Platform) -> str:
    """Where the platform listens."""
    return next(value for value in platform.environment().values() if value.startswith("http"))


async def _every_second(watch: Callable[[], Awaitable[None]]) -> None:
    while True:
        await watch()
        await asyncio.sleep(1.0)
