"""What people read of providers and models, in place of what the gateway calls them: `/models name`, as a form."""

from __future__ import annotations

from aiohttp import web

from bridge.admin.web.guard import short
from bridge.admin.web.render import back, render
from bridge.admin.web.site import SITE, Site, tongue_of, visit_of
from bridge.commands import id_of
from bridge.errors import GatewayError
from bridge.gateway import Model
from bridge.words import trouble

MAX_SUGGESTED = 500


async def show(request: web.Request, wrong: str = "", typed: str = "") -> web.Response:
    site = request.app[SITE]
    models, away = await _models(request, site)
    ids = dict.fromkeys([*(model.section for model in models), *(str(model.id) for model in models)])
    return render(
        request,
        "names.html",
        422 if wrong else 200,
        names=await site.store.names.all(),
        suggested=list(ids)[:MAX_SUGGESTED],
        away=away,
        wrong=wrong,
        typed=typed,
    )


async def save(request: web.Request) -> web.StreamResponse:
    """Call a provider or a model so, or by its own name where the field is empty."""
    site, form = request.app[SITE], await request.post()
    wanted, name = (short(form.get(field)) for field in ("id", "name"))
    id: str | None = wanted
    if wanted not in await site.store.names.all():
        models, away = await _models(request, site)
        id = id_of(wanted, models) if wanted else None
        if id is None:
            return await show(request, away or tongue_of(request).talk.model_unknown.format(query=wanted), wanted)
    kept = await site.management.rename(id or "", name, visit_of(request).actor)
    return back("/setup/names", "list_full" if kept is None else "saved")


async def _models(request: web.Request, site: Site) -> tuple[list[Model], str]:
    """What the gateways offer, and why it is nothing."""
    try:
        return list(await site.gateways.models()), ""
    except GatewayError as error:
        return [], trouble(error, tongue_of(request).talk, model=None, admin=True)


ROUTES = [
    web.get("/setup/names", show, name="names"),
    web.post("/setup/names", save, name="rename"),
]
