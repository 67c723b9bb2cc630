"""The tables ``[mcps.ID]`` of `gateway.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from bridge.server.values import convert, resolve

_ID = re.compile(r"[\w.-]{1,64}")


class McpConfig(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One server as it is written: a `command` that is run, or a `url` that is asked."""

    name: str = ""
    description: str = ""
    command: tuple[str, ...] = ()
    env: dict[str, str] = msgspec.field(default_factory=dict)
    """Variables of the command; of ours it gets only those of a login, such as PATH."""
    folder: str = ""
    """Where the command runs; without it, where the gateway does."""
    url: str = ""
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    enabled: bool = True

    def __repr__(self) -> str:
        return f"McpConfig(url={self.url!r})"


class McpSpec(Struct, frozen=True, kw_only=True):
    """One server, ready for use. Two are equal where nothing about them has changed."""

    id: str
    name: str
    description: str
    command: tuple[str, ...]
    env: dict[str, str]
    folder: str
    url: str
    headers: dict[str, str]

    def __repr__(self) -> str:
        return f"McpSpec({self.id!r})"

    @property
    def secrets(self) -> list[str]:
        """What must not be shown to anybody."""
        return [*self.env.values(), *self.headers.values()]


def read_mcps(tables: Any, path: Path, faults: list[str]) -> dict[str, McpSpec]:
    """Read the tables of the file at `path`; what is wrong with them is added to `faults`."""
    specs: dict[str, McpSpec] = {}
    for id, table in tables.items() if isinstance(tables, dict) else ():
        where = f"{path}: mcps.{id}"
        config = convert(table, McpConfig, where, faults)
        if config is None or not config.enabled:
            continue
        found = list(_faults(id, config))
        faults += [where + fault for fault in found]
        if found:
            continue
        try:
            specs[id] = McpSpec(
                id=id,
                name=config.name or id,
                description=config.description,
                command=config.command,
                env={name: resolve(value, path.parent).strip() for name, value in config.env.items()},
                folder=config.folder,
                url=config.url,
                headers={name: resolve(value, path.parent).strip() for name, value in config.headers.items()},
            )
        except ValueError as error:
            faults.append(f"{where}: {error}")
    return specs


def _faults(id: str, config: McpConfig) -> Iterator[str]:
    if not _ID.fullmatch(id):
        yield ": an id is made of letters, digits, '-', '_' and '.'"
    if bool(config.command) == bool(config.url):
        yield ": give either command or url"
    if config.url and (urlsplit(config.url).scheme not in {"http", "https"} or not urlsplit(config.url).hostname):
        yield ".url: not an address; it begins with http:// or https://"
