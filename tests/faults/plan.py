"""What people ask and what goes wrong, second by second: data that a seed gives, that is printed and played again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal, Self

import msgspec

Topology = Literal["single", "cluster", "sentinel"]
End = Literal["stop", "cut", "error"]
CHANNELS = ("telegram", "discord", "feishu")

FaultKind = Literal[
    "kill",
    "stop",
    "freeze",
    "store.kill",
    "store.freeze",
    "store.memory",
    "store.readonly",
    "store.disk",
    "store.failover",
    "link.cut",
    "link.mute",
    "link.stall",
    "gateway.cut",
    "gateway.stall",
    "gateway.restart",
    "platform.flood",
    "platform.lose",
    "platform.drop",
    "platform.fail",
    "platform.conflict",
    "platform.cut",
    "platform.repeat",
]
"""Of a process: `kill -9`, a clean stop (both start it again after `seconds`), SIGSTOP for `seconds`.
Of the store, for `seconds`: killed, frozen, out of memory, without the replicas that it asks for, with a full disk;
failing over. Of a process's link to the store: cut; muted, so that `count` answers are lost after their effect;
stalled.
Of the gateway: `count` bytes of the next answer come through; nothing comes through; the app is quit and started.
Of a platform: 429 for `seconds`, answers lost after their effect, requests cut before it, 502, 409 to the poll, all
connections cut, a message delivered again: `count` times each."""


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person asks in a chat; the answer has `words` words, `rate` of them a second."""

    number: int
    at: float
    channel: str
    who: str
    place: str
    words: int
    rate: float
    end: End = "stop"

    @property
    def chat(self) -> tuple[str, str, str]:
        return self.channel, self.place, self.who if self.place == "direct" else ""

    @property
    def text(self) -> str:
        return f"q{self.number} {self.words} words at {self.rate:g} end {self.end}"


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    at: float
    kind: FaultKind
    target: str = ""
    """The number of a process, or a channel's name."""
    seconds: float = 0.0
    count: int = 0


@dataclass(frozen=True)
class Size:
    """How much of everything a plan holds."""

    turns: int = 60
    seconds: float = 30.0
    """Within which everything is asked and goes wrong, after the first `CALM_SECONDS`."""
    people: int = 4
    """On each channel, each in a direct chat; beside those each channel has a group and a topic."""
    processes: int = 3
    topology: Topology = "single"
    kills: int = 6
    stops: int = 1
    freezes: int = 1
    store_faults: int = 3
    link_faults: int = 6
    gateway_faults: int = 3
    platform_faults: int = 9
    flood_seconds: float = 4.0
    """The longest rate limit."""
    channels: Sequence[str] = CHANNELS

    @classmethod
    def calm(cls, turns: int, seconds: float, people: int) -> Self:
        """Nothing goes wrong."""
        return cls(turns, seconds, people, 3, "single", 0, 0, 0, 0, 0, 0, 0)


class Plan(msgspec.Struct, frozen=True):
    seed: int
    topology: Topology
    processes: int
    questions: list[Question]
    faults: list[Fault]

    @property
    def seconds(self) -> float:
        return max([each.at for each in self.questions] + [each.at for each in self.faults])

    def to_json(self) -> str:
        return msgspec.json.format(msgspec.json.encode(self)).decode()

    @classmethod
    def from_json(cls, text: str) -> Self:
        return msgspec.json.decode(text, type=cls)

    @classmethod
    def draw(cls, seed: int, size: Size) -> Self:
        chance = Random(seed)
        questions = _questions(chance, size)
        faults = sorted(_faults(chance, size), key=lambda fault: fault.at)
        return cls(seed, size.topology, size.processes, questions, faults)


CALM_SECONDS = 3.0
"""At the beginning: every chat is in use before anything goes wrong, as the platforms' own catching up wants it."""
STORE_GAP_SECONDS = 4.0
"""Between the end of one fault of the store and the next."""


def _questions(chance: Random, size: Size) -> list[Question]:
    chats = [(channel, f"p{index}", "direct") for channel in size.channels for index in range(size.people)]
    chats += [(channel, "p0", place) for channel in size.channels for place in ("group", "topic")]
    times = [chance.uniform(0, CALM_SECONDS / 2) for _ in chats]
    times += [CALM_SECONDS + chance.uniform(0, size.seconds) for _ in range(size.turns - len(chats))]
    asked = [(at, chat) for at, chat in zip(times, chats, strict=False)]
    asked += [(at, chance.choice(chats)) for at in times[len(chats) :]]
    questions = []
    for number, (at, (channel, who, place)) in enumerate(sorted(asked), 1):
        # Most answers are short; some fill more than a message, some take longer than a claim lives.
        words, rate = chance.choice([(5, 100), (20, 40), (60, 60), (60, 20), (120, 15), (600, 300)])
        ends: Sequence[End] = ("stop", "cut", "error") if at > CALM_SECONDS and size.gateway_faults else ("stop",)
        end = chance.choices(ends, [94, 3, 3][: len(ends)])[0]
        questions.append(Question(number, round(at, 2), channel, who, place, words, rate, end))
    return questions


@dataclass
class _Draw:
    chance: Random
    size: Size
    store: dict[str, Sequence[FaultKind]] = field(
        default_factory=lambda: {
            "single": ("store.kill", "store.freeze", "store.memory", "store.readonly", "store.disk"),
            "cluster": ("store.kill", "store.freeze", "store.memory"),
            "sentinel": ("store.failover", "store.memory"),
        }
    )

    def times(self, count: int) -> Iterator[float]:
        for _ in range(count):
            yield round(CALM_SECONDS + self.chance.uniform(0, self.size.seconds), 2)

    def process(self) -> str:
        return str(self.chance.randrange(self.size.processes))

    def of_process(self, kind: FaultKind, count: int, shortest: float, longest: float) -> Iterator[Fault]:
        for at in self.times(count):
            yield Fault(at, kind, self.process(), round(self.chance.uniform(shortest, longest), 2))

    def of_store(self) -> Iterator[Fault]:
        """One after the other: two at once would undo one another."""
        kinds, count = self.store[self.size.topology], self.size.store_faults
        slot = self.size.seconds / max(1, count)
        for number in range(count):
            kind = kinds[number % len(kinds)]
            longest = max(0.5, min(8.0, slot - STORE_GAP_SECONDS))
            at = CALM_SECONDS + number * slot + self.chance.uniform(0, max(0.0, slot - longest - STORE_GAP_SECONDS))
            yield Fault(round(at, 2), kind, "", round(self.chance.uniform(0.5, longest), 2))

    def of_links(self) -> Iterator[Fault]:
        if self.size.topology != "single":
            return  # sentinels and clusters tell their clients where to go
        for at in self.times(self.size.link_faults):
            kind: FaultKind = self.chance.choice(["link.cut", "link.mute", "link.mute", "link.stall"])
            yield Fault(at, kind, self.process(), round(self.chance.uniform(0.5, 7), 2), self.chance.randint(1, 5))

    def of_gateway(self) -> Iterator[Fault]:
        for at in self.times(self.size.gateway_faults):
            kind: FaultKind = self.chance.choice(["gateway.cut", "gateway.cut", "gateway.stall", "gateway.restart"])
            seconds = round(self.chance.uniform(0.2, 3), 2)
            yield Fault(at, kind, self.process(), seconds, self.chance.randint(0, 4000))

    def of_platforms(self) -> Iterator[Fault]:
        kinds: Sequence[FaultKind] = (
            "platform.flood",
            "platform.lose",
            "platform.drop",
            "platform.fail",
            "platform.cut",
            "platform.repeat",
        )
        for number, at in enumerate(self.times(self.size.platform_faults)):
            channel = self.size.channels[number % len(self.size.channels)]
            conflict = channel == "telegram" and self.chance.random() < 0.15
            kind = "platform.conflict" if conflict else self.chance.choice(kinds)
            seconds = float(self.chance.randint(1, max(1, int(self.size.flood_seconds))))
            yield Fault(at, kind, channel, seconds, self.chance.randint(1, 3))


def _faults(chance: Random, size: Size) -> Iterator[Fault]:
    draw = _Draw(chance, size)
    yield from draw.of_process("kill", size.kills, 0.0, 2.0)
    yield from draw.of_process("stop", size.stops, 0.0, 1.0)
    yield from draw.of_process("freeze", size.freezes, 7.0, 9.0)
    parts: Sequence[Callable[[], Iterator[Fault]]] = (
        draw.of_store,
        draw.of_links,
        draw.of_gateway,
        draw.of_platforms,
    )
    for part in parts:
        yield from part()
