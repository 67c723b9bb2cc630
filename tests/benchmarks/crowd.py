"""A crowd: N people ask once each, and what became of it."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from msgspec import to_builtins

from tests.benchmarks.fake_gateway import Record, is_whole, question
from tests.benchmarks.rig import Rig, Snapshot
from tests.benchmarks.sinks import FIRST_PERSON

LOOK_EVERY = 0.25
REST_SECONDS = 1.5
"""So long nothing is written after everybody has their answer: longer than the pause between two edits of a chat."""
GIVE_UP_SECONDS = 45.0
"""So long nothing is written and nothing streams where an answer is missing: claims would have expired by then."""
_ids = itertools.count(1)


@dataclass(frozen=True)
class Load:
    """`chats` people ask within `spread` seconds; an answer is `tokens` tokens at `rate` a second, the first after
    `first` to `first` + `jitter` seconds."""

    chats: int
    tokens: int = 300
    rate: float = 50.0
    spread: float = 1.0
    first: float = 1.5
    jitter: float = 2.0


@dataclass(frozen=True)
class Outcome:
    """Times in milliseconds unless they say seconds; None where there is nothing to measure."""

    chats: int
    tokens: int
    wall_seconds: float
    whole: int
    """Chats in which the whole answer can be read, once."""
    asked_twice: int
    """Questions that reached the gateway more than once."""
    all_asked_seconds: float | None
    """From the first question to the moment when all of them were at the gateway."""
    first_p50: float | None
    """From the gateway's first token to the first text on the screen."""
    first_p99: float | None
    final_p50: float | None
    """From the gateway's last token to the last change of the screen."""
    final_p99: float | None
    felt_p50: float | None
    """From the question to the first text, the gateway's own time left out."""
    felt_p99: float | None
    cpu_bridge: float
    """Seconds, of the whole run; likewise below."""
    cpu_store: float
    cpu_gateway: float
    cpu_driver: float
    turn_ms: float
    """CPU of the bridge for a turn, its tokens included."""
    per_1000_tokens_ms: float
    """CPU of the bridge for 1,000 tokens, turns included."""
    streaming_per_1000_ms: float | None
    """The same while all streams run at once, so without the beginnings and ends of turns."""
    streaming_cores: float | None
    """Cores that the bridge takes meanwhile."""
    memory_before: float
    """MB of the bridge; likewise below."""
    memory_peak: float
    kb_per_chat: float
    memory_store: float
    gateway_late_p99: float | None
    """By how much the gateway itself was late with a token at worst, per stream: the rig's own error."""
    writes: int
    writes_per_second_peak: int
    calls: dict[str, int]
    begun: float
    """CLOCK_MONOTONIC, seconds."""
    ended: float
    lag_p99: float | None = None
    """By how much the bridge's event loop was late; known once it has stopped (`with_lag`)."""
    lag_max: float | None = None


async def run_crowd(rig: Rig, load: Load, *, patience: float = 300.0) -> Outcome:
    """Let the crowd ask, wait until everything has come to rest, and measure."""
    sink = rig.sink
    sink.forget()
    numbers = {FIRST_PERSON + index: next(_ids) for index in range(load.chats)}
    begun = time.monotonic()
    timeline = [rig.snapshot()]
    asking = asyncio.create_task(_ask(rig, load, numbers))
    last_word = f"w{load.tokens - 1}"
    done: set[int] = set()
    while time.monotonic() - begun < patience:
        await asyncio.sleep(LOOK_EVERY)
        timeline.append(rig.snapshot())
        await sink.look()
        for person in numbers:
            screen = sink.screens.get(person)
            if screen is not None and person not in done and last_word in screen.text:
                done.add(person)
        quiet = time.monotonic() - (sink.writes[-1] if sink.writes else begun)
        if asking.done() and quiet > (REST_SECONDS if len(done) == load.chats else GIVE_UP_SECONDS):
            break
    asked_at = await asking
    await sink.look()
    records = defaultdict[int, list[Record]](list)
    wanted = set(numbers.values())
    for record in await rig.gateway.records():
        if record.id in wanted:
            records[record.id].append(record)
    _keep_lacking(rig, load, numbers, records)
    return _outcome(rig, load, numbers, asked_at, dict(records), timeline)


def _keep_lacking(rig: Rig, load: Load, numbers: dict[int, int], records: Mapping[int, Sequence[Record]]) -> None:
    """Write down what those see who lack the whole answer, and what the gateway knows of their questions."""
    lacking = {
        str(person): {
            "messages": rig.sink.screens[person].messages,
            "gateway": [to_builtins(record) for record in records.get(id, ())],
        }
        for person, id in numbers.items()
        if not is_whole(rig.sink.screens[person].text, load.tokens)
    }
    if lacking:
        rig.keep("lacking.json", json.dumps(lacking, indent=1))


async def _ask(rig: Rig, load: Load, numbers: dict[int, int]) -> dict[int, float]:
    """Ask evenly over `spread` seconds; when each question was asked."""
    begun, asked = time.monotonic(), {}
    for index, (person, id) in enumerate(numbers.items()):
        if (wait := begun + load.spread * index / load.chats - time.monotonic()) > 0.01:
            await asyncio.sleep(wait)
        asked[person] = time.monotonic()
        rig.sink.ask(person, question(id, load.tokens, load.rate, load.first, load.jitter))
    return asked


def _outcome(
    rig: Rig,
    load: Load,
    numbers: dict[int, int],
    asked_at: dict[int, float],
    records: dict[int, list[Record]],
    timeline: list[Snapshot],
) -> Outcome:
    before, after = timeline[0], timeline[-1]
    firsts, finals, felt = [], [], []
    whole = 0
    for person, id in numbers.items():
        screen = rig.sink.screens[person]
        if not (found := records.get(id)) or not screen.first:
            continue
        [record, *_] = found
        is_all = is_whole(screen.text, load.tokens)
        whole += is_all
        firsts.append((screen.first - record.first) * 1000)
        felt.append((screen.first - asked_at[person] - (record.first - record.asked)) * 1000)
        if is_all:
            finals.append((screen.last - found[-1].last) * 1000)
    all_records = [record for found in records.values() for record in found]
    cpu = after.bridge.cpu - before.bridge.cpu
    streaming = _streaming(load, all_records, timeline)
    last_write = max(rig.sink.writes, default=after.at)
    peak = max(moment.bridge.memory for moment in timeline)
    return Outcome(
        chats=load.chats,
        tokens=load.tokens,
        wall_seconds=last_write - before.at,
        whole=whole,
        asked_twice=sum(len(found) > 1 for found in records.values()),
        all_asked_seconds=(
            max(found[0].asked for found in records.values()) - before.at if len(records) == load.chats else None
        ),
        first_p50=percentile(firsts, 0.5),
        first_p99=percentile(firsts, 0.99),
        final_p50=percentile(finals, 0.5),
        final_p99=percentile(finals, 0.99),
        felt_p50=percentile(felt, 0.5),
        felt_p99=percentile(felt, 0.99),
        cpu_bridge=cpu,
        cpu_store=after.store.cpu - before.store.cpu,
        cpu_gateway=after.gateway.cpu - before.gateway.cpu,
        cpu_driver=after.driver.cpu - before.driver.cpu,
        turn_ms=cpu * 1000 / load.chats,
        per_1000_tokens_ms=cpu * 1e6 / (load.chats * load.tokens),
        streaming_per_1000_ms=streaming[0] if streaming else None,
        streaming_cores=streaming[1] if streaming else None,
        memory_before=before.bridge.memory,
        memory_peak=peak,
        kb_per_chat=(peak - before.bridge.memory) * 1024 / load.chats,
        memory_store=max(moment.store.memory for moment in timeline),
        gateway_late_p99=percentile([record.late * 1000 for record in all_records], 0.99),
        writes=len(rig.sink.writes),
        writes_per_second_peak=max(Counter(int(at) for at in rig.sink.writes).values(), default=0),
        calls=dict(rig.sink.calls),
        begun=before.at,
        ended=last_write,
    )


async def with_lag(rig: Rig, outcome: Outcome) -> Outcome:
    """Stop the bridge, and add what it noted of its event loop."""
    await rig.stop()
    lags = rig.lags(outcome.begun, outcome.ended)
    return replace(outcome, lag_p99=percentile(lags, 0.99), lag_max=percentile(lags, 1.0))


def _streaming(load: Load, records: list[Record], timeline: list[Snapshot]) -> tuple[float, float] | None:
    """CPU of the bridge, ms per 1,000 tokens and cores, between the last first token and the first last token."""
    if any(not record.last for record in records) or len(records) != load.chats:
        return None
    start, end = max(record.first for record in records), min(record.last for record in records)
    inside = [moment for moment in timeline if start <= moment.at <= end]
    if len(inside) < 2 or (seconds := inside[-1].at - inside[0].at) < 1.5:
        return None
    cpu = inside[-1].bridge.cpu - inside[0].bridge.cpu
    return cpu * 1e6 / (load.chats * load.rate * seconds), cpu / seconds


def percentile(values: list[float], share: float) -> float | None:
    """The nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None
