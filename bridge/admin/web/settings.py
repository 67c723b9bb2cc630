"""Every setting: what it is, where that comes from, and a form for each that the environment does not set."""

from __future__ import annotations

from aiohttp import web

from bridge.admin.web.connections import store
from bridge.admin.web.guard import needs_owner
from bridge.admin.web.render import back, render
from bridge.admin.web.site import SITE, STARTED
from bridge.admin.web.variables import Variable, problems, read_setup, trial, typed, variables

LONG = frozenset({"BRIDGE_SYSTEM"})
"""Settings that are typed into a large field."""


async def show(request: web.Request) -> web.Response:
    return render(request, "settings.html", variables=_all(request).values())


async def edit(request: web.Request) -> web.Response:
    return _form(request, _wanted(request))


async def save(request: web.Request) -> web.StreamResponse:
    """Set one variable, or have it follow its default where nothing was typed."""
    needs_owner(request)
    wanted, form = _wanted(request), await request.post()
    text = typed(str(form.get("value", "")))
    if wanted.secret and not text and not form.get("clear"):
        return back("/setup/settings", "unchanged")
    values = {wanted.name: text}
    with trial(values) as env_file:
        why = problems(wanted.kind, wanted.name, env_file)
    if why:
        return _form(request, wanted, text, why)
    await store(request, {wanted.name: wanted}, values)
    return back("/setup/settings", "saved_restart")


def _form(request: web.Request, wanted: Variable, text: str = "", why: str = "") -> web.Response:
    kept = wanted.value if wanted.source == "file" and not wanted.secret else ""
    return render(
        request,
        "setting.html",
        422 if why else 200,
        each=wanted,
        text=(text if why else kept) if not wanted.secret else "",
        long=wanted.name in LONG,
        why=why,
    )


def _wanted(request: web.Request) -> Variable:
    found = _all(request).get(request.match_info["name"])
    if found is None or not found.editable:
        raise web.HTTPNotFound
    return found


def _all(request: web.Request) -> dict[str, Variable]:
    site = request.app[SITE]
    return variables(site, read_setup(site), request.app[STARTED])


ROUTES = [
    web.get("/setup/settings", show, name="settings"),
    web.get("/setup/settings/{name}", edit, name="setting"),
    web.post("/setup/settings/{name}", save, name="set"),
]
