"""What applies in each chat, and in all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args, get_origin, get_type_hints
from urllib.parse import quote

from aiohttp import web

from bridge.access import EVERYWHERE, FOR_OWNERS, SETTINGS, ChatSettings, Days
from bridge.admin.web.guard import chat_of, needs_owner
from bridge.admin.web.render import back, render
from bridge.admin.web.site import SITE, tongue_of, visit_of
from bridge.commands import DEFAULT, SettingValue
from bridge.store import HISTORY_SECONDS
from bridge.types import Chat
from bridge.words import Words

ALL = "all"
MAX_SHOWN = 200
LONG = frozenset({"system"})
"""Settings that are typed into a large field."""


@dataclass(frozen=True, slots=True)
class ShownChat:
    id: str
    name: str
    open: bool
    """Whether everybody there has been let in."""
    own: int
    """How many settings are its own."""

    @property
    def link(self) -> str:
        """To its settings; a topic or a person's part of a group has only what was chosen there."""
        chat = chat_of(self.id)
        return f"/chats/{quote(self.id, safe=':~')}{'/chosen' if chat and chat != chat.whole else ''}"


async def show(request: web.Request) -> web.Response:
    """The chats that were let in, have settings of their own, or were just answered in."""
    site = request.app[SITE]
    directory = await site.management.directory()
    names = await site.names()
    rules = {each.id: each for each in directory.listed if each.kind == "chat"}
    ids = dict.fromkeys([*rules, *directory.settings, *names])
    chats = [
        ShownChat(
            id,
            names.get(id, "") or (rules[id].rule.name if id in rules else ""),
            id in rules and rules[id].allowed,
            len(directory.settings.get(id, ())),
        )
        for id in ids
        if id != EVERYWHERE
    ]
    wanted = request.query.get("find", "")[:100].strip().casefold()
    found = [each for each in chats if wanted in f"{each.id} {each.name}".casefold()]
    own = len(directory.settings.get(EVERYWHERE, ()))
    return render(
        request, "chats.html", chats=found[:MAX_SHOWN], count=len(found), find=request.query.get("find", ""), own=own
    )


async def edit(request: web.Request) -> web.Response:
    return await _form(request, {})


async def save(request: web.Request) -> web.StreamResponse:
    """Set what was changed. Where something means nothing, nothing at all is set, and it is said which."""
    management, actor, chat = request.app[SITE].management, visit_of(request).actor, _chat(request)
    if chat is None:
        needs_owner(request)
    form = await request.post()
    typed = {
        name: " ".join(str(form[name]).split()) if name not in LONG else str(form[name]).strip()
        for name in SETTINGS
        if name in form
    }
    wrong = {name: text for name, text in typed.items() if text and text.lower() != DEFAULT and not _means(name, text)}
    if wrong:
        return await _form(request, typed, wrong)
    own = {each.name: each.own for each in await management.settings(chat)}
    changed = {name: text for name, text in typed.items() if text != own[name]}
    if not changed.keys().isdisjoint(FOR_OWNERS):
        needs_owner(request)
    for name, text in changed.items():
        await management.set(chat, name, text, actor)
    return back(f"/chats/{quote(_id(request), safe=':')}", "saved")


async def _form(request: web.Request, typed: dict[str, str], wrong: dict[str, str] | None = None) -> web.Response:
    chat = _chat(request)
    values = await request.app[SITE].management.settings(chat)
    return render(
        request,
        "chat.html",
        422 if wrong else 200,
        id=_id(request),
        name=(await request.app[SITE].names()).get(_id(request), ""),
        everywhere=chat is None,
        path=request.path,
        settings=values,
        own={each.name: typed.get(each.name, each.own) for each in values},
        applies={each.name: _text(each, tongue_of(request).talk) for each in values},
        choices=_choices(),
        long=LONG,
        for_owners=FOR_OWNERS,
        wrong=wrong or {},
    )


def _means(name: str, text: str) -> bool:
    try:
        SETTINGS[name](text)
    except ValueError:
        return False
    return True


def _text(setting: SettingValue, words: Words) -> str:
    """What applies, where the value itself does not say it."""
    if setting.name == "keep":
        return str(setting.value or Days(HISTORY_SECONDS // 86400))
    return str(setting.value or "") or (words.setting_all_models if setting.name == "models" else "")


def _choices() -> dict[str, tuple[str, ...]]:
    """The settings that have a few values only."""
    hints = get_type_hints(ChatSettings)
    return {name: get_args(hints[name]) for name in SETTINGS if get_origin(hints[name]) is Literal}


def _id(request: web.Request) -> str:
    return request.match_info["id"]


def _chat(request: web.Request) -> Chat | None:
    """None for all chats."""
    id = _id(request)
    if id == ALL:
        return None
    chat = chat_of(id)
    if chat is None or chat != chat.whole:
        raise web.HTTPNotFound
    return chat


ROUTES = [
    web.get("/chats", show, name="chats"),
    web.get("/chats/{id}", edit, name="chat"),
    web.post("/chats/{id}", save, name="save"),
]
