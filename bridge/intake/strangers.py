"""What is done about a stranger: a code is tried, else they are told who they are and owners are asked, once a day."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from bridge.access import Access, OwnerContact, RateLimiter, Request
from bridge.commands import REQUEST_ID, Commands
from bridge.inbound import Pressed, Said, parse_command
from bridge.inbox import CommandCall, Inbox
from bridge.intake.aside import Asides, tell
from bridge.reply import Account
from bridge.words import Words

log = structlog.get_logger(__name__)

CODE_BURST, CODE_SECONDS = 30, 0.5
"""Codes that strangers may try at once, all of them together, and the seconds after which they may try one more."""
GREETING_BURST, GREETING_SECONDS = 20, 1.0
"""Strangers that are looked at more closely: whether to tell them, whether to ask owners."""
KNOWN_SECONDS = 600.0
"""Seconds for which a stranger who was checked is not checked again."""


class Strangers:
    """Bounded in memory and in the store, however many strangers write."""

    def __init__(
        self,
        inbox: Inbox,
        access: Access,
        commands: Commands,
        asides: Asides,
        words: Callable[[str], Words],
        admins_changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._inbox = inbox
        self._access = access
        self._commands = commands
        self._asides = asides
        self._words = words
        self._admins_changed = admins_changed
        self._codes = RateLimiter(CODE_BURST, CODE_SECONDS)
        self._greetings = RateLimiter(GREETING_BURST, GREETING_SECONDS)
        self._greeted = RateLimiter(1, KNOWN_SECONDS)

    def meet(self, message: Said | Pressed, account: Account) -> None:
        """Begin to do what is to be done about the stranger who sent `message`."""
        said = message.text if isinstance(message, Said) else message.command
        command = parse_command(said) if message.chat.direct else None
        if command and command.argument and command.name in ("claim", "start"):
            if not self._codes.hit(""):
                self._asides.run(self._redeem(message, command.argument, account))
            return
        stranger = message.sender if message.chat.direct else message.chat.whole
        if not self._greeted.is_limited(stranger) and not self._greetings.hit(""):
            self._greeted.hit(stranger)
            self._asides.run(self._greet(message, account))

    async def _redeem(self, message: Said | Pressed, code: str, account: Account) -> None:
        result = await self._commands.redeem(message.sender, message.chat, code, self._words(message.language))
        if result.admins_changed:
            log.info("claimed", owner=str(message.sender))
            await self._admins_changed()
        await tell(message, account, result.text)

    async def _greet(self, message: Said | Pressed, account: Account) -> None:
        """Tell a stranger in a direct chat who they are, and ask the owners, where both has not been done lately."""
        chat = message.chat
        request = Request.of(account.id, message.sender, chat, message.language)
        contacts = await self._access.owner_contacts()
        if request is None or not (contacts or chat.direct):
            return  # ids that no platform gives; or nobody to ask, and a group is not talked into
        outcome = await self._access.requests.ask(request, can_ask=bool(contacts))
        if outcome == "asked":
            await self._ask_owners(request, contacts)
            log.info("owners asked", account=account.id, owners=len(contacts))
        if outcome == "quiet" or not chat.direct:
            return
        words = self._words(message.language)
        said = words.stranger_asked if outcome == "asked" else words.stranger
        await tell(message, account, said.format(id=message.sender))

    async def _ask_owners(self, request: Request, contacts: list[OwnerContact]) -> None:
        for contact in contacts:
            # A command of the owner's own: judged again, answered in their language, and not lost in a crash.
            call = CommandCall(
                id=f"{REQUEST_ID}{request.id}",
                chat=contact.chat,
                sender=contact.owner,
                name="requests",
                argument=request.id,
                language=contact.language,
            )
            await self._inbox.put(contact.account, call)
