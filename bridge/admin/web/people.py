"""People: who waits to be let in, who may talk, roles, invites, and every change with a way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast, get_args
from urllib.parse import urlencode

from aiohttp import web

from bridge.access import SUBJECT_KINDS, Listed, Role, as_subject
from bridge.admin.web.guard import needs_owner
from bridge.admin.web.qr import qr
from bridge.admin.web.render import back, render
from bridge.admin.web.site import SITE, visit_of
from bridge.commands import RequestAnswer, ends, shown, split_duration
from bridge.store import CODE
from bridge.types import User

PER_PAGE = 50
MAX_CHANGES = 50
DAY_SECONDS = 86400.0
MAX_SEARCH = 100
ANSWERS = get_args(RequestAnswer)


@dataclass(frozen=True, slots=True)
class Field:
    """What a person typed, where it cannot be used."""

    name: str
    typed: str


async def show(request: web.Request, wrong: Field | None = None) -> web.Response:
    """The people, one page of them, and of those whom a search finds."""
    management = request.app[SITE].management
    directory = await management.directory()
    wanted = request.query.get("find", "")[:MAX_SEARCH].strip()
    found = [each for each in directory.listed if _fits(each, wanted)]
    pages = max(1, -(-len(found) // PER_PAGE))
    number = min(max(_number(request.query.get("page", "")), 1), pages)
    return render(
        request,
        "people.html",
        422 if wrong else 200,
        requests=await management.access.requests.open(),
        roles=directory.roles,
        is_named=management.access.roles.is_named,
        listed=found[(number - 1) * PER_PAGE : number * PER_PAGE],
        count=len(found),
        find=wanted,
        page=number,
        pages=pages,
        link=lambda page: f"/people?{urlencode({'find': wanted, 'page': page})}",
        kinds=SUBJECT_KINDS,
        wrong=wrong,
    )


async def answer(request: web.Request) -> web.StreamResponse:
    """Let a stranger in, or not; they are told."""
    form = await request.post()
    given = str(form.get("answer", ""))
    if given not in ANSWERS:
        raise web.HTTPBadRequest
    answered = await request.app[SITE].management.answer_request(
        str(form.get("id", "")), cast(RequestAnswer, given), visit_of(request).actor
    )
    if answered is None:
        return back("/people", "closed")
    return back("/people", given if answered.done else "is_admin")


async def rule(request: web.Request) -> web.StreamResponse:
    """Let somebody in, shut them out, or forget what was decided."""
    form = await request.post()
    management, actor = request.app[SITE].management, visit_of(request).actor
    id, kind, what = (str(form.get(name, "")).strip() for name in ("id", "kind", "what"))
    channel, _, rest = id.partition(":")
    subject = as_subject(kind, channel.lower(), rest) if channel and kind in SUBJECT_KINDS else None
    if subject is None:
        return await show(request, Field("id", id))
    typed = str(form.get("for", "")).strip()
    left, seconds = split_duration(typed)
    if left or (typed and not seconds):
        return await show(request, Field("for", typed))
    match what:
        case "allow":
            await management.allow(subject, actor, ends(seconds))
        case "deny":
            if await management.deny(subject, actor, ends(seconds)) == "is an admin":
                return back("/people", "is_admin")
        case "remove":
            await management.remove(subject, actor)
        case _:
            raise web.HTTPBadRequest
    return back("/people", what)


async def role(request: web.Request) -> web.StreamResponse:
    """Make an admin, or take the role."""
    needs_owner(request)
    form = await request.post()
    site, actor = request.app[SITE], visit_of(request).actor
    id = str(form.get("id", "")).strip()
    channel, _, rest = id.partition(":")
    person = as_subject("person", channel.lower(), rest) if channel else None
    if not isinstance(person, User):
        return await show(request, Field("admin", id))
    if form.get("what") == "add":
        done = "promoted" if await site.management.promote(person, actor) else "unchanged"
    else:
        went = await site.management.demote(person, actor)
        done = {"changed": "demoted", "unchanged": "unchanged", "stays": "stays"}[went]
    await site.admins_changed()
    return back("/people", done)


async def invite(request: web.Request) -> web.StreamResponse:
    """Make a code; it is shown once, with the picture that a phone reads it from."""
    form = await request.post()
    site, actor = request.app[SITE], visit_of(request).actor
    uses, typed = _number(str(form.get("uses", "1"))), str(form.get("for", "")).strip()
    left, seconds = split_duration(typed)
    if left or (typed and not seconds):
        return await show(request, Field("invite", typed))
    made = await site.management.invite(actor, uses, ends(seconds or DAY_SECONDS))
    if made is None:
        return back("/people", "invites_full")
    links = [
        (state.name, link, qr(link))
        for state in await site.store.channel_states.all()
        if (link := state.link.replace(CODE, made.code))
    ]
    return render(request, "invite.html", invite=made, links=links)


async def revoke(request: web.Request) -> web.StreamResponse:
    await request.app[SITE].management.revoke_invites(visit_of(request).actor)
    return back("/people", "revoked")


async def changes(request: web.Request) -> web.Response:
    found = await request.app[SITE].management.changes(MAX_CHANGES)
    visit = visit_of(request)
    last = found[0] if found else None
    may = last is not None and last.can_be_undone and (visit.role is Role.OWNER or not last.is_owners)
    return render(request, "changes.html", changes=found, shown=shown, undo=last.id if last and may else "")


async def undo(request: web.Request) -> web.StreamResponse:
    """Take the last change back, if it still is the one that the person saw."""
    site, visit = request.app[SITE], visit_of(request)
    wanted = str((await request.post()).get("id", ""))
    found = await site.management.changes(1)
    if not found or found[0].id != wanted:
        return back("/changes", "overtaken")
    if found[0].is_owners:
        needs_owner(request)
    done = "undone" if await site.management.undo(found[0], visit.actor) else "overtaken"
    await site.admins_changed()
    return back("/changes", done)


def _fits(listed: Listed, wanted: str) -> bool:
    return not wanted or wanted.casefold() in f"{listed.id} {listed.rule.name}".casefold()


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 1


ROUTES = [
    web.get("/people", show, name="people"),
    web.post("/people/answer", answer, name="answer"),
    web.post("/people/rule", rule, name="rule"),
    web.post("/people/role", role, name="role"),
    web.post("/invites", invite, name="invite"),
    web.post("/invites/off", revoke, name="revoke"),
    web.get("/changes", changes, name="changes"),
    web.post("/changes/undo", undo, name="undo"),
]
