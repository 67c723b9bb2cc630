"""What an adapter keeps across restarts, in a dict."""

from __future__ import annotations

from collections.abc import Mapping


class Kept:
    """A `bridge.channel.Memory` that outlives the channel that was given it."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}

    async def get(self, name: str) -> str:
        return self.facts.get(name, "")

    async def put(self, name: str, value: str) -> None:
        self.facts[name] = value

    async def put_all(self, values: Mapping[str, str]) -> None:
        self.facts |= values

    async def add(self, name: str, amount: int = 1) -> int:
        self.facts[name] = str(int(self.facts.get(name, "0")) + amount)
        return int(self.facts[name])

    async def forget(self, name: str) -> None:
        self.facts.pop(name, None)

    async def names(self, prefix: str = "") -> Mapping[str, str]:
        return {name: value for name, value in self.facts.items() if name.startswith(prefix)}
