"""The official JavaScript clients, where Node and they are: `npm ci` in a copy of `tests/server/javascript`, which
`NODE_CLIENTS` names. `.ci/run` does that; nothing is fetched by the test."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server.answers import Answer, sse
from tests.server.harness import DIALECTS, ServerRig
from tests.server.provider import silence, status, stream

MODULES = os.environ.get("NODE_CLIENTS", "")
NODE = shutil.which("node")
VECTORS = status(200, {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]})
HALF = stream(*sse("chat", Answer("Half of it"))[:2], then=silence)


@pytest.mark.skipif(
    NODE is None or not (Path(MODULES or "/nonexistent") / "node_modules" / "openai").is_dir(),
    reason="NODE_CLIENTS names no folder with the clients",
)
async def test_every_dialect_by_every_provider(gateway: ServerRig) -> None:
    chat, messages = gateway.providers["chat"], gateway.providers["messages"]
    chat.by_model = {"thinking": Answer("Yes", reasoning="Hm."), "vectors": VECTORS, "silent": HALF}
    messages.by_model = {"tool": Answer("", call=("call_1", "get_weather", "{}"))}
    script = Path(__file__).with_name("clients.mjs")
    process = await asyncio.create_subprocess_exec(
        str(NODE), str(script), gateway.server.url, MODULES, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    heard = json.loads(out)
    assert heard.pop("refused") == [404, "model_not_found"]
    assert heard.pop("tool") == {"name": "get_weather", "arguments": "{}"}
    assert heard.pop("thinking") == [["thinking", "Hm."], ["text", "Yes"]]
    assert heard.pop("models") == [f"{provider}:{model}" for provider in DIALECTS for model in ("m1", "m2")]
    assert (heard.pop("model"), heard.pop("tokens"), heard.pop("vectors")) == ("chat:m1", True, 1)
    assert heard.pop("left")
    await asyncio.wait_for(chat.gone.wait(), 5)
    assert heard == {f"{provider} {client}": ["Hello, world"] * 2 for provider in DIALECTS for client in DIALECTS}
