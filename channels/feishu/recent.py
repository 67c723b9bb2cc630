"""Facts that matter for some hours, kept across restarts under a prefix of their own and then forgotten."""

from __future__ import annotations

from collections.abc import Callable

from bridge.channel import Memory

PUTS_PER_SWEEP = 256
"""Facts put between two sweeps."""


class Recent:
    """What is put is found for at least `keep` seconds. Raises StoreError when the store is away."""

    def __init__(self, memory: Memory, prefix: str, keep: float, now: Callable[[], float]) -> None:
        self._memory = memory
        self._prefix = prefix
        self._keep = keep
        self._now = now
        self._puts = 0

    async def get(self, name: str) -> str:
        """What was put under `name`; empty where nothing was, or long ago."""
        return (await self._memory.get(self._prefix + name)).partition(" ")[2]

    async def put(self, name: str, value: str) -> None:
        if self._puts % PUTS_PER_SWEEP == 0:
            await self._sweep()
        self._puts += 1
        await self._memory.put(self._prefix + name, f"{int(self._now())} {value}")

    async def _sweep(self) -> None:
        oldest = self._now() - self._keep
        for name, fact in (await self._memory.names(self._prefix)).items():
            when = fact.partition(" ")[0]
            if not when.isdecimal() or int(when) < oldest:
                await self._memory.forget(name)
