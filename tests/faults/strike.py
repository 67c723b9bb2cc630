"""What goes wrong in a world, one fault at a time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.emulators.discord import DiscordPlatform
from tests.emulators.feishu import FeishuPlatform
from tests.emulators.feishu.rules import Fault as FeishuFault
from tests.emulators.feishu.server import WRITES as FEISHU_WRITES
from tests.emulators.feishu.server import Injected
from tests.emulators.telegram import TelegramPlatform
from tests.emulators.telegram.faults import WRITES, Fault
from tests.faults.plan import Fault as Planned
from tests.faults.proxy import Proxy
from tests.platform import Platform

if TYPE_CHECKING:
    from tests.faults.world import World


class Strike:
    """Makes one thing go wrong, and right again."""

    def __init__(self, world: World, ids: dict[str, list[str]]) -> None:
        self._world = world
        self._ids = ids

    async def apply(self, fault: Planned) -> None:
        area, _, what = fault.kind.partition(".")
        if area == "platform":
            await self._platform(fault, what)
            return
        if area == "store":
            await self._store(fault.seconds, what)
            return
        worker = self._world.workers[int(fault.target)]
        match fault.kind:
            case "kill":
                await worker.kill(fault.seconds)
            case "stop":
                await worker.restart(fault.seconds)
            case "freeze":
                await worker.freeze(fault.seconds)
            case "link.cut":
                worker.links.store.cut()
            case "link.mute":
                worker.links.store.lose_answers(fault.count)
            case "link.stall":
                await _stalled(worker.links.store, fault.seconds)
            case "gateway.cut":
                worker.links.gateway.cut_after(fault.count)
            case "gateway.stall":
                await _stalled(worker.links.gateway, fault.seconds)
            case "gateway.restart":
                async with self._world.gateway_switch:
                    await self._world.gateway.stop()
                    await asyncio.sleep(fault.seconds)
                    await self._world.gateway.start()

    async def _store(self, seconds: float, what: str) -> None:
        store = self._world.store
        faults = {
            "kill": store.killed,
            "freeze": store.frozen,
            "memory": store.out_of_memory,
            "readonly": store.read_only,
            "disk": store.disk_full,
            "failover": store.failed_over,
        }
        await faults[what](seconds)

    async def _platform(self, fault: Planned, what: str) -> None:
        platform = self._world.platforms[fault.target]
        match what:
            case "flood":
                platform.flood(fault.seconds, fault.count)
            case "lose":
                platform.lose_answers(fault.count)
            case "drop":
                platform.drop_requests(fault.count)
            case "fail":
                _fail(platform, fault.count)
            case "conflict":
                assert isinstance(platform, TelegramPlatform)
                conflict = (
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
                )
                platform.server.faults.plan(Fault.error(409, conflict), methods=["getUpdates"], times=fault.count)
            case "cut":
                for worker in self._world.workers:
                    worker.links.platforms[fault.target].cut()
                if isinstance(platform, FeishuPlatform):
                    await platform.server.connection.drop()
                if isinstance(platform, DiscordPlatform):
                    await platform.gateway.cut(1006)
            case "repeat":
                for id in self._ids[fault.target][-fault.count :]:
                    with suppress(LookupError):
                        await platform.redeliver(id)


async def _stalled(proxy: Proxy, seconds: float) -> None:
    proxy.stall()
    try:
        await asyncio.sleep(seconds)
    finally:
        proxy.flow()


def _fail(platform: Platform, times: int) -> None:
    """The next writes are answered with 502, and not carried out."""
    match platform:
        case TelegramPlatform():
            platform.server.faults.plan(Fault.html(502), methods=WRITES, times=times)
        case DiscordPlatform():
            platform.rest.failures += times
        case FeishuPlatform():
            error = FeishuFault(500, "internal error", status=502)
            platform.server.injected.append(Injected(FEISHU_WRITES, times, error))
