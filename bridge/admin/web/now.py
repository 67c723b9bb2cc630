"""What is going on: channels, gateway, answers under way, what went wrong, the last turns."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

from aiohttp import web

from bridge.admin.doctor.answer import failed, key_diagnostic
from bridge.admin.doctor.gateway import absent, in_its_variables
from bridge.admin.doctor.gateway import failed as no_list
from bridge.admin.web.guard import COOKIE, browser_of
from bridge.admin.web.render import fragment, render
from bridge.admin.web.site import SITE, Site, Tongue, tongue_of
from bridge.diagnostics import Diagnostic
from bridge.errors import GatewayError, GatewayUnreachable, KeyRefused, NoModelList
from bridge.gateway import Gateway
from bridge.settings import read
from bridge.store import Activity, ChannelState
from bridge.types import ModelId
from bridge.words import models_count
from bridge.words.shell import DOCTOR

MAX_TURNS = 20
MAX_UNDER_WAY = 50
"""Answers of each account that are shown."""
ERROR_SECONDS = 3600
GATEWAY_SECONDS = 5.0
"""For the gateway to give its list."""
MAX_FOLLOWERS = 16
"""Pages that follow what happens at the same time; others are refreshed by hand."""
FOLLOW_SECONDS = 600
"""Seconds after which a page reconnects, so that a forgotten one is closed."""


@dataclass(frozen=True, slots=True)
class ShownGateway:
    label: str
    """What people call it among several; empty where there is one."""
    diagnostics: list[Diagnostic] | None
    """None while it is being looked at for the first time."""
    away_since: float | None
    """Seconds since 1970, where questions have found it away."""


@dataclass(frozen=True, slots=True)
class ShownChannel:
    state: ChannelState
    diagnostics: list[Diagnostic]
    """What doctor finds wrong with it, where it is not up."""


@dataclass(frozen=True, slots=True)
class ShownError:
    count: int
    at: float
    """When it last happened."""
    model: str
    diagnostic: Diagnostic


async def show(request: web.Request) -> web.Response:
    return render(request, "now.html", **await _what_is_going_on(request.app[SITE], tongue_of(request)))


async def live(request: web.Request) -> web.Response:
    """The part of the page that changes by itself."""
    return render(request, "now_live.html", **await _what_is_going_on(request.app[SITE], tongue_of(request)))


async def follow(request: web.Request) -> web.StreamResponse:
    """Send an event whenever that part has changed, as long as the session lasts."""
    site = request.app[SITE]
    if site.conditions.followers >= MAX_FOLLOWERS:
        return web.Response(status=204)  # the browser then does not ask again
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await answer.prepare(request)
    site.conditions.followers += 1
    try:
        async with asyncio.timeout(FOLLOW_SECONDS):
            await _follow(request, answer)
    except (TimeoutError, ConnectionError):
        pass
    finally:
        site.conditions.followers -= 1
    return answer


async def _follow(request: web.Request, answer: web.StreamResponse) -> None:
    site, seen = request.app[SITE], ""
    sessions, token = site.management.access.web, request.cookies.get(COOKIE, "")
    async with aclosing(site.store.activity.changes()) as changes:
        async for _ in changes:
            if await sessions.session(token, browser_of(request)) is None:
                return
            shown = fragment(request, "now_live.html", **await _what_is_going_on(site, tongue_of(request)))
            digest = sha256(shown.encode()).hexdigest()
            if digest != seen:
                # The first one too: something may have happened since the page was loaded. Without data a browser
                # would pass the event over.
                await answer.write(b"event: changed\ndata: 1\n\n")
                seen = digest


async def _what_is_going_on(site: Site, tongue: Tongue) -> dict[str, Any]:
    states = await site.store.channel_states.all()
    queues = await site.inbox.look([state.account for state in states if state.account], MAX_UNDER_WAY)
    activities = await site.store.activity.newest(200)
    requests = await site.management.access.requests.open()
    return {
        "channels": [await _channel(site, state, tongue) for state in states],
        "gateways": await asyncio.gather(*(_gateway(site, each, tongue) for each in site.gateways.all)),
        "queues": queues,
        "errors": _errors(activities, tongue),
        "turns": activities[:MAX_TURNS],
        "requests": requests,
        "seconds_now": time.time(),
    }


async def _gateway(site: Site, gateway: Gateway, tongue: Tongue) -> ShownGateway:
    """Each is looked at apart, so that one that is slow keeps no other from being shown."""
    find = partial(_list_of, gateway, tongue)
    outage, diagnostics = await asyncio.gather(
        site.store.outage.now(gateway.id), site.conditions.of(f"gateway {gateway.id}", tongue.language, find)
    )
    found = diagnostics and [in_its_variables(each, gateway.id) for each in diagnostics]
    return ShownGateway(gateway.label if gateway.id else "", found, float(outage.since) if outage else None)


async def _list_of(gateway: Gateway, tongue: Tongue) -> AsyncIterator[Diagnostic]:
    """Whether the gateway gives its list; no model is asked."""
    url, words = gateway.url, DOCTOR[tongue.language]
    try:
        async with asyncio.timeout(GATEWAY_SECONDS):
            models = await gateway.models(fresh=True)
    except GatewayUnreachable:
        yield await absent(url, words)
    except KeyRefused as error:
        yield key_diagnostic(error, words)
    except NoModelList:
        yield words.models_no_list.found("note", "gateway", url=url)
    except GatewayError as error:
        yield no_list(url, error, words, tongue.talk)
    except TimeoutError:
        yield words.gateway_mute.found("wrong", "gateway", url=url)
    else:
        yield Diagnostic("ok", "gateway", f"{url}: {models_count(len(models), tongue.talk)}")


async def _channel(site: Site, state: ChannelState, tongue: Tongue) -> ShownChannel:
    kind = site.channels.get(state.name)
    if state.state == "up" or kind is None:
        return ShownChannel(state, [])

    async def check() -> AsyncIterator[Diagnostic]:
        async for diagnostic in read(kind).check(tongue.language, thorough=False):
            yield diagnostic

    found = await site.conditions.of(state.name, tongue.language, check) or []
    return ShownChannel(state, [each for each in found if each.severity == "wrong"])


def _errors(activities: list[Activity], tongue: Tongue) -> list[ShownError]:
    """What went wrong within the last hour, each kind once, the newest first."""
    found: dict[tuple[str, str], ShownError] = {}
    for activity in activities:
        if activity.failure is None or activity.at < time.time() - ERROR_SECONDS:
            continue
        model = _model(activity.model)
        diagnostic = failed(activity.failure.error(model), model, DOCTOR[tongue.language], tongue.talk)
        known = found.get((diagnostic.text, activity.model))
        found[diagnostic.text, activity.model] = ShownError(
            known.count + 1 if known else 1, known.at if known else activity.at, activity.model, diagnostic
        )
    return list(found.values())


def _model(text: str) -> ModelId:
    try:
        return ModelId.parse(text)
    except ValueError:
        return ModelId("", text)


ROUTES = [
    web.get("/", show, name="now"),
    web.get("/now/live", live, name="live"),
    web.get("/now/events", follow, name="events"),
]
