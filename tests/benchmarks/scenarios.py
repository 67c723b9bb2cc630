"""What is measured: each scenario starts what it needs, and adds its rows to the report."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgspec
from redis.asyncio import Redis

from tests.benchmarks.clients import KINDS
from tests.benchmarks.crowd import Load, Outcome, percentile, run_crowd, with_lag
from tests.benchmarks.rendering import LENGTHS
from tests.benchmarks.report import Column, Report, commit
from tests.benchmarks.rig import HERE, Gateway, Rig, Tree

CROWD: Sequence[Column] = (
    ("chats", "chats"),
    ("turn_ms", "CPU ms/turn"),
    ("per_1000_tokens_ms", "CPU ms/1,000 tokens"),
    ("streaming_per_1000_ms", "while streaming"),
    ("streaming_cores", "cores then"),
    ("all_asked_seconds", "all asked, s"),
    ("first_p50", "first text p50"),
    ("first_p99", "p99"),
    ("felt_p99", "felt p99"),
    ("final_p50", "final text p50"),
    ("final_p99", "p99"),
    ("whole", "whole"),
    ("asked_twice", "twice"),
    ("lag_p99", "lag p99"),
    ("lag_max", "lag max"),
    ("kb_per_chat", "kB/chat"),
    ("gateway_share", "gateway's CPU share"),
    ("gateway_late_p99", "late p99"),
)
"""Milliseconds where nothing else is said."""


def _row(outcome: Outcome) -> dict[str, Any]:
    every = outcome.cpu_bridge + outcome.cpu_store + outcome.cpu_gateway + outcome.cpu_driver
    return asdict(outcome) | {"gateway_share": outcome.cpu_gateway / every}


def _medians(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One row of the medians. What is missing in one run is missing; what is no number is the first run's."""
    return {key: _median([run[key] for run in runs]) for key in runs[0]}


def _median(values: Sequence[Any]) -> Any:
    if None in values:
        return None
    return statistics.median(values) if isinstance(values[0], int | float) else values[0]


async def burst(
    report: Report,
    trees: Sequence[Tree],
    sizes: Sequence[int],
    load: Load,
    *,
    runs: int,
    lifted: bool,
    platform: str = "telegram",
    profile: Path | None = None,
    processes: int = 1,
    logs: Path | None = None,
) -> None:
    """Each size in a bridge of its own, `runs` times in turn; with several trees, side by side."""
    found: dict[tuple[int, Tree], list[dict[str, Any]]] = {(size, tree): [] for size in sizes for tree in trees}
    for _ in range(runs):
        for (size, tree), rows in found.items():
            async with Rig(
                size, platform=platform, tree=tree, lifted=lifted, profile=profile, processes=processes, logs=logs
            ) as rig:
                outcome = await run_crowd(
                    rig, replace(load, chats=size), patience=load.spread + load.tokens / load.rate + 240
                )
                rows.append(_row(await with_lag(rig, outcome)) | {"tree": commit(tree.path)})
    title = f"{load.tokens} tokens at {load.rate:g}/s, asked within {load.spread:g} s, {runs} runs, ms"
    title += f", {processes} processes" if processes > 1 else ""
    free = lifted and platform == "telegram"
    bound = "no bound on the account's writes" if free else "the account's bound on writes as shipped"
    columns = (("tree", "tree"), *CROWD) if len(trees) > 1 else CROWD
    report.add("burst", f"Crowds on {platform}: {title}, {bound}", [_medians(rows) for rows in found.values()], columns)
    report.rows["burst_runs"] = [row for rows in found.values() for row in rows]


async def turn(report: Report, trees: Sequence[Tree], *, rounds: int) -> None:
    """CPU of a turn, and of 1,000 tokens, for each tree; interleaved, so that the machine's moods meet all alike.

    A turn is what a question of five tokens costs beside its tokens; the tokens' cost includes the edits that show
    them, one a second in each chat. The store is the control: where its ratio moves with the bridge's and its part
    did not change, the machine did. Name a tree twice to see the noise.
    """
    few, many = Load(200, 5, 50, 5, 0.3, 0), Load(50, 500, 50, 2, 0.3, 0)
    found: list[list[dict[str, Any]]] = [[] for _ in trees]
    for number in range(rounds):
        order = list(zip(trees, found, strict=True))
        for tree, rows in order if number % 2 == 0 else reversed(order):
            async with Rig(few.chats, tree=tree, lag=False) as rig:
                await run_crowd(rig, Load(20, 20, 50, 1, 0.1, 0))  # warm
                short, long = await run_crowd(rig, few), await run_crowd(rig, many)
            share = many.chats / few.chats
            extra = many.chats * (many.tokens - few.tokens)
            token = {
                "bridge": (long.cpu_bridge - short.cpu_bridge * share) / extra,
                "store": (long.cpu_store - short.cpu_store * share) / extra,
            }
            rows.append(
                {
                    "tree": str(tree.path),
                    "commit": commit(tree.path),
                    "turn_ms": (short.cpu_bridge / few.chats - few.tokens * token["bridge"]) * 1000,
                    "per_1000_tokens_ms": token["bridge"] * 1e6,
                    "store_turn_ms": (short.cpu_store / few.chats - few.tokens * token["store"]) * 1000,
                    "whole": short.whole + long.whole,
                    "memory_peak": long.memory_peak,
                    "edits_per_chat": long.writes / many.chats,
                }
            )
    medians = [_medians(rows) for rows in found]
    for row, rows in zip(medians, found, strict=True):
        each = [single["turn_ms"] for single in rows]
        row["turn_range"] = f"{min(each):.1f} to {max(each):.1f}"
        row["turn_ratio"] = row["turn_ms"] / medians[0]["turn_ms"]
        row["store_ratio"] = row["store_turn_ms"] / medians[0]["store_turn_ms"]
        row["tokens_ratio"] = row["per_1000_tokens_ms"] / medians[0]["per_1000_tokens_ms"]
    columns: Sequence[Column] = (
        ("commit", "tree"),
        ("turn_ms", "CPU ms/turn"),
        ("turn_range", "range"),
        ("turn_ratio", "ratio"),
        ("per_1000_tokens_ms", "CPU ms/1,000 tokens"),
        ("tokens_ratio", "ratio"),
        ("store_turn_ms", "store ms/turn"),
        ("store_ratio", "ratio"),
        ("edits_per_chat", "writes/chat"),
        ("memory_peak", "MB"),
        ("whole", f"whole of {few.chats + many.chats}"),
    )
    report.add("turn", f"A turn, medians of {rounds} interleaved rounds", medians, columns)
    report.rows["turn_rounds"] = [row for rows in found for row in rows]


async def render(report: Report, trees: Sequence[Tree], *, rounds: int) -> None:
    """CPU of each dialect for one edit, by length, for each tree; interleaved, the least of all rounds.

    The ratio is to the last tree. `growth` is that from the middle length to the longest, by how much longer that is:
    1 is linear.
    """
    least: list[dict[tuple[str, str, int], float]] = [{} for _ in trees]
    for _ in range(rounds):
        for tree, found in zip(trees, least, strict=True):
            process = await asyncio.create_subprocess_exec(
                tree.python, str(HERE / "tests" / "benchmarks" / "rendering.py"),
                cwd=tree.path, env={"PYTHONPATH": str(tree.path)}, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, _ = await process.communicate()
            for name, kind, length, micros in msgspec.json.decode(out):
                found[name, kind, length] = min(micros, found.get((name, kind, length), micros))
    _, middle, longest = LENGTHS
    rows = []
    for (name, kind, length), micros in least[0].items():
        row: dict[str, Any] = {"name": name, "kind": kind, "length": length, "micros": micros}
        if len(trees) > 1 and (other := least[-1].get((name, kind, length))):
            row |= {"other": other, "ratio": micros / other}
        if length == longest:
            row["growth"] = micros / least[0][name, kind, middle] / (longest / middle)
        rows.append(row)
    columns: Sequence[Column] = (
        ("name", "dialect"),
        ("kind", "text"),
        ("length", "characters"),
        ("micros", "CPU µs"),
        ("other", "the last tree's"),
        ("ratio", "ratio"),
        ("growth", "growth"),
    )
    commits = ", ".join(commit(tree.path) for tree in trees)
    title = f"One edit's rendering, the least of {rounds} interleaved rounds: {commits}"
    report.add("render", title, rows, columns)


LONGEST_COMMAND = 140


async def redis(report: Report, tree: Tree, *, turns: int = 50) -> None:
    """Round trips to the store for one turn, and the commands in them; what runs anyway is taken off.

    The server counts a trip for each read of a connection; what runs inside of a script counts as commands only.
    """
    async with Rig(turns, tree=tree, lag=False) as rig, rig.redis() as store:
        await asyncio.sleep(2)
        before, began = await _counted(store), time.monotonic()
        await asyncio.sleep(8)
        idle, idle_seconds = _difference(before, await _counted(store)), time.monotonic() - began
        for label, tokens in (("50 tokens", 50), ("500 tokens", 500)):
            before, began = await _counted(store), time.monotonic()
            outcome = await run_crowd(rig, Load(turns, tokens, 50, 5, 0.5, 0))
            used, seconds = _difference(before, await _counted(store)), time.monotonic() - began
            each = {name: (count - idle.get(name, 0) * seconds / idle_seconds) / turns for name, count in used.items()}
            each = {name: count for name, count in each.items() if count > 0.05}
            rows = [
                {"answer": label, "name": name, "per_turn": count, "idle_per_s": idle.get(name, 0) / idle_seconds}
                for name, count in sorted(each.items(), key=lambda item: -item[1])
            ]
            title = f"The store: trips (`reads`) and commands for a turn of {label}; {outcome.whole} of {turns} whole"
            report.add("redis", title, rows, (("name", ""), ("per_turn", "a turn"), ("idle_per_s", "idle, a second")))
        commands = await _monitored(rig, Load(1, 20, 50, 0, 0.3, 0))
        report.add("redis_turn", "One turn, command by command", commands, (("ms", "at, ms"), ("command", "command")))


async def _monitored(rig: Rig, load: Load) -> list[dict[str, Any]]:
    """What the bridge sends to the store during the load, in order; what scripts do inside is left out."""
    seen: list[tuple[float, str]] = []
    async with rig.redis() as store, store.monitor() as monitor:

        async def listen() -> None:
            async for each in monitor.listen():
                if each["client_type"] == "lua":
                    continue
                seen.append((each["time"], str(each["command"])[:LONGEST_COMMAND]))

        listening = asyncio.create_task(listen())
        began = time.time()
        await run_crowd(rig, load)
        listening.cancel()
        await asyncio.wait([listening])
    return [{"ms": (at - began) * 1000, "command": command} for at, command in seen]


async def _counted(store: Redis) -> dict[str, float]:
    stats, commands = await store.info("stats"), await store.info("commandstats")
    counts = {name.removeprefix("cmdstat_"): float(each["calls"]) for name, each in commands.items()}
    return counts | {"reads": float(stats["total_reads_processed"])}


def _difference(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    own = {"info": 2.0, "reads": 2.0}
    return {name: count - before.get(name, 0) - own.get(name, 0) for name, count in after.items()}


async def idle(report: Report, tree: Tree, *, seconds: float, runs: int) -> None:
    """What a bridge costs that nobody talks to."""
    rows = []
    for _ in range(runs):
        async with Rig(0, tree=tree, lifted=False, lag=False) as rig:
            await asyncio.sleep(4)
            before = rig.snapshot()
            await asyncio.sleep(seconds)
            after = rig.snapshot()
            took = after.at - before.at
            rows.append(
                {
                    "ready_s": rig.ready_seconds,
                    "ready_cpu_s": before.bridge.cpu,
                    "memory": after.bridge.memory,
                    "memory_store": after.store.memory,
                    "wakes_per_s": (after.bridge.wakes - before.bridge.wakes) / took,
                    "store_wakes_per_s": (after.store.wakes - before.store.wakes) / took,
                    "cpu_ms_per_s": (after.bridge.cpu - before.bridge.cpu) * 1000 / took,
                    "version_cpu_s": await _version_cpu(tree),
                }
            )
    columns: Sequence[Column] = (
        ("ready_s", "ready, s"),
        ("ready_cpu_s", "CPU for it, s"),
        ("memory", "MB"),
        ("memory_store", "MB, store"),
        ("memory_all", "MB, three platforms"),
        ("wakes_per_s", "wakes/s"),
        ("store_wakes_per_s", "wakes/s, store"),
        ("cpu_ms_per_s", "CPU ms/s"),
        ("version_cpu_s", "CPU s of --version"),
    )
    median = _medians(rows) | {"memory_all": await _memory_of_all(tree)}
    report.add("idle", f"Idle with Telegram and the embedded store, {runs} runs of {seconds:g} s", [median], columns)


async def _version_cpu(tree: Tree) -> float:
    """CPU seconds of `--version`, the interpreter's start included."""
    code = (
        "import resource, subprocess, sys; subprocess.run([sys.executable, '-m', 'bridge', '--version'], check=True, "
        "stdout=subprocess.DEVNULL); used = resource.getrusage(resource.RUSAGE_CHILDREN); "
        "print(used.ru_utime + used.ru_stime)"
    )
    process = await asyncio.create_subprocess_exec(
        tree.python, "-c", code, cwd=tree.path, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return float(out)


async def _memory_of_all(tree: Tree) -> float:
    """MB with every platform open, against the emulators."""
    from tests.emulators.discord import DiscordPlatform
    from tests.emulators.feishu import FeishuPlatform

    async with DiscordPlatform() as discord, FeishuPlatform() as feishu:
        others = {**discord.environment(), **feishu.environment()}
        async with Rig(0, tree=tree, lifted=False, lag=False, settings=others) as rig:
            await asyncio.sleep(5)
            return rig.snapshot().bridge.memory


async def basics(report: Report, tree: Tree, *, turns: int, flood: int) -> None:
    """One person who asks again and again; then a flood, under the bound on writes as shipped."""
    added, felt = [], []
    async with Rig(1, tree=tree, settings={"TELEGRAM_EDIT_INTERVAL": "0.01"}, lag=False) as rig:
        for number in range(turns):
            outcome = await run_crowd(rig, Load(1, 10, 50, 0, 0.1, 0))
            if number and outcome.first_p50 is not None and outcome.felt_p50 is not None:  # the first opens connections
                added.append(outcome.first_p50)
                felt.append(outcome.felt_p50)
    rows = [
        {"from": name, "p50": statistics.median(values), "p95": percentile(values, 0.95)}
        for name, values in (("the gateway's first token", added), ("the question, the gateway's time left out", felt))
    ]
    title = f"First text on the screen, ms, {turns} turns one after the other"
    report.add("basics", title, rows, (("from", "from"), ("p50", "p50"), ("p95", "p95")))
    async with Rig(flood, tree=tree, lifted=False) as rig:
        row = _row(await with_lag(rig, await run_crowd(rig, Load(flood, 100, 50, 1, 0.5, 0.5))))
    report.add("flood", f"{flood} people ask within one second, the account's bound as shipped", [row], CROWD)


async def client(
    report: Report, *, streams: int, tokens: int, rate: float, rounds: int, kinds: Sequence[str] = KINDS
) -> None:
    """Gateway clients alone, in turn against one fake gateway."""
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    ids = itertools.count(1, streams)
    async with Gateway() as gateway:
        for _ in range(rounds):
            for kind in kinds:
                arguments = [kind, gateway.url.rpartition(":")[2], str(streams), str(tokens), str(rate), str(next(ids))]
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "tests.benchmarks.clients", *arguments,
                    cwd=HERE, stdout=asyncio.subprocess.PIPE,
                )  # fmt: skip
                out, _ = await process.communicate()
                row: dict[str, Any] = msgspec.json.decode(out)
                began = {str(record.id): record.first for record in await gateway.records()}
                added = [(at - began[id]) * 1000 for id, at in row.pop("firsts").items()]
                found[kind].append(row | {"first_p50": percentile(added, 0.5), "first_p99": percentile(added, 0.99)})
    medians = [_medians(rows) for rows in found.values()]
    for row in medians:
        row["ratio"] = row["per_1000_tokens_ms"] / medians[0]["per_1000_tokens_ms"]
    columns: Sequence[Column] = (
        ("kind", "client"),
        ("per_1000_tokens_ms", "CPU ms/1,000 tokens"),
        ("ratio", "ratio"),
        ("cores", "cores"),
        ("first_p50", "first token p50"),
        ("first_p99", "p99"),
        ("kb_per_stream", "kB/stream"),
        ("whole", f"whole of {streams}"),
        ("failed", "failed"),
    )
    title = f"Gateway clients: {streams} streams, {tokens} tokens at {rate:g}/s, medians of {rounds} interleaved rounds"
    report.add("client", title, medians, columns)
