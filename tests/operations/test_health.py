"""What somebody who watches over a running bot reads, from the process itself."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import aiohttp

from tests.emulators.gateway import Behaviour, GatewayEmulator
from tests.emulators.telegram import TelegramPlatform
from tests.harness import BridgeProcess

ROOT = Path(__file__).parents[2]
LINE = re.compile(r'([a-z_]+)(\{[a-z]+="[^"{}]*"(?:,[a-z]+="[^"{}]*")*\})? (\d+(?:\.\d+)?(?:e[-+]\d+)?)')


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def read(port: int) -> dict[str, float]:
    """Every number by its name and labels. Fails where a line is not as Prometheus has it."""
    _, text = await get(port, "/metrics")
    found: dict[str, float] = {}
    typed: set[str] = set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            typed.add(line.split()[2])
        elif not line.startswith("# "):
            parts = LINE.fullmatch(line)
            assert parts, line
            family = re.sub(r"_(bucket|sum|count)$", "", parts[1])
            assert {family, parts[1]} & typed, f"{line} has no type"
            found[parts[1] + (parts[2] or "")] = float(parts[3])
    return found


def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return min(int(probe.getsockname()[1]), 65_500)


async def test_a_running_bot_tells_how_it_is_and_nothing_of_anybody(tmp_path: Path) -> None:
    async with TelegramPlatform() as platform, GatewayEmulator("B") as gateway:
        mia = platform.user("mia")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            first = int(taken.getsockname()[1])
            settings = {"BRIDGE_ADMINS": str(mia), "BRIDGE_HEALTH_PORT": str(first)}
            async with BridgeProcess(platform, gateway, tmp_path, **settings) as bot:
                told = re.search(r"health +http://127\.0\.0\.1:(\d+)/readyz", bot.output())
                assert told, bot.output()
                port = int(told[1])
                assert first < port < first + 10, "that port was taken, one of the next was not"

                await bot.ask("What is the colour of cherries?")
                platform.flood(0.2)
                await bot.ask("And of plums?")
                gateway.behave("ok", Behaviour(text="Half of it", end="cut"))
                await bot.ask("And of the sea?")

                assert await get(port, "/healthz") == (200, '{"alive": true}')
                status, state = await get(port, "/readyz")
                assert (status, json.loads(state)) == (200, {"store": True, "channels": True, "gateway": True})
                seen = await read(port)
                assert seen['cherry_bridge_turns_total{channel="telegram",ended="stop"}'] == 2
                assert seen['cherry_bridge_turns_total{channel="telegram",ended="cut"}'] == 1
                assert seen['cherry_bridge_errors_total{kind="AnswerCut"}'] == 1
                assert seen['cherry_bridge_rate_limits_total{channel="telegram"}'] == 1
                assert seen['cherry_bridge_writes_total{channel="telegram",kind="post"}'] == 3
                assert seen["cherry_bridge_first_text_seconds_count"] == 3
                assert seen['cherry_bridge_first_text_seconds_bucket{le="+Inf"}'] == 3
                assert 0 < seen["cherry_bridge_first_text_seconds_sum"] < 60
                assert seen["cherry_bridge_queue_seconds_count"] == 3
                assert seen['cherry_bridge_channel_up{channel="telegram"}'] == 1
                assert seen["cherry_bridge_gateway_up"] == 1
                assert seen["cherry_bridge_processes"] == 1
                assert seen["process_resident_memory_bytes"] > 1e6

                _, text = await get(port, "/metrics")
                for private in (mia.id, platform.chat().id, "mia", "cherries", gateway.key, *platform.secrets):
                    assert private not in text, private
                await the_images_own_check(bot.home / "data")
                assert await bot.stop() == 0
                assert not (bot.home / "data" / "health.port").exists()


async def the_images_own_check(data: Path) -> None:
    """The health check of the Dockerfile, with this data folder in place of the container's."""
    found = re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found
    _python, *arguments = json.loads(found[1].replace("/data/", f"{data}/"))
    assert await asyncio.to_thread(exit_status, arguments) == 0
    (data / "health.port").write_text(f"{free()}\n")
    assert await asyncio.to_thread(exit_status, arguments) != 0


def exit_status(arguments: list[str]) -> int:
    return subprocess.run([sys.executable, *arguments], capture_output=True, check=False).returncode
