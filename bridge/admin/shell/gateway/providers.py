"""`cherry-bridge gateway add | list | test | remove | import`: the providers, each tried before it is believed in."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import tomlkit

from bridge import log
from bridge.admin.shell.asking import ask, at_terminal
from bridge.admin.shell.gateway.backup import MAX_BYTES, Found, read_backup, unique
from bridge.admin.shell.gateway.file import put_provider, remove_provider
from bridge.errors import SettingsError
from bridge.server import (
    PRESETS,
    ApiError,
    GatewayConfig,
    HttpProvider,
    McpServer,
    McpSpec,
    Message,
    ProviderSpec,
    Request,
    ServerConfig,
    Upstream,
    encode,
    parse_config,
    read_all,
    read_config,
)
from bridge.server.dialects import DIALECTS
from bridge.types import Text

SHOWN = 5


async def add(path: Path, options: Namespace) -> int:
    """Ask for the key, try it, and write the provider; return 1 where it does not answer, and nothing was written."""
    preset = options.provider if options.provider in PRESETS else ""
    id = options.id or options.provider
    values: dict[str, Any] = {}
    if preset and preset != id:
        values["preset"] = preset
    given = {"type": options.type, "url": options.url, "name": options.name, "limit": options.limit}
    values |= {name: value for name, value in given.items() if value}
    if options.models:
        values["models"] = options.models
    if options.key:
        values["keys"] = _named_keys(options.key)
    elif _wants_key(preset) and (key := _asked_key(PRESETS[preset].label if preset else id)):
        values["keys"] = [key]
    spec = parse_config(tomlkit.dumps({"providers": {id: values}}), path).providers[id]
    log.hide(value for value, _ in spec.secrets)
    if not await _try(spec) and not options.force:
        print("Nothing was written. To keep it all the same, add --force.", file=sys.stderr)
        return 1
    put_provider(path, id, values)
    print(f"{id} is in {path}.")
    return 0


def _asked_key(name: str) -> str:
    if at_terminal():
        return ask(f"The key of {name} (it is not shown; Enter: none)", hidden=True)
    return "" if sys.stdin.isatty() else sys.stdin.readline().strip()


def provider_id(typed: str) -> tuple[str, dict[str, Any]]:
    """The id and the values of what a person names: a known provider, or an address; an empty id for anything else."""
    if (name := typed.strip().lower()) in PRESETS and PRESETS[name].urls:
        return name, {}
    host = urlsplit(typed).hostname or ""
    if urlsplit(typed).scheme not in {"http", "https"} or not host:
        return "", {}
    parts = [part for part in host.split(".") if part not in {"api", "www", "com", "cn", "net", "org", "ai", "io"}]
    return (parts[0] if parts and not parts[0].isdigit() else "mine"), {"url": typed.strip()}


async def tried(path: Path, id: str, values: dict[str, Any]) -> str:
    """Write the provider where it answers; return why it does not, or nothing."""
    try:
        await models_of(parse_config(tomlkit.dumps({"providers": {id: values}}), path).providers[id])
        put_provider(path, id, values)
    except SettingsError as error:
        return str(error)
    except ApiError as error:
        return error.message
    return ""


async def models_of(spec: ProviderSpec) -> list[str]:
    """Read the provider's list of models. Raises ApiError."""
    async with Upstream() as upstream:
        return [each.id for each in await HttpProvider(spec, ServerConfig(), upstream).models(fresh=True)]


def _wants_key(preset: str) -> bool:
    """Whether to ask for a key: not where the preset needs none, or finds it in its usual variable."""
    known = PRESETS.get(preset)
    return known is None or (known.needs_key and not os.environ.get(known.env))


def _named_keys(keys: list[str]) -> list[str]:
    """Raises SettingsError for a key itself: a shell keeps its history, and shows its arguments to everybody."""
    if not all(key.startswith(("env:", "file:")) for key in keys):
        said = "--key takes env:NAME or file:PATH. A key itself is asked for, or read from standard input"
        raise SettingsError([said])
    return keys


async def _try(spec: ProviderSpec, model: str = "") -> bool:
    """Read the list of models and, with a `model`, ask it something; print what came of it."""
    async with Upstream() as upstream:
        provider = HttpProvider(spec, ServerConfig(wait_seconds=0, first_token_seconds=60), upstream)
        try:
            models = [each.id for each in await provider.models(fresh=True)]
            some = ", ".join(models[:SHOWN]) + (" ..." if len(models) > SHOWN else "")
            print(f"[ok] {spec.id}: {len(models)} models{f': {some}' if some else ''}")
        except ApiError as error:
            print(f"[--] {spec.id}: {error.message}", file=sys.stderr)
            if not model:
                return False
        if not model:
            return True
        try:
            await _ask(provider, model)
        except ApiError as error:
            print(f"[--] {spec.id}:{model}: {error.message}", file=sys.stderr)
            return False
        print(f"[ok] {spec.id}:{model} answers")
        return True


async def _try_mcp(spec: McpSpec) -> bool:
    """Read the tools of an MCP server; print what came of it."""
    server = McpServer(spec)
    try:
        tools = [str(tool["name"]) for tool in await server.tools()]
    except ApiError as error:
        print(f"[--] mcp:{spec.id}: {error.message}", file=sys.stderr)
        return False
    finally:
        await server.close()
    some = ", ".join(tools[:SHOWN]) + (" ..." if len(tools) > SHOWN else "")
    print(f"[ok] mcp:{spec.id}: {len(tools)} tools{f': {some}' if some else ''}")
    return True


async def _ask(provider: HttpProvider, name: str) -> None:
    """Raises ApiError where the model does not answer."""
    model = provider.find(name)
    if model is None:
        raise ApiError(404, "gateway.toml does not offer this model")
    dialect = DIALECTS[provider.dialect]
    asked = Request(model.real, (Message("user", (Text("Answer with one word: hello"),)),), max_tokens=64)
    response = await provider.ask(dialect.name, encode(dialect.write(asked, provider.traits(model))), {})
    await read_all(response, provider.id, 60.0)


def show(path: Path, options: Namespace) -> int:
    """Print the providers and MCP servers, with what is wrong with the file."""
    config = read_config(path)
    if options.json:
        rows = [_row(spec) for spec in config.providers.values()]
        rows += [{"id": f"mcp:{id}", "name": spec.name, "at": _place(spec)} for id, spec in config.mcps.items()]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    if not config.providers:
        print(f"{path} names no provider; `cherry-bridge gateway add` adds one.")
    width = max((len(id) for id in config.providers), default=0)
    for spec in config.providers.values():
        keys = ", ".join(dict.fromkeys(origin for _, origin in spec.secrets)) or "no key"
        print(f"{spec.id:<{width}}  {spec.name}  {next(iter(spec.urls.values()))}  ({keys})")
    for server in config.mcps.values():
        print(f"mcp:{server.id}  {server.name}  {_place(server)}")
    return 0


def _place(server: McpSpec) -> str:
    """Where an MCP server is; of a command no more than its name, since arguments may hold keys."""
    return server.url or server.command[0]


def _row(spec: ProviderSpec) -> dict[str, Any]:
    """What may be shown of a provider."""
    origins = [origin for _, origin in spec.secrets]
    return {"id": spec.id, "name": spec.name, "urls": spec.urls, "keys": origins, "models": list(spec.config.models)}


async def test(path: Path, options: Namespace) -> int:
    """Try one provider or MCP server, or all; return 1 where one does not answer."""
    config = read_config(path)
    _hide(config)
    if options.provider.startswith("mcp:"):
        if (server := config.mcps.get(options.provider.removeprefix("mcp:"))) is None:
            raise SettingsError([f"{path} has no MCP server {options.provider!r}"])
        return 0 if await _try_mcp(server) else 1
    if options.provider:
        id, _, model = options.provider.partition(":")
        if id not in config.providers:
            raise SettingsError([f"{path} has no provider {id!r}; it has {', '.join(config.providers) or 'none'}"])
        return 0 if await _try(config.providers[id], model) else 1
    answered = [await _try(spec) for spec in config.providers.values()]
    answered += [await _try_mcp(server) for server in config.mcps.values()]
    return 0 if all(answered) else 1


def remove(path: Path, options: Namespace) -> int:
    if not remove_provider(path, options.provider):
        print(f"{path} has no provider {options.provider!r}.", file=sys.stderr)
        return 1
    print(f"{options.provider} is no longer in {path}.")
    return 0


def imported(path: Path, backup: Path | IO[bytes], max_bytes: int = MAX_BYTES) -> list[Found]:
    """Write the providers of a backup of Cherry Studio beside those that are there; return all that are in it.

    Raises SettingsError where it cannot be read.
    """
    taken = set(read_config(path).providers) if path.exists() else set()
    everything = list(unique(read_backup(backup, max_bytes), taken))
    for found in everything:
        if not found.skipped:
            put_provider(path, found.id, found.values)
    return everything


def take_over(path: Path, options: Namespace) -> int:
    """Write the providers of a backup of Cherry Studio; no key is shown. Return 1 where there are none."""
    written = 0
    for found in imported(path, Path(options.backup)):
        if found.skipped:
            print(f"[--] {found.name}: {found.skipped}")
            continue
        keys = len(found.values.get("keys", ()))
        print(f"[ok] {found.id}: {found.values['url']}, {keys} {'key' if keys == 1 else 'keys'}")
        written += 1
    print(f"{written} providers are in {path}. `cherry-bridge gateway test` tries them.")
    return 0 if written else 1


def _hide(config: GatewayConfig) -> None:
    log.hide(value for spec in config.providers.values() for value, _ in spec.secrets)
