"""The way in by a one-time link, the way out, and the files of the page."""

from __future__ import annotations

from aiohttp import web

from bridge.access import SESSION_SECONDS
from bridge.admin.web.guard import COOKIE, browser_of
from bridge.admin.web.render import HERE, back, render
from bridge.admin.web.site import SITE, visit_of

MAX_TOKEN = 100


async def way_in(request: web.Request) -> web.Response:
    """Ask before the link is used up: programs that look at links before people do must not spend it."""
    return render(request, "way_in.html", link=request.match_info["token"][:MAX_TOKEN])


async def enter(request: web.Request) -> web.StreamResponse:
    token = str((await request.post()).get("link", ""))[:MAX_TOKEN]
    session = await request.app[SITE].management.access.web.enter(token, browser_of(request))
    if session is None:
        return render(request, "way_in.html", 403, link="", spent=True)
    answer = back("/")
    answer.set_cookie(COOKIE, session, max_age=SESSION_SECONDS, path="/", httponly=True, samesite="Strict")
    return answer


async def leave(request: web.Request) -> web.StreamResponse:
    await request.app[SITE].management.access.web.close(visit_of(request).token)
    answer = back("/")
    answer.del_cookie(COOKIE, path="/")
    return answer


async def style(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(HERE / "static" / "page.css")


async def script(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(HERE / "static" / "page.js")


ROUTES = [
    web.get("/in/{token}", way_in, name="way_in"),
    web.post("/in", enter, name="enter"),
    web.post("/out", leave, name="leave"),
    web.get("/static/page.css", style, name="style"),
    web.get("/static/page.js", script, name="script"),
]
