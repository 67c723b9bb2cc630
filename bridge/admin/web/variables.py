"""The variables that set the bot up: what each is, where that comes from, and new values, tried before they are kept.

They go the way of `cherry-bridge init`: into `.env`, which only its owner can read. What the environment sets goes
before that file, and is not changed here.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from bridge.admin.doctor.setup import Setup
from bridge.admin.shell.envfile import put
from bridge.admin.web.site import Site
from bridge.diagnostics import gateway_variable
from bridge.errors import SettingsError
from bridge.gateway_settings import GatewaySettings
from bridge.log import redact
from bridge.settings import read, variable

ENV_FILE = Path(".env")
MAX_VALUE_CHARACTERS = 8000

Source = Literal["environment", "file", "default"]


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    kind: type[BaseSettings]
    """The settings that read it."""
    value: str
    """As it is written, or as it applies by default; of a secret ``set`` or nothing."""
    secret: bool
    source: Source
    waits: bool
    """Whether it was changed after the start, and applies from the next one."""

    @property
    def editable(self) -> bool:
        return self.source != "environment"


def written() -> dict[str, str]:
    """What the file and the environment set, by variable; an empty value counts as none."""
    in_file = dotenv_values(ENV_FILE) if ENV_FILE.is_file() else {}
    return {name.upper(): value for name, value in {**in_file, **os.environ}.items() if value}


def variables(site: Site, setup: Setup, at_start: Mapping[str, str]) -> dict[str, Variable]:
    """Every variable of the bridge, of its gateways and of its channels, by name."""
    now = written()

    def of(name: str, kind: type[BaseSettings], default: object, *, secret: bool) -> Variable:
        source: Source = "environment" if os.environ.get(name) else "file" if name in now else "default"
        text = now.get(name, "") or _text(default)
        value = ("set" if text else "") if secret else redact(text)
        return Variable(name, kind, value, secret, source, now.get(name) != at_start.get(name))

    found: dict[str, Variable] = {}
    for settings in (setup.own, *(each for each, _ in setup.theirs.values())):
        kind = type(settings)
        for field in kind.model_fields:
            if field == "named_gateways":
                for id in setup.own.gateways:
                    for part in GatewaySettings.model_fields:
                        name = gateway_variable(id, part)
                        found[name] = of(name, kind, "", secret=part == "key")
                continue
            name, default = variable(kind, field), getattr(settings, field)
            found.setdefault(name, of(name, kind, default, secret=isinstance(default, SecretStr)))
    return found


def read_setup(site: Site) -> Setup:
    """The settings as they are written now, which may not be those that run."""
    return Setup.read(site.channels, ENV_FILE)


@contextmanager
def trial(values: Mapping[str, str]) -> Iterator[Path]:
    """A copy of `.env` with these values, to be read and tried, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:  # only its owner can look into it
        path = Path(folder) / ".env"
        if ENV_FILE.is_file():
            path.write_bytes(ENV_FILE.read_bytes())
        put(path, values)
        yield path


def problems(kind: type[BaseSettings], name: str, env_file: Path) -> str:
    """Why the variable cannot be what that file says; nothing where it can."""
    try:
        read(kind, env_file)
    except SettingsError as error:
        return next((each.removeprefix(f"{name}: ") for each in error.problems if each.startswith(name)), "")
    return ""


def keep(values: Mapping[str, str]) -> None:
    """Write the values into `.env`. Raises OSError."""
    put(ENV_FILE, values)


def typed(text: str) -> str:
    """What a person typed, without spaces around it and without what is no character."""
    return "".join(char for char in text[:MAX_VALUE_CHARACTERS] if char.isprintable() or char == "\n").strip()


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)
