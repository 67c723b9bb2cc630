"""`python -m tests.benchmarks SCENARIO`: measure, print tables, keep JSON and a picture."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from tests.benchmarks import scenarios
from tests.benchmarks.clients import KINDS
from tests.benchmarks.crowd import Load
from tests.benchmarks.documents import documents_read
from tests.benchmarks.media import media_added
from tests.benchmarks.pictures import pictures_read
from tests.benchmarks.report import Report, draw
from tests.benchmarks.rig import Tree
from tests.benchmarks.server import server

PLATFORMS = ("telegram", "discord", "feishu")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="PATH", help="keep every figure here")
    parser.add_argument("--svg", type=Path, metavar="PATH", help="draw first text against the number of chats here")
    kinds = parser.add_subparsers(dest="scenario", required=True)

    def add(name: str, help: str) -> argparse.ArgumentParser:
        kind = kinds.add_parser(name, help=help, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        # Also after the scenario's name; without a default, so as not to undo what stands before it.
        kind.add_argument("--json", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        kind.add_argument("--svg", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        if name not in {"client", "documents", "media", "pictures", "server"}:
            kind.add_argument("--tree", type=_tree, action="append", help="another checkout with its .venv")
        return kind

    add("all", "a short form of everything, about three minutes")
    for name, help, chats, tokens, spread, rate in (
        ("burst", "N chats ask within one second", [1, 100, 500, 1000], 300, 1.0, "lifted"),
        ("steady", "N chats begin within a while and go on", [1000], 3000, 40.0, "shipped"),
    ):
        crowd = add(name, help)
        crowd.add_argument("--chats", type=_numbers, default=chats, metavar="N,N", help="one bridge for each number")
        crowd.add_argument("--tokens", type=int, default=tokens, help="of an answer")
        crowd.add_argument("--rate", type=float, default=50.0, help="tokens a second in each answer")
        crowd.add_argument("--spread", type=float, default=spread, help="seconds within which all ask")
        crowd.add_argument("--first", type=float, default=1.5, help="seconds of the gateway before its first token")
        crowd.add_argument("--jitter", type=float, default=2.0, help="and up to so many more")
        crowd.add_argument("--runs", type=int, default=1, help="medians of so many")
        crowd.add_argument("--account-rate", choices=["lifted", "shipped"], default=rate, help="of Telegram's writes")
        crowd.add_argument("--platform", choices=PLATFORMS, default="telegram", help="the others are slow emulators")
        crowd.add_argument("--processes", type=int, default=1, help="of the bridge, equal ones")
        crowd.add_argument("--logs", type=Path, metavar="DIR", help="keep what the bridge logs, and what is not whole")
        crowd.add_argument("--profile", type=Path, help="a file for cProfile's figures of the last run")
    turn = add("turn", "CPU of a turn and of 1,000 tokens; with several --tree, side by side")
    turn.add_argument("--rounds", type=int, default=4, help="medians of so many")
    render = add("render", "CPU of each dialect for one edit; with several --tree, side by side")
    render.add_argument("--rounds", type=int, default=3, help="the least of so many")
    idle = add("idle", "memory, wake-ups and start of a bridge that nobody talks to")
    idle.add_argument("--seconds", type=float, default=20.0, help="to watch it")
    idle.add_argument("--runs", type=int, default=3, help="medians of so many")
    client = add("client", "gateway clients alone, ours beside the least possible and the openai SDK")
    client.add_argument("--streams", type=int, default=1000, help="at once")
    client.add_argument("--tokens", type=int, default=250, help="of an answer")
    client.add_argument("--rate", type=float, default=50.0, help="tokens a second in each answer")
    client.add_argument("--rounds", type=int, default=3, help="medians of so many")
    client.add_argument("--kinds", type=lambda text: text.split(","), default=list(KINDS), help="which")
    own = add("server", "our own gateway, beside its provider reached directly and beside the LiteLLM proxy")
    own.add_argument("--streams", type=_numbers, default=[1, 100, 1000], metavar="N,N", help="at once")
    own.add_argument("--tokens", type=int, default=200, help="of an answer")
    own.add_argument("--rate", type=float, default=20.0, help="tokens a second in each answer")
    own.add_argument("--rounds", type=int, default=1, help="medians of so many")
    own.add_argument("--litellm", type=Path, metavar="PROGRAM", help="the litellm of another environment")
    redis = add("redis", "round trips to the store for one turn")
    redis.add_argument("--turns", type=int, default=50, help="averages of so many")
    basics = add("basics", "first text for one person, and a flood under the bound on writes")
    basics.add_argument("--turns", type=int, default=30, help="one after the other")
    basics.add_argument("--flood", type=int, default=100, help="people who ask at once")
    documents = add("documents", "time and memory to read a document of each kind")
    documents.add_argument("--runs", type=int, default=5, help="medians of so many")
    pictures = add("pictures", "time and memory to read a picture of each kind")
    pictures.add_argument("--runs", type=int, default=5, help="medians of so many")
    media = add("media", "what a file adds to an answer of the whole bridge")
    media.add_argument("--runs", type=int, default=7, help="medians of so many")
    return parser


def _tree(path: str) -> Tree:
    return Tree(Path(path).resolve())


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def _run(options: argparse.Namespace, report: Report) -> Coroutine[Any, Any, None]:
    trees: list[Tree] = getattr(options, "tree", None) or [Tree()]
    match options.scenario:
        case "burst" | "steady":
            load = Load(0, options.tokens, options.rate, options.spread, options.first, options.jitter)
            lifted = options.account_rate == "lifted"
            return scenarios.burst(
                report,
                trees,
                options.chats,
                load,
                runs=options.runs,
                lifted=lifted,
                platform=options.platform,
                profile=options.profile,
                processes=options.processes,
                logs=options.logs,
            )
        case "turn":
            return scenarios.turn(report, trees, rounds=options.rounds)
        case "render":
            return scenarios.render(report, trees, rounds=options.rounds)
        case "idle":
            return scenarios.idle(report, trees[0], seconds=options.seconds, runs=options.runs)
        case "client":
            return scenarios.client(
                report,
                streams=options.streams,
                tokens=options.tokens,
                rate=options.rate,
                rounds=options.rounds,
                kinds=options.kinds,
            )
        case "server":
            return server(
                report,
                sizes=options.streams,
                tokens=options.tokens,
                rate=options.rate,
                rounds=options.rounds,
                litellm_program=options.litellm if options.litellm and options.litellm.is_file() else None,
            )
        case "redis":
            return scenarios.redis(report, trees[0], turns=options.turns)
        case "basics":
            return scenarios.basics(report, trees[0], turns=options.turns, flood=options.flood)
        case "documents":
            return documents_read(report, runs=options.runs)
        case "media":
            return media_added(report, runs=options.runs)
        case "pictures":
            return pictures_read(report, runs=options.runs)
        case _:
            return _all(report, trees[0])


async def _all(report: Report, tree: Tree) -> None:
    await scenarios.idle(report, tree, seconds=5, runs=1)
    await scenarios.basics(report, tree, turns=10, flood=50)
    await scenarios.redis(report, tree, turns=20)
    await documents_read(report, runs=2)
    await pictures_read(report, runs=2)
    await media_added(report, runs=3)
    await scenarios.turn(report, [tree], rounds=1)
    await scenarios.render(report, [tree], rounds=1)
    await scenarios.client(report, streams=200, tokens=100, rate=50, rounds=1)
    await server(report, sizes=[1, 200], tokens=100, rate=20, rounds=1, litellm_program=None)
    await scenarios.burst(report, [tree], [1, 10, 100, 300], Load(0, 100, 50), runs=1, lifted=True)


async def _until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Do it; on SIGTERM end every process that was started, as on Ctrl-C."""
    task = asyncio.create_task(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    await task


def main() -> int:
    if sys.platform != "linux":
        print("The figures of processes are read from /proc, which only Linux has.", file=sys.stderr)
        return 2
    import uvloop

    options = _parser().parse_args()
    report = Report()
    try:
        uvloop.run(_until_stopped(_run(options, report)))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    finally:
        if options.json:
            report.save(options.json)
    if options.svg and (crowds := report.rows.get("burst")):
        options.svg.parent.mkdir(parents=True, exist_ok=True)
        lines = {"first_p50": "median", "first_p99": "99 of 100"}
        options.svg.write_text(draw("First text after the gateway's first token", crowds, lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
