"""Who may see what: the gates that every request goes through, in order, and the headers of every answer.

Strangers get the way-in page and its style, whatever they ask for. What is refused is logged, without the path: a link
is a secret.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from cachetools import TTLCache

from bridge.access import ListFull, RateLimiter, Role, StolenSession
from bridge.admin.web.render import render
from bridge.admin.web.site import SITE, VISIT, WORDS, Tongue, Visit
from bridge.errors import StoreError
from bridge.types import Chat
from bridge.words import IN, language_of
from bridge.words.web import WEB

log = structlog.get_logger(__name__)

COOKIE = "cherry_bridge"
PUBLIC = frozenset({"way_in", "enter", "style"})
"""The names of the routes that strangers may use."""
HERE = frozenset({"127.0.0.1", "localhost", "::1"})
"""Hosts that a browser may name. Any other name that leads here is somebody else's (DNS rebinding)."""
STRANGERS_BURST, STRANGERS_SECONDS = 60, 0.5
"""Requests without a session, of all browsers together: at once, and the seconds after which there may be one more."""
VISITORS_BURST, VISITORS_SECONDS = 120, 0.05
"""The same for each session."""
MAX_FORM_BYTES = 64_000
BACKUP, MAX_BACKUP_BYTES = "import_providers", 64_000_000
"""The route that takes a file, and the largest that it takes."""
MAX_FIELD_CHARACTERS = 400
"""Of an id or a name."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Browsers send no Origin with a form where the policy is `no-referrer`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """The gates, with what they count."""

    def __init__(self) -> None:
        self._strangers = RateLimiter(STRANGERS_BURST, STRANGERS_SECONDS)
        self._visitors = RateLimiter(VISITORS_BURST, VISITORS_SECONDS)
        self._known: TTLCache[str, bool] = TTLCache(100, 600)
        """Tokens of sessions that were good a moment ago: a flood of strangers does not shut them out."""

    @web.middleware
    async def gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            answer = await self._answer(request, handler)
        except web.HTTPError as error:
            answer = self._problem(request, error)
        except ListFull:
            answer = render(request, "problem.html", 409, problem="full")
        except StoreError as error:
            log.warning("page without store", error=str(error))
            answer = render(request, "problem.html", 503, problem="store")
        except Exception:
            log.exception("page failed", page=_name_of(request))
            answer = render(request, "problem.html", 500, problem="fault")
        if not answer.prepared:
            answer.headers.update(HEADERS)
        return answer

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        site = request.app[SITE]
        language = site.settings.language or language_of(_preferred(request.headers.get("Accept-Language", "")))
        request[WORDS] = Tongue(language, WEB[language], IN[language])
        if not _is_here(request.headers.get("Host", "")):
            raise _refused(request, "foreign host", 403)
        token = request.cookies.get(COOKIE, "")
        if refusals := self._limit(token):
            if refusals in (1, 10, 100) or not refusals % 1000:
                log.warning("page refused", why="too many requests", times=refusals)
            return web.Response(status=429, text=WEB[language].too_many, headers={"Retry-After": "30"})
        if request.method not in ("GET", "HEAD", "POST"):
            raise _refused(request, "method", 405)
        if request.method == "POST" and not _is_same_origin(request):
            raise _refused(request, "from another site", 403)
        visit = await self._visit(request, token)
        if visit is None:
            if _name_of(request) not in PUBLIC:
                return render(request, "way_in.html", 401, link="")
            return await handler(request)
        request[VISIT] = visit
        if _name_of(request) == BACKUP and visit.role is Role.OWNER:
            request = request.clone(client_max_size=MAX_BACKUP_BYTES)
        if request.method == "POST" and _name_of(request) not in PUBLIC:
            sent = str((await request.post()).get("csrf", ""))
            if not hmac.compare_digest(sent.encode(), visit.session.csrf.encode()):
                raise _refused(request, "no token", 403)
        return await handler(request)

    def _limit(self, token: str) -> int:
        """How often in a row this was too much; 0 where it is not."""
        return self._visitors.hit(token) if token in self._known else self._strangers.hit("")

    async def _visit(self, request: web.Request, token: str) -> Visit | None:
        """Who is looking; None for a stranger, and for a person who is no admin any more."""
        if not token or len(token) > 200:
            return None
        site = request.app[SITE]
        access = site.management.access
        try:
            session = await access.web.session(token, browser_of(request))
        except StolenSession:
            self._known.pop(token, None)
            log.warning("page refused", why="session of another browser; it has been ended")
            return None
        if session is None:
            self._known.pop(token, None)
            return None
        role = Role.OWNER if session.person is None else await access.roles.of(session.person)
        if role is None or role < Role.ADMIN:
            await access.web.close(token)
            log.warning("page refused", why="no admin any more", person=str(session.person))
            return None
        self._known[token] = True
        return Visit(session, role, token)

    def _problem(self, request: web.Request, error: web.HTTPError) -> web.StreamResponse:
        if WORDS not in request or VISIT not in request:
            return web.Response(status=error.status, text=error.reason)
        kind = {403: "forbidden", 404: "missing", 405: "missing", 413: "large"}.get(error.status, "fault")
        return render(request, "problem.html", error.status, problem=kind)


def needs_owner(request: web.Request) -> None:
    """Raise where an admin asks for what only owners may do."""
    if request[VISIT].role < Role.OWNER:
        raise _refused(request, "for owners only", 403)


def browser_of(request: web.Request) -> str:
    """What tells one browser from another, as far as it says."""
    return request.headers.get("User-Agent", "")[:400]


def _refused(request: web.Request, why: str, status: int) -> web.HTTPError:
    visit = request.get(VISIT)
    log.warning("page refused", why=why, page=_name_of(request), person=visit.name if visit else "")
    if status == 405:
        return web.HTTPMethodNotAllowed(request.method, ["GET", "POST"])
    return web.HTTPForbidden()


def _name_of(request: web.Request) -> str:
    return request.match_info.route.name or ""


def _is_here(host: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname in HERE and parts.netloc == host and "@" not in host and parts.port != 0
    except ValueError:
        return False


def _is_same_origin(request: web.Request) -> bool:
    """Whether a form was sent from a page of ours. Browsers say where from; a request that does not is refused."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    origin = urlsplit(request.headers.get("Origin", ""))
    return origin.scheme in ("http", "https") and origin.netloc == request.headers.get("Host", "")


def _preferred(accepted: str) -> str:
    """The first language of an Accept-Language header; browsers send them in the person's order."""
    return accepted[:100].partition(",")[0].partition(";")[0].strip()


def chat_of(id: str) -> Chat | None:
    """The chat of this id; None where none can be called so."""
    try:
        return Chat.parse(id) if len(id) <= MAX_FIELD_CHARACTERS else None
    except ValueError:
        return None


def short(value: object) -> str:
    """What was typed into a field for an id or a name; empty where the form has no such field."""
    return str(value or "")[:MAX_FIELD_CHARACTERS].strip()
