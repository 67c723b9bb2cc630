"""`python -m tests.faults`: the long form. Draw a plan by a seed, or read one, play it, print what came of it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from redis.exceptions import RedisError

from tests.faults.plan import Plan, Size
from tests.faults.stores import STORES
from tests.faults.world import Outcome, World

LONG = Size(
    turns=1080,
    seconds=600,
    people=6,
    kills=100,
    stops=6,
    freezes=8,
    store_faults=24,
    link_faults=60,
    gateway_faults=24,
    platform_faults=120,
    flood_seconds=15,
)
PATIENCE_SECONDS = 400.0
OTHERS = ("stops", "freezes", "link_faults", "gateway_faults", "platform_faults")
"""Drawn in proportion to the time."""


def main() -> int:
    options = _parser().parse_args()
    plan = Plan.from_json(options.plan.read_text()) if options.plan else Plan.draw(options.seed, _size(options))
    if options.print:
        print(plan.to_json())
        return 0
    return asyncio.run(_run(plan, options.logs))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    add = parser.add_argument
    add("--seed", type=int, default=random.randrange(1_000_000), help="the same seed draws the same plan")
    add("--plan", type=Path, metavar="FILE", help="play this plan, as --print wrote it")
    add("--print", action="store_true", help="print the plan and play nothing")
    add("--store", choices=STORES, default="single")
    add("--turns", type=int, default=LONG.turns)
    add("--seconds", type=float, default=LONG.seconds, help="within which all is asked and goes wrong")
    add("--kills", type=int, default=LONG.kills, help="of processes, by SIGKILL")
    add("--store-faults", type=int, default=LONG.store_faults)
    add("--calm", action="store_true", help="nothing goes wrong")
    add("--logs", type=Path, metavar="FOLDER", help="keep the processes' logs here")
    return parser


def _size(options: argparse.Namespace) -> Size:
    if options.calm:
        calm = Size.calm(options.turns, options.seconds, LONG.people)
        return replace(calm, topology=options.store)
    share = options.seconds / LONG.seconds
    return replace(
        LONG,
        **{name: round(getattr(LONG, name) * share) for name in OTHERS},
        turns=options.turns,
        seconds=options.seconds,
        kills=options.kills,
        store_faults=options.store_faults,
        topology=options.store,
    )


class Figures:
    """Memory and keys, before, at their most while the plan is played, and after."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.columns: dict[str, Counter[str]] = {}

    async def take(self, column: str) -> None:
        world = self._world
        found = Counter[str]()
        found["bridge, MB (largest)"] = round(max(worker.memory for worker in world.workers))
        found["store, MB"] = round(world.store.memory)
        with suppress(RedisError, OSError):
            keys = await world.store.keys()
            found["keys"] = keys.total()
            found.update({f"  {kind}": count for kind, count in keys.items()})
        kept = self.columns.setdefault(column, Counter())
        for name, value in found.items():
            kept[name] = max(kept[name], value)

    def print(self) -> None:
        names = list(dict.fromkeys(name for column in self.columns.values() for name in column))
        print(f"{'':<28}" + "".join(f"{column:>10}" for column in self.columns))
        for name in names:
            print(f"{name:<28}" + "".join(f"{column[name]:>10}" for column in self.columns.values()))


async def _run(plan: Plan, logs: Path | None) -> int:
    # The emulators answer into connections whose other end was killed.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    print(f"seed {plan.seed}: {len(plan.questions)} questions, {len(plan.faults)} faults within {plan.seconds:.0f} s, "
          f"{plan.processes} processes, store {plan.topology}", flush=True)  # fmt: skip
    people = sorted({question.who for question in plan.questions})
    channels = sorted({question.channel for question in plan.questions})
    async with World(people, processes=plan.processes, topology=plan.topology, channels=channels, keep=logs) as world:
        figures = Figures(world)
        await figures.take("before")
        outcome = await world.play(plan, PATIENCE_SECONDS, lambda: figures.take("most"))
        await figures.take("after")
    _print(outcome)
    figures.print()
    return 1 if outcome.verdict.complaints or outcome.failures else 0


def _print(outcome: Outcome) -> None:
    verdict = outcome.verdict
    print(f"time {outcome.seconds:.0f} s; asked {outcome.asked}, answered whole {verdict.whole}, "
          f"told why not {verdict.told}, wrong {len(verdict.complaints)}; "
          f"requests at the gateway {outcome.attempts}")  # fmt: skip
    print("notes: " + ", ".join(f"{note!r} {count}" for note, count in verdict.notes.most_common()))
    print("faults: " + ", ".join(f"{kind} {count}" for kind, count in sorted(outcome.faults.items())))
    print("refused for rate: " + ", ".join(f"{name} {count}" for name, count in outcome.refusals.items()))
    print(f"feishu: {outcome.late} questions were delivered again, later than what was said since")
    for name, seconds in outcome.duplicates.items():
        if seconds:
            print(f"{name}: {len(seconds)} posts stood twice, for {min(seconds)} to {max(seconds)} s; these are gone")
    print(f"telegram: {verdict.twice} messages stand beside the answer that took their place")
    warnings = Counter[str]()
    for event, count in outcome.logged.items():
        warnings[event.partition(". ")[0]] += count
    print("warnings: " + ", ".join(f"{event} {count}" for event, count in warnings.most_common()))
    print(f"processes that ended by themselves: {dict(outcome.ends)}")
    print(*verdict.complaints, *verdict.traces, *outcome.failures, sep="\n")


if __name__ == "__main__":
    sys.exit(main())
