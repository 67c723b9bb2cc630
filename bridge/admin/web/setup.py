"""How the bot is: doctor's list, and the way to what can be set up here."""

from __future__ import annotations

from aiohttp import web

from bridge.admin.doctor import examine
from bridge.admin.web.render import render
from bridge.admin.web.site import SITE, STARTED, tongue_of
from bridge.admin.web.variables import read_setup, variables
from bridge.diagnostics import Diagnostic
from bridge.words.shell import DOCTOR


async def show(request: web.Request, found: list[Diagnostic] | None = None) -> web.Response:
    site = request.app[SITE]
    known = variables(site, read_setup(site), request.app[STARTED])
    waiting = [each.name for each in known.values() if each.waits]
    return render(request, "setup.html", waiting=waiting, found=found)


async def check(request: web.Request) -> web.Response:
    """Run all of doctor's checks, as `cherry-bridge doctor` does."""
    setup, language = read_setup(request.app[SITE]), tongue_of(request).language
    return await show(request, [each async for each in examine(setup.checks(language), DOCTOR[language])])


ROUTES = [
    web.get("/setup", show, name="setup"),
    web.post("/setup/check", check, name="check"),
]
