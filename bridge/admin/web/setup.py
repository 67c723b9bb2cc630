"""How the bot is set up: what is set and where that came from, what things are called, and doctor's list."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from dotenv import dotenv_values
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from bridge.admin.doctor import examine
from bridge.admin.doctor.setup import Setup
from bridge.admin.web.render import render
from bridge.admin.web.site import SITE, Site, tongue_of
from bridge.diagnostics import Diagnostic
from bridge.log import redact
from bridge.settings import variable
from bridge.words.shell import DOCTOR

ENV_FILE = Path(".env")


@dataclass(frozen=True, slots=True)
class ShownSetting:
    variable: str
    value: str
    secret: bool
    source: str
    """``environment``, ``file`` or ``default``."""


async def show(request: web.Request, found: list[Diagnostic] | None = None) -> web.Response:
    site = request.app[SITE]
    return render(request, "setup.html", settings=_settings(site), names=await site.store.names.all(), found=found)


async def check(request: web.Request) -> web.Response:
    """Run all of doctor's checks, as `cherry-bridge doctor` does."""
    site, language = request.app[SITE], tongue_of(request).language
    setup = Setup.read(site.channels, ENV_FILE)
    return await show(request, [each async for each in examine(setup.checks(language), DOCTOR[language])])


def _settings(site: Site) -> list[ShownSetting]:
    """Every variable of the bridge and of its channels; of a secret, only whether it is set."""
    in_file = (
        {name.upper() for name, value in dotenv_values(ENV_FILE).items() if value} if ENV_FILE.is_file() else set()
    )
    setup = Setup.read(site.channels, ENV_FILE)
    kinds: Mapping[str, BaseSettings] = {"": site.settings, **{name: each for name, (each, _) in setup.theirs.items()}}
    found: dict[str, ShownSetting] = {}
    for settings in kinds.values():
        for field in type(settings).model_fields:
            name, value = variable(type(settings), field), getattr(settings, field)
            source = "environment" if os.environ.get(name) else "file" if name in in_file else "default"
            if isinstance(value, SecretStr):
                found.setdefault(name, ShownSetting(name, "1" if value.get_secret_value() else "", True, source))
            else:
                found.setdefault(name, ShownSetting(name, _text(value), False, source))
    return list(found.values())


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return redact(str(value))


ROUTES = [
    web.get("/setup", show, name="setup"),
    web.post("/setup/check", check, name="check"),
]
