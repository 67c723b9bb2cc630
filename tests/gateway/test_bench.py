"""`cherry-bridge bench`: known delays are measured as they are, and what lies far off does not count."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from bridge.bench import Measure, Plan, Run, markdown, measure, run_all, summarize
from bridge.demo import DemoGateway
from bridge.errors import AnswerCut
from bridge.gateway import Gateway, Gateways
from bridge.types import ModelId
from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.harness import until

OK = ModelId("fake-openai", "ok")
ROOT = Path(__file__).parents[2]


async def started(
    home: Path, url: str, key: str, *arguments: str, terminal: int | None = None
) -> asyncio.subprocess.Process:
    """Start `cherry-bridge bench`; with `terminal`, errors go there."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge", "bench", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE if terminal is None else terminal,
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "BRIDGE_GATEWAY_URL": url,
            "BRIDGE_GATEWAY_KEY": key,
        },
    )


async def ended(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    """Its status, what it printed, and its errors."""
    said, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, said.decode(), (errors or b"").decode()


async def command(home: Path, url: str, key: str, *arguments: str, terminal: int | None = None) -> tuple[int, str, str]:
    return await ended(await started(home, url, key, *arguments, terminal=terminal))


# measuring


async def test_known_delays_are_what_is_measured() -> None:
    """At half of its usual pace, the demo's guide thinks for 0.3 s and writes 90 tokens a second."""
    async with DemoGateway(pace=0.5) as gateway, Gateways.of_one(Gateway(gateway.url)) as client:
        run = await measure(client, ModelId("demo", "guide"), "hello", 60)
    assert run.tokens == 60
    assert run.first == pytest.approx(0.3, abs=0.15)
    assert run.whole == pytest.approx(0.3 + 60 / 90, abs=0.3)
    assert run.rate == pytest.approx(90, rel=0.3)


async def test_a_limit_of_tokens_is_sent_in_both_dialects() -> None:
    async with DemoGateway(pace=0) as gateway, Gateways.of_one(Gateway(gateway.url)) as client:
        for model in (ModelId("demo", "long"), ModelId("claude", "demo-sonnet")):
            assert (await measure(client, model, "hello", 7)).tokens == 7
        assert (await measure(client, ModelId("demo", "fast"), "hello", 0)).tokens > 7


async def test_thoughts_alone_are_measured_too() -> None:
    async with DemoGateway(pace=0) as gateway, Gateways.of_one(Gateway(gateway.url)) as client:
        run = await measure(client, ModelId("demo", "thinker"), "hello", 5)
    assert (run.tokens, run.error) == (5, "")


async def test_errors_are_counted_by_kind_and_the_rest_goes_on() -> None:
    async with GatewayEmulator("B") as gateway, Gateways.of_one(Gateway(gateway.url, gateway.key)) as client:
        gateway.behave("ok", Behaviour(text="Half of it", end="cut"))
        with pytest.raises(AnswerCut):
            await measure(client, OK)
        plan = Plan([OK, ModelId("fake-openai", "err401")], runs=2, concurrency=3)
        runs: list[Run] = []
        await run_all(client, plan, runs.append)
        first, second = summarize(plan.models, runs)
    assert (first.runs, first.first, first.errors) == (2, None, Counter(AnswerCut=2))
    assert second.errors == Counter(ProviderRefused=2)


async def test_no_more_run_at_once_than_was_asked_and_models_take_turns() -> None:
    async with GatewayEmulator("B") as gateway, Gateways.of_one(Gateway(gateway.url, gateway.key)) as client:
        gateway.answer("Yes.", first_token=0.2)
        other = ModelId("fake-openai", "slow")
        gateway.behave("slow", Behaviour(text="Yes.", first_token=0.2))
        plan = Plan([OK, other], runs=3, concurrency=2)
        await run_all(client, plan, lambda _: None)
        asked = gateway.requests
    assert [request.model for request in asked] == [str(OK), str(other)] * 3
    assert all(later.at - earlier.at > 0.19 for earlier, later in zip(asked, asked[2:], strict=False))


# summing up


def test_median_and_slow_end_without_what_lies_far_off() -> None:
    values = [1.0] * 9 + [1.1] * 10 + [9.0]
    assert Measure.of(values) == Measure(1.1, 1.0, 1.1, kept=19, dropped=1)
    assert Measure.of([2.0]) == Measure(2.0, 2.0, 2.0, kept=1, dropped=0)
    assert Measure.of([]) is None
    evenly = Measure.of([float(number) for number in range(101)])
    assert evenly == Measure(50.0, 5.0, 95.0, kept=101, dropped=0)


def test_an_answer_that_came_at_once_has_no_rate() -> None:
    [summary] = summarize([OK], [Run(OK, 0.5, 0.5, 10), Run(OK, 0.5, 1.5, 10)])
    assert summary.rate
    assert (summary.rate.median, summary.rate.kept) == (10, 1)


def test_a_name_does_not_break_the_table() -> None:
    model = ModelId("a", "b|c")
    table = markdown(summarize([model], []), Plan([model], 1, 1), {})
    header, line, row, *_ = table.splitlines()
    assert header.count("|") == line.count("|") == row.count("|") - row.count("\\|")


# the command


async def test_a_table_to_paste_with_no_secret_in_it(tmp_path: Path) -> None:
    async with GatewayEmulator("C") as gateway:
        models = "fake-openai:ok,fake-openai:err500"
        status, said, errors = await command(
            tmp_path, gateway.url, gateway.key, "--models", models, "--runs", "3", "--prompt", "CanaryWords"
        )
        questions = {request.question for request in gateway.requests}
        limits = {request.body["max_tokens"] for request in gateway.requests}
    assert (status, errors) == (1, ""), "one model has not answered once"
    lines = said.splitlines()
    assert [line.count("|") for line in lines[:4]] == [11] * 4
    assert lines[2].startswith("| `fake-openai:ok` | 3 | 0.")
    assert lines[3].endswith("| ProviderFailed × 3 |")
    assert "- gateway: Cherry Studio 2, by 127.0.0.1" in lines
    assert "- Python: 3." in said and "- CPU: " in said
    assert gateway.key not in said and str(gateway.port) not in said and "Canary" not in said
    assert (questions, limits) == ({"CanaryWords"}, {512})


async def test_json_and_a_bar_on_a_terminal_only(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    async with GatewayEmulator("B") as gateway:
        status, said, _ = await command(
            tmp_path, gateway.url, gateway.key, "--models", str(OK), "--runs", "2", "--json", terminal=theirs
        )
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    os.close(theirs)
    assert status == 0
    assert "[############............] 1/2 fake-openai:ok" in shown
    told = json.loads(said)
    assert [run["model"] for run in told["runs"]] == [str(OK)] * 2
    assert told["models"][0]["first_token_seconds"]["kept"] == 2


async def test_ctrl_c_tells_what_was_measured_so_far(tmp_path: Path) -> None:
    async with GatewayEmulator("B") as gateway:
        gateway.answer("Yes.", first_token=0.2)
        process = await started(tmp_path, gateway.url, gateway.key, "--models", str(OK))
        await until(lambda: len(gateway.requests) == 3, "the third run")
        process.send_signal(signal.SIGINT)
        status, said, errors = await ended(process)
    assert (status, errors) == (130, "")
    assert said.splitlines()[2].startswith("| `fake-openai:ok` | 2 | 0.")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--models", "fake-openai:okk"], 1, "fake-openai:ok\n"),
        (["--models", "a:"], 2, "write provider:model"),
        (["--runs", "0"], 2, "a number from 1 on"),
    ],
)
async def test_what_cannot_be_measured_is_said(arguments: list[str], status: int, said: str, tmp_path: Path) -> None:
    async with GatewayEmulator("B") as gateway:
        told = await command(tmp_path, gateway.url, gateway.key, *arguments)
        assert gateway.requests == []
    assert told[0] == status
    assert said in told[2]
