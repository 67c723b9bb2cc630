"""Changing `gateway.toml` without losing what else is in it: comments, order, other providers."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from bridge.admin.shell.envfile import replace_text
from bridge.errors import SettingsError
from bridge.server import keep_owner, parse_config

_HEAD = """\
# The providers of `cherry-bridge gateway`; changes apply at once. Everything that can be set: docs/gateway.md
"""


def put_provider(path: Path, id: str, values: Mapping[str, Any]) -> None:
    """Write a provider, in place of one of that id. Raises SettingsError where the file then could not be used."""
    document = _read(path)
    providers = document.setdefault("providers", tomlkit.table(is_super_table=True))
    table = tomlkit.table()
    for name, value in values.items():
        table[name] = value
    providers[id] = table
    _write(path, document)


def change_provider(path: Path, id: str, values: Mapping[str, Any]) -> bool:
    """Set values of a provider, and remove those that are empty; return whether it is there. Raises SettingsError."""
    document = _read(path)
    providers = document.get("providers")
    table = providers.get(id) if isinstance(providers, MutableMapping) else None
    if not isinstance(table, MutableMapping):
        return False
    for name, value in values.items():
        if value:
            table[name] = value
        else:
            table.pop(name, None)
    _write(path, document)
    return True


def remove_provider(path: Path, id: str) -> bool:
    """Take a provider out; return whether it was there. Raises SettingsError."""
    document = _read(path)
    providers = document.get("providers")
    if not isinstance(providers, MutableMapping) or id not in providers:
        return False
    del providers[id]
    _write(path, document)
    return True


def _read(path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return tomlkit.parse(_HEAD)
    except TOMLKitError as error:
        raise SettingsError([f"{path}: {error}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: cannot be read: {error}"]) from None


def _write(path: Path, document: tomlkit.TOMLDocument) -> None:
    text = tomlkit.dumps(document)
    parse_config(text, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, text)
        keep_owner(path)
    except OSError as error:
        raise SettingsError([f"{path}: cannot be written: {error.strerror}"]) from None
