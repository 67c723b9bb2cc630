"""What becomes of a message before anything visible or costly happens: into the inbox, or nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace

import structlog

from bridge.access import Access, Role
from bridge.commands import Commands, parse
from bridge.errors import BridgeError
from bridge.outlet import Outlet
from bridge.store import InboxFull, Lane, Store
from bridge.types import IncomingMessage
from bridge.words import Words

log = structlog.get_logger(__name__)

ASIDES = 20
"""So many people are told something outside of any queue at the same time; in a flood, the rest are not."""


class Intake:
    """Judges each message once, before the platform is told that it was received."""

    def __init__(
        self,
        store: Store,
        access: Access,
        commands: Commands,
        words: Callable[[IncomingMessage], Words],
        admins_changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._access = access
        self._commands = commands
        self._words = words
        self._admins_changed = admins_changed
        self._asides: set[asyncio.Task[None]] = set()

    async def receive(self, message: IncomingMessage, outlet: Outlet) -> None:
        """Put `message` where it belongs. Raises StoreError; the platform then delivers it again."""
        if message.moved_to is not None:
            await self._store.inbox.put(outlet.account, message)
            return
        if not message.addressed:
            return
        if await self._access.role_of(message) is Role.STRANGER:
            self._aside(self._meet(message, outlet))
            return
        message = await self._numbered(message, outlet)
        lane: Lane = "commands" if parse(message.text) else "talk"
        try:
            await self._store.inbox.put(outlet.account, message, lane=lane)
        except InboxFull:
            log.warning("queue full", chat=str(message.chat))
            self._aside(self._tell(message, outlet, self._words(message).queue_full))

    async def close(self) -> None:
        for aside in self._asides:
            aside.cancel()
        if self._asides:
            await asyncio.wait(self._asides)

    async def _numbered(self, message: IncomingMessage, outlet: Outlet) -> IncomingMessage:
        """Where there are no buttons, a number answers the list that was shown last."""
        if outlet.has_buttons(message.chat):
            return message
        menu = await self._store.choices.menu(message.chat)
        if not menu:
            return message
        text = message.text.strip()
        if text.isdecimal() and len(text) < 4 and 1 <= int(text) <= len(menu):
            return replace(message, text=menu[int(text) - 1])
        await self._store.choices.set_menu(message.chat, [])  # the talk has gone on
        return message

    async def _meet(self, message: IncomingMessage, outlet: Outlet) -> None:
        """A stranger: a claim is heard; else who they are is told to them, in a direct chat, once a day."""
        if not message.chat.direct:
            return
        command = parse(message.text)
        if command and command.argument and command.name in ("claim", "start"):
            answer = await self._commands.claim(message, command.argument, self._words(message))
            said = answer.text
            if answer.admins_changed:
                await self._admins_changed()
        elif await self._access.may_tell(message.sender):
            said = self._words(message).stranger.format(id=message.sender)
        else:
            return
        await self._tell(message, outlet, said)

    async def _tell(self, message: IncomingMessage, outlet: Outlet, text: str) -> None:
        await outlet.say(message.chat, text, key=f"aside{abs(hash(message.id)) % 10**12}")

    def _aside(self, telling: Coroutine[object, object, None]) -> None:
        if len(self._asides) >= ASIDES:
            telling.close()
            return
        task = asyncio.create_task(self._logged(telling))
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    async def _logged(self, telling: Coroutine[object, object, None]) -> None:
        try:
            await telling
        except BridgeError as error:
            log.warning("could not tell", error=str(error))
