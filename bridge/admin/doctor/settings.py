"""The settings: every error in every variable at once, typos in names, and whether others can read `.env`."""

from __future__ import annotations

import os
import sys
import urllib.request
from collections.abc import AsyncIterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from bridge.diagnostics import Diagnostic
from bridge.errors import SettingsError
from bridge.settings import read, unknown, variable
from bridge.words.shell import DoctorWords

AREA = "settings"
S = TypeVar("S", bound=BaseSettings)


def read_leniently(kind: type[S], env_file: Path) -> tuple[S, list[str]]:
    """Read settings, with defaults in place of values that cannot be used; return a sentence for each of those."""
    try:
        return read(kind, env_file), []
    except SettingsError as error:
        errors = list(error.problems)
    defaults: dict[str, object] = {}
    while True:
        try:
            # Arguments take precedence over the environment and the file.
            return kind(_env_file=env_file, _env_ignore_empty=True, **defaults), errors  # type: ignore[arg-type]
        except ValidationError as error:
            for each in error.errors(include_input=False):
                field = str(each["loc"][0])
                defaults[field] = kind.model_fields[field].get_default(call_default_factory=True, validated_data={})


async def settings(
    kinds: Sequence[type[BaseSettings]], errors: Sequence[str], env_file: Path, words: DoctorWords
) -> AsyncIterator[Diagnostic]:
    """Report `errors`, which reading `kinds` has raised, and what else is wrong with the settings."""
    wrong = [words.settings_wrong.found("wrong", AREA, problem=error) for error in errors]
    wrong += [words.settings_unknown.found("wrong", AREA, problem=slip) for slip in unknown(kinds, env_file)]
    wrong += [words.settings_slip.found("wrong", AREA, name=name, near=near) for name, near in _slips(kinds, env_file)]
    for diagnostic in wrong or [words.settings_fine.found("ok", AREA)]:
        yield diagnostic
    if _readable(env_file):
        yield words.settings_readable.found("note", AREA)


def _slips(kinds: Sequence[type[BaseSettings]], env_file: Path) -> list[tuple[str, str]]:
    """Return misspelt variables of the platforms, each with the unset one that it resembles (TELEGRAM_BOT_TOKEN).

    `unknown` finds those that begin with `BRIDGE_`. Other prefixes may belong to other programs, which share the
    environment: only what resembles a setting is returned.
    """
    known = {variable(kind, field) for kind in kinds for field in kind.model_fields}
    written = {name: value for name, value in _written(env_file).items() if value}
    unset = sorted(known - written.keys())
    prefixes = tuple(f"{name.partition('_')[0]}_" for name in known if not name.startswith("BRIDGE_"))
    strangers = sorted(name for name in written if name.startswith(prefixes) and name not in known)
    pairs = ((name, get_close_matches(name, unset, 1, cutoff=0.75)) for name in strangers)
    return [(name, near[0]) for name, near in pairs if near and near[0].split("_")[0] == name.split("_")[0]]


def _readable(path: Path) -> bool:
    """Whether anyone but the owner of the file may read it."""
    return sys.platform != "win32" and path.is_file() and bool(path.stat().st_mode & 0o077)


def _written(env_file: Path) -> dict[str, str | None]:
    named = dotenv_values(env_file) if env_file.is_file() else {}
    return {name.upper(): value for name, value in {**named, **os.environ}.items()}


async def proxies(gateway_urls: Sequence[str], words: DoctorWords) -> AsyncIterator[Diagnostic]:
    """Report a proxy, the system's or the environment's, that other programs would reach the gateways through."""
    for parts in dict.fromkeys(urlsplit(url)._replace(path="") for url in gateway_urls):
        names = sorted(urllib.request.getproxies().keys() & {parts.scheme, "all", "socks"})
        if names and not urllib.request.proxy_bypass(parts.netloc):
            host = parts.hostname or ""
            yield words.proxy_harmless.found("note", "proxy", names=", ".join(names), host=host)
