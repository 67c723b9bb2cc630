"""Reading conversations, where `BRIDGE_WEB_READ` allows it: for owners, and never behind anybody's back.

Each look is in the audit log before anything is shown, and the people of the chat are told once.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from bridge.admin.web.guard import chat_of, needs_owner, short
from bridge.admin.web.render import render
from bridge.admin.web.site import SITE, Site, visit_of
from bridge.commands import first_words
from bridge.inbox import Notice
from bridge.types import Chat

MAX_SHOWN = 200
NOTICE = "read"
"""The sentence that tells people of it."""


@dataclass(frozen=True, slots=True)
class ReadableChat:
    id: str
    name: str

    @property
    def link(self) -> str:
        return f"/read/{quote(self.id, safe=':~')}"


async def show(request: web.Request) -> web.Response:
    """The chats of which something is kept; nothing of what was said is shown here."""
    needs_owner(request)
    site = request.app[SITE]
    names = await site.names()
    ids = sorted({str(chat) async for chat in site.store.conversations.chats()})
    wanted = short(request.query.get("find"))
    chats = [ReadableChat(id, names.get(id, "")) for id in ids]
    found = [each for each in chats if wanted.casefold() in f"{each.id} {each.name}".casefold()]
    return render(request, "read.html", chats=found[:MAX_SHOWN], count=len(found), find=wanted)


async def read(request: web.Request) -> web.Response:
    """One conversation of a chat, the current one where no number is named."""
    needs_owner(request)
    site, visit, id = request.app[SITE], visit_of(request), request.match_info["id"]
    chat = chat_of(id)
    kept = await site.store.conversations.all(chat) if chat else []
    number = request.query.get("number", "")
    chosen = next((each for each in kept if str(each.number) == number or (not number and each.is_current)), None)
    chosen = chosen or (kept[0] if kept and not number else None)
    if chat is None or chosen is None:
        raise web.HTTPNotFound
    await site.management.access.audit.note(visit.actor, f"read {chat}", str(chosen.number))
    if not await _tell(site, chat):
        return render(request, "problem.html", 503, problem="untold")
    exchanges = await site.store.conversations.read(chat, chosen.number)
    kept = await site.store.conversations.with_first(chat, kept)
    return render(
        request,
        "conversation.html",
        chat=id,
        path=request.path,
        kept=[(each, each.title or first_words(each.first)) for each in kept],
        chosen=chosen,
        exchanges=exchanges,
    )


async def _tell(site: Site, chat: Chat) -> bool:
    """Have the people of `chat` told, unless they were; return False where no channel is there to tell them."""
    looks = site.management.access.web
    if await looks.was_told(chat):
        return True
    states = await site.store.channel_states.all()
    account = next((each.account for each in states if each.name == chat.channel and each.account), "")
    if not account:
        return False
    last = await site.store.preferences.last(chat)
    where, language = (last.chat, last.language) if last is not None and last.chat == chat else (chat, "")
    await site.inbox.put(account, Notice(f"{NOTICE}:{chat}", where, NOTICE, language=language))
    await looks.mark_told(chat)
    return True


ROUTES = [
    web.get("/read", show, name="read"),
    web.get("/read/{id}", read, name="conversation"),
]
