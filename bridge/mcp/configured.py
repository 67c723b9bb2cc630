"""How an MCP server is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ConfiguredServer:
    """A server that is started as a child (`command`), or asked by HTTP (`url`). What is secret is not in its repr."""

    name: str
    command: str = ""
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    url: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: str = field(default="", repr=False)
    """Where the command runs; without it, where we do."""

    @property
    def secrets(self) -> list[str]:
        """What must not be shown to anybody."""
        return [each for each in (*self.env.values(), *self.headers.values()) if each]
