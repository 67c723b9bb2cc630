"""Providers out of a backup of Cherry Studio: its settings are JSON in JSON in a zip."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

from bridge.errors import SettingsError
from bridge.server import PRESETS

MAX_BYTES = 512 * 1024 * 1024
"""Of `data.json`, unpacked: it holds every conversation, too."""

_TYPES = {"openai": "openai", "openai-response": "openai-responses", "anthropic": "anthropic", "azure-openai": "azure"}
_TYPES |= {"new-api": "openai", "gateway": "openai", "ollama": "openai", "gemini": "openai", "mistral": "openai"}
_GEMINI = PRESETS["gemini"].urls["chat"]
_IDS = {"silicon": "siliconflow", "aihubmix": "aihubmix", "azure-openai": "azure"}
"""Names of Cherry Studio's for providers that have another here."""


class Found(NamedTuple):
    """One provider as it would be written, or why it is left out."""

    id: str
    name: str
    values: dict[str, Any]
    skipped: str = ""


class _Data(msgspec.Struct):
    """What is read of `data.json`; the conversations are passed over."""

    localStorage: dict[str, str]


def read_backup(path: Path | IO[bytes], max_bytes: int = MAX_BYTES) -> list[Found]:
    """The providers in a backup that have a key or need none. Raises SettingsError where it cannot be read."""
    name = path if isinstance(path, Path) else "the backup"
    try:
        with zipfile.ZipFile(path) as backup:
            names = backup.namelist()
            if "data.json" not in names:
                kind = "a newer kind, of raw database files" if "metadata.json" in names else "not one of Cherry Studio"
                raise SettingsError(
                    [f"{name}: this backup is {kind}; the gateway reads those of v1 that hold data.json"]
                )
            if backup.getinfo("data.json").file_size > max_bytes:
                raise SettingsError([f"{name}: data.json in it is too large"])
            slices = json.loads(_settings(backup.read("data.json"))["persist:cherry-studio"])
        providers = json.loads(slices["llm"])["providers"]
        return [found for each in providers if (found := _provider(each)) is not None]
    except SettingsError:
        raise
    except OSError as error:
        raise SettingsError([f"{name} cannot be read: {error.strerror or error}"]) from None
    except zipfile.BadZipFile as error:
        raise SettingsError([f"{name} is not a zip file: {error}"]) from None
    except (KeyError, TypeError, ValueError, RecursionError):
        raise SettingsError([f"{name}: its data.json is not what Cherry Studio writes"]) from None


def _settings(data: bytes) -> dict[str, str]:
    try:
        return msgspec.json.decode(data, type=_Data).localStorage
    except msgspec.DecodeError:  # half a character somewhere in a conversation, which JavaScript writes
        return dict(json.loads(data)["localStorage"])


def _provider(provider: dict[str, Any]) -> Found | None:
    """None for those that nobody has set up: Cherry Studio lists them all."""
    kind, name = str(provider.get("type") or "openai"), str(provider.get("name") or provider.get("id") or "")
    key, host = str(provider.get("apiKey") or "").strip(), str(provider.get("apiHost") or "").strip()
    if not provider.get("enabled") or (not key and kind != "ollama" and provider.get("isSystem", True)):
        return None
    id = _id(str(provider.get("id") or ""), name)
    if kind not in _TYPES:
        return Found(id, name, {}, f"providers of type {kind} have no place here")
    values: dict[str, Any] = {"type": _TYPES[kind], "name": name}
    if kind == "gemini":
        values["url"] = _GEMINI
    elif kind == "ollama":
        values["url"] = f"{host.rstrip('/')}/v1" if host else PRESETS["ollama"].urls["chat"]
    elif host:
        values["url"] = _anthropic_address(host) if kind == "anthropic" else _address(host)
    else:
        return Found(id, name, {}, "it has no address")
    if other := str(provider.get("anthropicApiHost") or "").strip():
        values["messages_url"] = _anthropic_address(other)
    if keys := [each.strip() for each in key.split(",") if each.strip()]:
        values["keys"] = keys
    return Found(id, name, values)


def _address(host: str) -> str:
    """As Cherry Studio reads it: ``#`` at the end leaves an address as it is, ``/`` leaves ``/v1`` out."""
    if host.endswith(("#", "/")):
        return f"{host.rstrip('#/')}#"
    return host if re.search(r"/v\d+(?:beta\d*)?$", host) else f"{host}/v1"


def _anthropic_address(host: str) -> str:
    """Anthropic's client, which Cherry Studio uses, puts ``/v1/messages`` behind whatever is written."""
    return f"{host.rstrip('#/').removesuffix('/v1')}/v1"


def _id(id: str, name: str) -> str:
    """A readable id: Cherry Studio's own are UUIDs where people have added a provider."""
    if re.fullmatch(r"[\w.-]{1,30}", id) and not re.fullmatch(r"[0-9a-f-]{30,}", id):
        return _IDS.get(id, id)
    return re.sub(r"[^\w.-]+", "-", name.lower()).strip("-")[:30] or id[:30] or "imported"


def unique(found: list[Found], taken: set[str]) -> Iterator[Found]:
    """The same with ids that are neither taken nor twice there."""
    for each in found:
        id, number = each.id, 2
        while id in taken:
            id, number = f"{each.id}-{number}", number + 1
        taken.add(id)
        yield each._replace(id=id)
