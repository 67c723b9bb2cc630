"""What one chat has chosen for itself: its model, how answers look, `/kb` and `/tools`, as forms.

The settings of a chat say what applies where nothing was chosen. A topic or thread chooses for itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import web

from bridge.admin.web.guard import chat_of, short
from bridge.admin.web.render import back, render
from bridge.admin.web.site import SITE, Site, tongue_of, visit_of
from bridge.commands import CHOSEN, UNSET
from bridge.knowledge import Bases, Knowledge
from bridge.tools import BUILT_IN, PERMISSIONS, Offer, Tool
from bridge.types import Chat

PATIENCE_SECONDS = 2.0
"""For tool servers and knowledge bases to say what there is; what comes later is there at the next look."""
MAX_SUGGESTED = 500


async def show(request: web.Request, wrong: str = "") -> web.Response:
    site, chat, tongue = request.app[SITE], _wanted(request), tongue_of(request)
    choices = site.management.choices
    settings = await site.management.access.settings.of(chat)
    offer, bases = await asyncio.gather(site.toolbox.offer(wait=PATIENCE_SECONDS), _bases(site))
    tools, knowledge = await choices.tools(chat), await choices.knowledge(chat)
    return render(
        request,
        "chosen.html",
        422 if wrong else 200,
        chat=chat,
        name=(await site.names()).get(str(chat), ""),
        path=request.path,
        chosen=await choices.chosen(chat),
        words_of=CHOSEN,
        labels=_labels(request, settings.later),
        models=await _models(site),
        wrong=wrong,
        documents=len(await site.store.documents.all(chat)),
        knowledge=knowledge,
        bases={each.key: each.name for each in bases.all} | dict(knowledge.bases),
        bases_away=bases.problem == "away",
        tools=tools,
        tools_elsewhere=settings.tools,
        servers=_by_server(offer),
        problems=offer.problems,
        server_names={BUILT_IN: tongue.talk.tools_built_in},
        permissions=PERMISSIONS,
    )


async def save(request: web.Request) -> web.StreamResponse:
    """Keep what differs in one of the forms."""
    chat = _wanted(request)
    match (await request.post()).get("part"):
        case "answers":
            if wrong := await _save_answers(request, chat):
                return await show(request, wrong)
        case "knowledge":
            await _save_knowledge(request, chat)
        case "tools":
            await _save_tools(request, chat)
        case _:
            raise web.HTTPBadRequest
    return back(request.path, "saved")


async def _save_answers(request: web.Request, chat: Chat) -> str:
    """Return the name of a model that there is not, or that may not be used here; then nothing at all is chosen."""
    site, actor, form = request.app[SITE], visit_of(request).actor, await request.post()
    choices = site.management.choices
    typed = {name: short(form.get(name)) or UNSET for name in CHOSEN if name in form}
    if any(CHOSEN[name] and text not in CHOSEN[name] for name, text in typed.items()):
        raise web.HTTPBadRequest
    model = typed.get("model", UNSET)
    if model not in (UNSET, (await choices.chosen(chat))["model"]):
        permitted = (await site.management.access.settings.of(chat)).models
        if model not in {str(each.id) for each in await site.offered() if permitted.permit(each.id)}:
            return model
    for name, text in typed.items():
        await choices.choose(chat, name, text, actor)
    return ""


async def _save_knowledge(request: web.Request, chat: Chat) -> None:
    site, actor, form = request.app[SITE], visit_of(request).actor, await request.post()
    choices = site.management.choices
    kept = await choices.knowledge(chat)
    known = {each.key: each.name for each in (await _bases(site)).all} | dict(kept.bases)
    wanted = {key for key in map(str, form.getall("base", ())) if key in known}
    new, said = kept, []
    for key in sorted(wanted ^ set(kept.bases)):
        new = new.toggled(key, known[key])
        said.append(f"{'+' if key in wanted else '-'}{key}")
    if (own := "own" in form) != kept.own:
        new = new.with_own(own)
        said.append(f"{'+' if own else '-'}own")
    if (as_tool := form.get("use") == "tool") != kept.is_tool:
        new = new.used("tool" if as_tool else "always")
        said.append(new.use)
    if said:
        await choices.set_knowledge(chat, new, " ".join(said), actor)


async def _save_tools(request: web.Request, chat: Chat) -> None:
    """A server's word is taken before those of its tools."""
    site, actor, form = request.app[SITE], visit_of(request).actor, await request.post()
    choices = site.management.choices
    offer, kept = await site.toolbox.offer(wait=PATIENCE_SECONDS), await choices.tools(chat)
    new, said = kept, []
    on = {"on": True, "off": False}.get(str(form.get("on")))
    if on != kept.on:
        new = new.switched(on)
        said.append("default" if on is None else str(form.get("on")))
    for server, tools in _by_server(offer).items():
        word = next((each for each in PERMISSIONS if each == form.get(f"{server}/*")), None)
        if word is not None:
            new = new.of_server(server, word)
            said.append(f"{server}/* {word}")
            continue
        for tool in tools:
            word = next((each for each in PERMISSIONS if each == form.get(tool.key)), None)
            if word is not None and word != new.permission(tool):
                new = new.of_tool(tool, word)
                said.append(f"{tool.key} {word}")
    if said:
        await choices.set_tools(chat, new, ", ".join(said), actor)


async def _bases(site: Site) -> Bases:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await Knowledge(site.store.documents, site.gateways.all).bases()
    except TimeoutError:
        return Bases(problem="away")


async def _models(site: Site) -> list[str]:
    return [str(each.id) for each in await site.offered()][:MAX_SUGGESTED]


def _by_server(offer: Offer) -> dict[str, list[Tool]]:
    found: dict[str, list[Tool]] = {}
    for tool in offer.tools:
        found.setdefault(tool.server, []).append(tool)
    return found


def _labels(request: web.Request, later: str) -> Mapping[str, Mapping[str, str]]:
    """What the words of a choice are called."""
    tongue = tongue_of(request)
    values = tongue.web.setting_values
    return {
        "later": {UNSET: tongue.web.follows.format(value=values[later]), "on": values["on"], "off": values["off"]},
        "reasoning": tongue.talk.button_reasoning,
        "buttons": tongue.talk.button_buttons,
    }


def _wanted(request: web.Request) -> Chat:
    chat = chat_of(request.match_info["id"])
    if chat is None:
        raise web.HTTPNotFound
    return chat


ROUTES = [
    web.get("/chats/{id}/chosen", show, name="chosen"),
    web.post("/chats/{id}/chosen", save, name="choose"),
]
