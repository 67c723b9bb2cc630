"""Our own gateway beside its provider reached directly and, where one is given, beside the LiteLLM proxy."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec

from tests.benchmarks.crowd import percentile
from tests.benchmarks.processes import usage
from tests.benchmarks.report import Column, Report
from tests.benchmarks.rig import HERE, START_SECONDS, Gateway

LITELLM_START_SECONDS = 90.0
_LITELLM_SETTINGS = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",  # on loopback, for the length of a run
}
COLUMNS: Sequence[Column] = (
    ("streams", "streams"),
    ("kind", "by way of"),
    ("per_1000_tokens_ms", "CPU ms/1,000 tokens"),
    ("first_p50", "added first token p50, ms"),
    ("first_p99", "p99"),
    ("kb_per_stream", "kB/stream"),
    ("idle_mb", "idle, MB"),
    ("whole", "whole"),
    ("failed", "failed"),
)


class Hop(NamedTuple):
    """A process between the client and the provider; `pid` is 0 where there is none."""

    port: str
    pid: int
    client: str = "floor"


@asynccontextmanager
async def ours(provider: str) -> AsyncIterator[Hop]:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "gateway.toml"
        config.touch(0o600)
        config.write_text(f'[server]\nport = 0\n[providers.fake]\nurl = "{provider}/v1"\nkey = "sk-fake"\n')
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bridge", "gateway", "--config", str(config),
            cwd=HERE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
            found = re.search(rb":(\d+):", line)
            assert found, line
            yield Hop(found[1].decode(), process.pid)
        finally:
            process.terminate()
            await process.wait()


@asynccontextmanager
async def litellm(provider: str, program: Path) -> AsyncIterator[Hop]:
    """`program` is the `litellm` of a virtual environment of its own."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        parameters = f"{{model: openai/numbers, api_base: '{provider}/v1', api_key: sk-fake}}"
        config.write_text(f"model_list:\n  - model_name: 'fake:numbers'\n    litellm_params: {parameters}\n")
        port = "24711"
        process = await asyncio.create_subprocess_exec(
            str(program), "--config", str(config), "--host", "127.0.0.1", "--port", port,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, **_LITELLM_SETTINGS},
        )  # fmt: skip
        try:
            async with asyncio.timeout(LITELLM_START_SECONDS), aiohttp.ClientSession() as http:
                while not await _is_up(http, f"http://127.0.0.1:{port}/health/liveliness"):
                    await asyncio.sleep(0.5)
            yield Hop(port, process.pid)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _is_up(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(url) as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


async def server(
    report: Report, *, sizes: Sequence[int], tokens: int, rate: float, rounds: int, litellm_program: Path | None
) -> None:
    """Each size by each way, in turn; the client is the least that asyncio can do."""
    found: dict[tuple[int, str], list[dict[str, Any]]] = {}
    ids = itertools.count(1, max(sizes))
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(Gateway())
        hops: dict[str, Hop] = {"nothing": Hop(gateway.url.rpartition(":")[2], 0)}
        hops["ours"] = hop = await stack.enter_async_context(ours(gateway.url))
        hops["ours, translated"] = hop._replace(client="floor-messages")
        if litellm_program is not None:
            hops["LiteLLM"] = await stack.enter_async_context(litellm(gateway.url, litellm_program))
        idle = {kind: usage(hop.pid).memory if hop.pid else None for kind, hop in hops.items()}
        for _ in range(rounds):
            for size, (kind, hop) in itertools.product(sizes, hops.items()):
                row = await _run(gateway, hop, size, tokens, rate, next(ids))
                found.setdefault((size, kind), []).append(row)
    rows = [
        {"streams": size, "kind": kind, "idle_mb": idle[kind], **_medians(runs)}
        for (size, kind), runs in sorted(found.items(), key=lambda item: item[0][0])
    ]
    if litellm_program is None:
        rows.append({"streams": "-", "kind": "LiteLLM: left out, --litellm names no program"})
    title = f"Our own gateway: {tokens} tokens at {rate:g}/s in each stream, medians of {rounds}"
    report.add("server", title, rows, COLUMNS)


async def _run(gateway: Gateway, hop: Hop, size: int, tokens: int, rate: float, first_id: int) -> dict[str, Any]:
    arguments = [hop.client, hop.port, str(size), str(tokens), str(rate), str(first_id)]
    before = usage(hop.pid) if hop.pid else None
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.clients", *arguments, cwd=HERE, stdout=asyncio.subprocess.PIPE
    )
    reading = asyncio.create_task(process.communicate())
    peak = before.memory if before else 0.0
    while not reading.done():
        await asyncio.wait([reading], timeout=0.5)
        peak = max(peak, usage(hop.pid).memory) if hop.pid else 0.0
    row: Mapping[str, Any] = msgspec.json.decode(reading.result()[0])
    began = {str(record.id): record.first for record in await gateway.records()}
    added = [(at - began[id]) * 1000 for id, at in row["firsts"].items()]
    spent = usage(hop.pid).cpu - before.cpu if before else None
    return {
        "per_1000_tokens_ms": None if spent is None else spent * 1e6 / (size * tokens),
        "kb_per_stream": None if before is None else (peak - before.memory) * 1024 / size,
        "first_p50": percentile(added, 0.5),
        "first_p99": percentile(added, 0.99),
        "whole": row["whole"],
        "failed": row["failed"],
    }


def _medians(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        key: None if None in (values := [row[key] for row in rows]) else statistics.median(values) for key in rows[0]
    }
