"""Personas and chains that everybody can use: `/persona` and `/chain`, as forms. One's own are kept in the chat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from aiohttp import web

from bridge.admin.web.render import back, render
from bridge.admin.web.site import SITE, Visit, tongue_of, visit_of
from bridge.admin.web.variables import typed
from bridge.store import INPUT, ChainStep, Kind, Prompt, Stored
from bridge.types import Chat, User

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person wrote, where it cannot be used."""

    kind: Kind
    name: str
    text: str
    why: str


async def show(request: web.Request, wrong: Typed | None = None) -> web.Response:
    site = request.app[SITE]
    person, chat = _where(visit_of(request))
    stored = {kind: await site.store.prompts.of(kind, person, chat, ("all",)) for kind in KINDS}
    return render(request, "prompts.html", 422 if wrong else 200, stored=stored, text_of=_text, wrong=wrong)


async def save(request: web.Request) -> web.StreamResponse:
    """Keep a prompt for everybody, in place of one of its name."""
    kind, form, visit = _kind(request), await request.post(), visit_of(request)
    prompts, words = request.app[SITE].management.prompts, tongue_of(request).talk
    name, text = typed(str(form.get("name", ""))), typed(str(form.get("text", "")))
    person, chat = _where(visit)
    prompt: Prompt | str
    if kind == "persona":
        prompt = prompts.read_persona(name, text, person, words)
    else:
        name = name.removeprefix("/").lower()
        prompt = await prompts.read_chain(name, text, person, chat, words)
    if isinstance(prompt, str):
        return await show(request, Typed(kind, name, text, prompt))
    kept = await prompts.save(kind, "all", prompt, person, chat, visit.actor)
    return back("/setup/prompts", "saved" if kept else "list_full")


async def delete(request: web.Request) -> web.StreamResponse:
    kind, form, visit = _kind(request), await request.post(), visit_of(request)
    name = typed(str(form.get("name", "")))
    gone = await request.app[SITE].management.prompts.delete(kind, "all", name, *_where(visit), visit.actor)
    return back("/setup/prompts", "remove" if gone else "unchanged")


def _kind(request: web.Request) -> Kind:
    kind = request.match_info["kind"]
    if kind not in KINDS:
        raise web.HTTPNotFound
    return kind


def _where(visit: Visit) -> tuple[User, Chat]:
    """Who looks, with a direct chat of theirs: what everybody can use is the same wherever one is."""
    person = visit.session.person or User("shell", "shell")
    return person, Chat(person.channel, person.id, direct=True)


def _text(stored: Stored) -> str:
    """A prompt as it would be written: of a chain, its steps with arrows between them."""
    if stored.kind == "persona":
        return stored.prompt.text
    return " -> ".join(map(_step, stored.prompt.steps))


def _step(step: ChainStep) -> str:
    text = step.name if step.persona else step.prompt.removesuffix(f"\n\n{INPUT}")
    return f"{text} @{step.model}" if step.model else text


ROUTES = [
    web.get("/setup/prompts", show, name="prompts"),
    web.post("/setup/prompts/{kind}", save, name="save_prompt"),
    web.post("/setup/prompts/{kind}/delete", delete, name="delete_prompt"),
]
