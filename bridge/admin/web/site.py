"""What the pages are made from, and who is looking at one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from bridge.access import Actor, Role, WebSession
from bridge.admin.web.condition import Conditions
from bridge.channel_settings import ChannelSettings
from bridge.commands import Management
from bridge.errors import GatewayError
from bridge.gateway import Gateways, Model
from bridge.inbox import Inbox
from bridge.settings import Settings
from bridge.store import Store
from bridge.tools import Toolbox
from bridge.words import Language, Words
from bridge.words.web import WebWords

PLACE = "page"
"""Where the audit log says that a change was made."""
MAX_NAMED = 200
LIST_SECONDS = 2.0
"""For the gateways to list their models."""


async def _nothing() -> None: ...


@dataclass(frozen=True, slots=True)
class Site:
    """The parts of the bridge that the pages show and change."""

    settings: Settings
    store: Store
    inbox: Inbox
    management: Management
    gateways: Gateways
    channels: Mapping[str, type[ChannelSettings]]
    """What each channel reads from the environment."""
    toolbox: Toolbox
    admins_changed: Callable[[], Awaitable[None]] = _nothing
    conditions: Conditions = field(default_factory=Conditions)

    async def names(self) -> dict[str, str]:
        """Return what the chats are called in which was answered lately, by id: their titles, or the person's name."""
        newest = reversed(await self.store.activity.newest(MAX_NAMED))
        return {each.chat: each.title or (each.name if each.chat == each.person else "") for each in newest}

    async def offered(self) -> Sequence[Model]:
        """Return the models of the gateways; none while they cannot be had."""
        try:
            async with asyncio.timeout(LIST_SECONDS):
                return await self.gateways.models()
        except (GatewayError, TimeoutError):
            return ()


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who has been let in."""

    session: WebSession
    role: Role
    token: str

    @property
    def actor(self) -> Actor:
        """Who the audit log names."""
        return Actor(str(self.session.person) if self.session.person else "shell", PLACE)

    @property
    def name(self) -> str:
        return str(self.session.person or "shell")


SITE = web.AppKey("site", Site)
STARTED: web.AppKey[Mapping[str, str]] = web.AppKey("started", Mapping)
"""What the file and the environment set when the page was opened, by variable."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """The language of one request, and its sentences."""

    language: Language
    web: WebWords
    talk: Words


VISIT = web.RequestKey("visit", Visit)
WORDS = web.RequestKey("words", Tongue)


def visit_of(request: web.Request) -> Visit:
    return request[VISIT]


def tongue_of(request: web.Request) -> Tongue:
    return request[WORDS]
