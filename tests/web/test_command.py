"""`cherry-bridge web`: the page without the bot, for the person who sits at the machine."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

from tests.harness import PATIENCE_SECONDS
from tests.tunnel.note import ROOT
from tests.web.conftest import Client


async def test_the_page_without_the_bot(tmp_path: Path) -> None:
    """Its link leads in as the machine's own person, whose changes are the shell's, and it ends when it is asked to."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "BRIDGE_DATA_DIR": str(tmp_path / "data"),
        "BRIDGE_GATEWAY_URL": "http://127.0.0.1:9",
        "TELEGRAM_TOKEN": "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge", "web"), cwd=tmp_path, env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            said = (await process.stdout.readline() + await process.stdout.readline()).decode()
        link = re.search(r"(http://127\.0\.0\.1:\d+)/in/(\S+)", said)
        assert link, said
        async with Client(link[1]) as client:
            await client.get(f"/in/{link[2]}")
            entered = await client.post("/in", {"link": link[2]})
            assert "You are shell, owner." in entered.text
            assert "Is cherry-bridge run running?" in entered.text.replace("No channel is connected. ", "")
            done = await client.post("/people/rule", {"kind": "person", "id": "telegram:4711", "what": "allow"})
            assert "Let in." in done.text
            assert "<code>shell</code>" in (await client.get("/changes")).text
            shown = (await client.get("/setup/settings")).text
            assert "TELEGRAM_TOKEN" in shown
            assert environment["TELEGRAM_TOKEN"] not in shown
    finally:
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), PATIENCE_SECONDS) == 0
