"""What the page costs: nothing where it is off, little where it is on, and no patience with very many people."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp

from bridge.access import Rule
from bridge.store import AccessKeys, UsageKeys
from bridge.usage import last_days
from tests.emulators.gateway import GatewayEmulator
from tests.emulators.telegram import TelegramPlatform
from tests.harness import BridgeInProcess, BridgeProcess, until
from tests.operations.test_health import free
from tests.web.conftest import PAGES, SETUP, Client

PEOPLE = 10_000
MAX_SECONDS = 0.3
MAX_MEGABYTES = 12.0
NEEDED = re.compile(r"/(?:jinja2|markupsafe|segno|bridge/admin/web)/")


def resident(pid: int) -> float:
    """Megabytes that a process holds."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1000


async def idle(tmp_path: Path, **settings: str) -> tuple[float, str]:
    """Start a bot, look at the page if it is on, and say what it holds at rest and what it has imported."""
    async with TelegramPlatform() as platform, GatewayEmulator("B") as gateway:
        mia = platform.user("mia")
        bot = BridgeProcess(platform, gateway, tmp_path, BRIDGE_ADMINS=str(mia), PYTHONVERBOSE="1", **settings)
        async with bot:
            await bot.ask("hello")
            if settings:
                [said] = await bot.ask("/web")
                link = re.search(r"http://\S+/in/(\S+)", said.text)
                assert link
                jar = aiohttp.CookieJar(unsafe=True)
                async with aiohttp.ClientSession(cookie_jar=jar) as http:
                    address = link[0].partition("/in/")[0]
                    form, origin = {"link": link[1]}, {"Origin": address}
                    async with http.post(f"{address}/in", data=form, headers=origin) as answer:
                        assert "<h1>Now</h1>" in await answer.text()
                    for path in [*PAGES[1:], *SETUP]:
                        async with http.get(address + path) as answer:
                            assert answer.status == 200
            await until(lambda: '"turn"' in bot.output())
            return resident(bot.pid), bot.output()


async def test_what_is_off_is_not_imported_and_on_it_is_small(tmp_path: Path) -> None:
    for name in ("off", "on"):
        (tmp_path / name).mkdir()
    off, loaded_off = await idle(tmp_path / "off")
    on, loaded_on = await idle(tmp_path / "on", BRIDGE_WEB_PORT=str(free()))
    assert not NEEDED.search(loaded_off)
    assert NEEDED.search(loaded_on)
    print(f"page on: {on - off:.1f} MB more ({off:.1f} MB)", file=sys.stderr)
    assert on - off <= MAX_MEGABYTES


async def test_ten_thousand_people_open_at_once(owner: Client, bridge: BridgeInProcess) -> None:
    rows: dict[Any, Any] = {
        f"person fake:{number}": Rule("allow", name=f"Person {number}", by="shell", at=1.0).to_row()
        for number in range(PEOPLE)
    }
    await bridge.app.store.redis.hset(AccessKeys.rules, mapping=rows)
    lists = {"/people": "Found: 10000", "/people?find=9999": "Found: 1<", "/people?page=200": "", "/chats": "", "/": ""}
    for path, found in lists.items():
        took = []
        for _ in range(3):
            began = time.perf_counter()
            answer = await owner.get(path)
            took.append(time.perf_counter() - began)
            assert found in answer.text
        print(f"{path}: {min(took):.3f} s", file=sys.stderr)
        assert min(took) < MAX_SECONDS


async def test_a_year_of_usage_opens_at_once(owner: Client, bridge: BridgeInProcess) -> None:
    redis, year = bridge.app.store.redis, last_days(365)
    field = json.dumps
    by_month: dict[Any, Any] = {
        field([f"fake:{number}", f"fake:{number}", f"oak:model-{number % 5}"], separators=(",", ":")): "3 1000 200"
        for number in range(PEOPLE)
    }
    await redis.hset(UsageKeys.month(year[-1][:7]), mapping=by_month)
    for day in year:
        of_day: dict[Any, Any] = {
            field([day, f"oak:model-{number}"], separators=(",", ":")): "3 1000 200" for number in range(20)
        }
        await redis.hset(UsageKeys.year(day[:4]), mapping=of_day)
    took = []
    for _ in range(3):
        began = time.perf_counter()
        answer = await owner.get("/usage")
        took.append(time.perf_counter() - began)
        assert "oak:model-19" in answer.text
    print(f"/usage: {min(took):.3f} s", file=sys.stderr)
    assert min(took) < MAX_SECONDS
