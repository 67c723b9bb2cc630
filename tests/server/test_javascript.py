"""The official JavaScript clients, where Node and they are: `npm install openai @anthropic-ai/sdk` in a folder that
`NODE_CLIENTS` names. Nothing is fetched by the test."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server.harness import DIALECTS, Stage

MODULES = os.environ.get("NODE_CLIENTS", "")
NODE = shutil.which("node")


@pytest.mark.skipif(
    NODE is None or not (Path(MODULES or "/nonexistent") / "node_modules" / "openai").is_dir(),
    reason="NODE_CLIENTS names no folder with the clients",
)
async def test_every_dialect_by_every_provider(gateway: Stage) -> None:
    script = Path(__file__).with_name("clients.mjs")
    process = await asyncio.create_subprocess_exec(
        str(NODE), str(script), gateway.server.url, MODULES, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    heard = json.loads(out)
    assert heard.pop("refused") == [404, "model_not_found"]
    assert heard == {f"{provider} {client}": ["Hello, world"] * 2 for provider in DIALECTS for client in DIALECTS}
