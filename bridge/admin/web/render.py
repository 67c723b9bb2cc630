"""Templates: every value is escaped, and what every page needs is there."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bridge.access import Role
from bridge.admin.web.site import SITE, VISIT, WORDS, Tongue
from bridge.commands import moment
from bridge.words import IN
from bridge.words.web import WEB

HERE = Path(__file__).parent


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = moment
    return environment


def fragment(request: web.Request, template: str, **values: object) -> str:
    """Return a template filled in for this request."""
    tongue = request.get(WORDS) or Tongue("en", WEB["en"], IN["en"])
    visit = request.get(VISIT)
    return (
        _environment()
        .get_template(template)
        .render(
            w=tongue.web,
            talk=tongue.talk,
            language=tongue.language,
            visit=visit,
            is_owner=visit is not None and visit.role is Role.OWNER,
            here=request.match_info.route.name or "",
            request_path=request.path,
            reading=request.app[SITE].settings.web_read,
            done=_done(request),
            now=time.time(),
            **values,
        )
    )


def render(request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
    return web.Response(text=fragment(request, template, **values), status=status, content_type="text/html")


def _done(request: web.Request) -> str:
    """What the request before this one came to: a name of a sentence, never a sentence."""
    tongue = request.get(WORDS)
    name = request.query.get("done", "")
    return tongue.web.done.get(name, "") if tongue is not None else ""


def back(path: str, done: str = "") -> web.Response:
    """Lead to a page, which says what was done."""
    return web.Response(status=303, headers={"Location": f"{path}?done={done}" if done else path})
