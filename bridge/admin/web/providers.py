"""Our own gateway: its providers, each tried before it is kept, and the keys of its clients, each shown once.

These are the functions of `cherry-bridge gateway add`, `import`, `test`, `remove` and `key`. What they need is imported
only where somebody opens this page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from bridge import log
from bridge.access import OFF
from bridge.admin.web.guard import BACKUP, MAX_BACKUP_BYTES, needs_owner, short
from bridge.admin.web.render import back, render
from bridge.admin.web.site import SITE, Site, tongue_of, visit_of
from bridge.admin.web.variables import read_setup, typed
from bridge.diagnostics import Diagnostic
from bridge.errors import SettingsError
from bridge.words import models_count
from bridge.words.shell import DOCTOR, INIT

if TYPE_CHECKING:
    from bridge.server import ClientKey, GatewayConfig, Ledger

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ShownProvider:
    id: str
    name: str
    url: str
    keys: int


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a form: of a test, of one that could not be used, or a new key."""

    form: str = ""
    """``provider``, ``import`` or ``key``, where what was given with it cannot be used."""
    why: str = ""
    found: Diagnostic | None = None
    key: str = ""
    imported: Sequence[str] = ()
    skipped: Sequence[str] = ()
    """Providers of a backup that were taken over, and those that have no place here."""


async def show(request: web.Request, result: Result | None = None) -> web.Response:
    from bridge.server import PRESETS, OwnGateway

    site, result = request.app[SITE], result or Result()
    config, problems = read_providers(site)
    uses = any(each.is_inside for each in read_setup(site).own.gateway_settings().values())
    return render(
        request,
        "providers.html",
        422 if result.form else 200,
        providers=[
            ShownProvider(spec.id, spec.name, next(iter(spec.urls.values())), len(spec.secrets))
            for spec in (config.providers.values() if config else ())
        ],
        problems=problems,
        presets=[name for name, preset in PRESETS.items() if preset.urls],
        keys=_keys(site),
        uses=uses,
        waits=uses and not any(isinstance(each, OwnGateway) for each in site.gateways.all),
        path=site.settings.gateway_file,
        result=result,
    )


async def add(request: web.Request) -> web.StreamResponse:
    """Try a provider, and keep it where it answers, in place of one of its id."""
    needs_owner(request)
    from bridge.admin.shell.gateway.providers import provider_id, tried

    site, tongue, form = request.app[SITE], tongue_of(request), await request.post()
    id, values = provider_id(typed(short(form.get("provider"))))
    if not id:
        return await show(request, Result("provider", INIT[tongue.language].provider_shape))
    if key := typed(short(form.get("key"))):
        if key.startswith(("env:", "file:")):  # whoever runs the bot may read files of this machine; a page may not
            return await show(request, Result("provider", tongue.web.key_itself))
        values["keys"] = [key]
        log.hide([key])
    if why := await tried(site.settings.gateway_file, id, values):
        found = DOCTOR[tongue.language].own_provider.found("wrong", "gateway", provider=id, why=log.redact(why))
        return await show(request, Result("provider", tongue.web.not_kept, found))
    await site.management.access.audit.note(visit_of(request).actor, f"provider {id}", "saved")
    return back("/setup/providers", "saved")


async def take_over(request: web.Request) -> web.Response:
    """Write the providers of a backup of Cherry Studio beside those that are there."""
    needs_owner(request)
    from bridge.admin.shell.gateway.providers import imported

    site, tongue, file = request.app[SITE], tongue_of(request), (await request.post()).get("backup")
    if not isinstance(file, web.FileField):
        return await show(request, Result("import", tongue.web.no_backup))
    try:
        with file.file as backup:
            found = await asyncio.to_thread(imported, site.settings.gateway_file, backup, MAX_BACKUP_BYTES)
    except SettingsError as error:
        logger.info("backup not taken over", why=str(error))
        return await show(request, Result("import", tongue.web.no_backup))
    written = [each for each in found if not each.skipped]
    log.hide(key for each in written for key in each.values.get("keys", ()))
    for each in written:
        await site.management.access.audit.note(visit_of(request).actor, f"provider {each.id}", "imported")
    if not found:
        return await show(request, Result("import", tongue.web.empty_backup))
    return await show(request, Result(imported=[e.id for e in written], skipped=[e.name for e in found if e.skipped]))


async def test(request: web.Request) -> web.Response:
    """Have a provider say which models it has."""
    needs_owner(request)
    from bridge.admin.shell.gateway.providers import models_of
    from bridge.server import ApiError

    words = DOCTOR[tongue_of(request).language]
    config, _ = read_providers(request.app[SITE])
    spec = config.providers.get(short((await request.post()).get("id"))) if config else None
    if spec is None:
        raise web.HTTPNotFound
    try:
        models = await models_of(spec)
    except ApiError as error:
        found = words.own_provider.found("wrong", "gateway", provider=spec.id, why=log.redact(error.message))
    else:
        count = models_count(len(models), words)
        found = words.models_fine.found("ok", "models", models=count, providers=spec.name)
    return await show(request, Result(found=found))


async def remove(request: web.Request) -> web.StreamResponse:
    needs_owner(request)
    from bridge.admin.shell.gateway.file import remove_provider

    site, id = request.app[SITE], short((await request.post()).get("id"))
    try:
        gone = remove_provider(site.settings.gateway_file, id)
    except SettingsError as error:
        return await show(request, Result("provider", str(error)))
    if gone:
        await site.management.access.audit.note(visit_of(request).actor, f"provider {id}", OFF)
    return back("/setup/providers", "remove" if gone else "unchanged")


async def new_key(request: web.Request) -> web.Response:
    """Make a key for a client; this answer alone shows it."""
    needs_owner(request)
    from bridge.admin.shell.gateway.keys import new_key as make

    site, form = request.app[SITE], await request.post()
    name, models, limit, budget = (typed(short(form.get(each))) for each in ("name", "models", "limit", "budget"))
    with _ledger(site) as ledger:
        try:
            key = make(ledger, name, models.replace(",", " ").split(), limit, budget)
        except ValueError as error:
            return await show(request, Result("key", str(error)))
    await site.management.access.audit.note(visit_of(request).actor, f"key {name}", "made")
    return await show(request, Result(key=key))


async def revoke(request: web.Request) -> web.StreamResponse:
    needs_owner(request)
    site, name = request.app[SITE], short((await request.post()).get("name"))
    with _ledger(site) as ledger:
        gone = ledger.revoke(name)
    if gone:
        await site.management.access.audit.note(visit_of(request).actor, f"key {name}", OFF)
    return back("/setup/providers", "remove" if gone else "unchanged")


def read_providers(site: Site) -> tuple[GatewayConfig | None, list[str]]:
    """What `gateway.toml` says, or what is wrong with it; neither where there is none."""
    from bridge.server import read_config

    path = site.settings.gateway_file
    try:
        return (read_config(path) if path.exists() else None), []
    except SettingsError as error:
        return None, list(error.problems)


@contextmanager
def _ledger(site: Site) -> Iterator[Ledger]:
    from bridge.server import LEDGER_FILE_NAME, Ledger

    ledger = Ledger(site.settings.gateway_file.parent / LEDGER_FILE_NAME)
    try:
        yield ledger
    finally:
        ledger.close()


def _keys(site: Site) -> list[ClientKey]:
    from bridge.server import LEDGER_FILE_NAME

    if not (site.settings.gateway_file.parent / LEDGER_FILE_NAME).exists():
        return []
    with _ledger(site) as ledger:
        return ledger.keys()


ROUTES = [
    web.get("/setup/providers", show, name="providers"),
    web.post("/setup/providers", add, name="add_provider"),
    web.post("/setup/providers/import", take_over, name=BACKUP),
    web.post("/setup/providers/test", test, name="test_provider"),
    web.post("/setup/providers/remove", remove, name="remove_provider"),
    web.post("/setup/keys", new_key, name="new_key"),
    web.post("/setup/keys/revoke", revoke, name="revoke_key"),
]
