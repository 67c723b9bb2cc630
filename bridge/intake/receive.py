"""What becomes of a message before anything visible or costly happens: into the inbox, or nowhere.

Whoever writes too much is stopped before Redis is asked, and what is done about strangers has fixed bounds, in memory
and in the store. Each message costs one look at the rules; in a flood of strangers, only the first that each of them
sends does, so that chats that are let in go on. To channels this is the `Host`: they may ask before they hand on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace

import structlog

from bridge.access import Access, ChatSettings, Role
from bridge.access.rate_limit import RateLimiter
from bridge.commands import REQUEST_ID, Commands, parse
from bridge.errors import BridgeError
from bridge.reply.account import Account
from bridge.store import InboxFull, Lane, Store
from bridge.types import IncomingMessage
from bridge.words import Words

log = structlog.get_logger(__name__)

ASIDES = 20
"""So many people are told something outside of any queue at the same time; in a flood, the rest are not."""
PERSON_BURST, PERSON_EVERY = 40, 1.0
"""Messages that one person may send at once, and the seconds after which they may send one more."""
CHAT_BURST, CHAT_EVERY = 100, 0.25
"""The same for one chat."""
FLOOD_BURST, FLOOD_EVERY = 500, 0.005
"""Messages of people known as strangers, all of them together, beyond which it is a flood."""
KNOWN_SECONDS = 30.0
"""In a flood, whoever was found to be a stranger is taken for one for so long without another look."""
CODES_BURST, CODES_EVERY = 30, 0.5
"""Codes that strangers may try, all of them together."""
GREETINGS_BURST, GREETINGS_EVERY = 20, 1.0
"""Strangers that are looked at more closely: whether to tell them, whether to ask owners."""
MET_AGAIN = 600.0
"""Seconds for which a stranger that was looked at is not looked at again."""


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
        self._persons = RateLimiter(PERSON_BURST, PERSON_EVERY)
        self._chats = RateLimiter(CHAT_BURST, CHAT_EVERY)
        self._strangers = RateLimiter(1, KNOWN_SECONDS)
        self._flood = RateLimiter(FLOOD_BURST, FLOOD_EVERY)
        self._codes = RateLimiter(CODES_BURST, CODES_EVERY)
        self._greetings = RateLimiter(GREETINGS_BURST, GREETINGS_EVERY)
        self._met = RateLimiter(1, MET_AGAIN)

    # The host, as channels know it

    async def admits(self, message: IncomingMessage) -> bool:
        """Whether its sender may talk there. Raises StoreError."""
        return (await self._access.judge(message)).role >= Role.MEMBER

    async def needs_groups(self, message: IncomingMessage) -> bool:
        """Whether the sender's groups could make a difference to what becomes of `message`. Raises StoreError."""
        standing = await self._access.judge(message)
        if not message.addressed and not _overheard(message, standing.settings):
            return False
        if standing.role >= Role.MEMBER and self._commands.tells_groups(message.text):
            return True
        return await self._access.hangs_on_groups(standing.role, message.chat.channel)

    # what comes in

    async def receive(self, message: IncomingMessage, account: Account) -> None:
        """Put `message` where it belongs. Raises StoreError; the platform then delivers it again."""
        if message.moved_to is not None:
            await self._store.inbox.put(account.id, message)
            return
        whoever = (message.sender, message.chat.whole)
        if self._strangers.is_limited(whoever) and self._flood.hit(""):
            return
        # What is not meant for us may be a whole group's talk, and counts only where we answer to all of it.
        refused = self._hit(message) if message.addressed else 0
        if refused > 1:
            return
        standing = await self._access.judge(message)
        if standing.role < Role.MEMBER:
            self._strangers.hit(whoever)
        if not message.addressed:
            if standing.role < Role.MEMBER or not _overheard(message, standing.settings):
                return
            refused = self._hit(message)
        if standing.role is Role.DENIED:
            return
        if standing.role is Role.STRANGER:
            if not refused:
                self._meet(message, account)
            return
        if refused:
            if refused == 1:
                log.warning("writes too fast", chat=str(message.chat), sender=str(message.sender))
                self._aside(self._tell(message, account, self._words(message).too_fast))
            return
        if standing.role is Role.OWNER and message.chat.direct:
            await self._access.contact(account.id, message)
        await self._put(_placed(message, standing.settings), account)

    async def close(self) -> None:
        for aside in self._asides:
            aside.cancel()
        if self._asides:
            await asyncio.wait(self._asides)

    def _hit(self, message: IncomingMessage) -> int:
        return self._persons.hit(message.sender) or self._chats.hit(message.chat.whole)

    async def _put(self, message: IncomingMessage, account: Account) -> None:
        message = await self._numbered(message, account)
        lane: Lane = "commands" if parse(message.text) else "talk"
        try:
            await self._store.inbox.put(account.id, message, lane=lane)
        except InboxFull:
            log.warning("queue full", chat=str(message.chat))
            self._aside(self._tell(message, account, self._words(message).queue_full))

    async def _numbered(self, message: IncomingMessage, account: Account) -> IncomingMessage:
        """Where there are no buttons, a number answers the list that was shown last."""
        if account.has_buttons(message.chat.place):
            return message
        menu = await self._store.preferences.menu(message.chat)
        if not menu:
            return message
        text = message.text.strip()
        if text.isdecimal() and len(text) < 4 and 1 <= int(text) <= len(menu):
            return replace(message, text=menu[int(text) - 1])
        await self._store.preferences.set_menu(message.chat, [])  # the talk has gone on
        return message

    # strangers

    def _meet(self, message: IncomingMessage, account: Account) -> None:
        """A stranger: a code is heard; else they are told who they are, and the owners are asked, once a day."""
        command = parse(message.text) if message.chat.direct else None
        if command and command.argument and command.name in ("claim", "start"):
            if not self._codes.hit(""):
                self._aside(self._redeem(message, command.argument, account))
            return
        who = message.sender if message.chat.direct else message.chat.whole
        if not self._met.is_limited(who) and not self._greetings.hit(""):
            self._met.hit(who)
            self._aside(self._greet(message, account))

    async def _redeem(self, message: IncomingMessage, code: str, account: Account) -> None:
        answer = await self._commands.redeem(message, code, self._words(message))
        if answer.admins_changed:
            log.info("claimed", owner=str(message.sender))
            await self._admins_changed()
        await self._tell(message, account, answer.text)

    async def _greet(self, message: IncomingMessage, account: Account) -> None:
        asked, request, owner_contacts = await self._access.ask(account.id, message)
        if asked == "asked" and request is not None:
            for contact in owner_contacts:
                # A command of the owner's own: judged again, answered in their language, and not lost in a crash.
                question = IncomingMessage(
                    id=f"{REQUEST_ID}{request.id}",
                    chat=contact.chat,
                    sender=contact.owner,
                    text=f"/requests {request.id}",
                    language=contact.language,
                )
                await self._store.inbox.put(contact.account, question, lane="commands")
            log.info("owners asked", account=account.id, owners=len(owner_contacts))
        if asked == "quiet" or not message.chat.direct:
            return
        words = self._words(message)
        said = words.stranger_asked if asked == "asked" else words.stranger
        await self._tell(message, account, said.format(id=message.sender))

    # outside of any queue

    async def _tell(self, message: IncomingMessage, account: Account, text: str) -> None:
        await account.say(message.chat.place, text, key=f"aside{abs(hash(message.id)) % 10**12}")

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


def _overheard(message: IncomingMessage, settings: ChatSettings) -> bool:
    """Whether something not said to us is answered all the same; a command not meant for us is another bot's."""
    return settings.answer == "all" and not parse(message.text) and bool(message.text.strip())


def _placed(message: IncomingMessage, settings: ChatSettings) -> IncomingMessage:
    """In the conversation that it belongs to: where everybody has their own, the sender's."""
    if settings.history == "shared" or message.chat.direct:
        return message
    return replace(message, chat=replace(message.chat, person=message.sender.id))
