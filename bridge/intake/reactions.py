"""A thumb down on the last answer: the one who asked, or an admin, is offered another one; anybody else is not."""

from __future__ import annotations

import re

import structlog

from bridge.access import Role, Standing
from bridge.inbound import Reacted
from bridge.inbox import CommandCall, Inbox, InboxFull
from bridge.reply import Account
from bridge.store import LastAnswer, Store
from bridge.types import Chat

log = structlog.get_logger(__name__)


class Reactions:
    def __init__(self, store: Store, inbox: Inbox) -> None:
        self._store = store
        self._inbox = inbox

    async def reacted(self, event: Reacted, chat: Chat, standing: Standing, account: Account) -> None:
        """Have the person asked whether they want another answer, in `chat`. Raises StoreError."""
        if standing.role < Role.MEMBER:
            return
        last = await self._store.answers.last(chat)
        if last is None or not _stands_in(last, event.message):
            return
        if standing.role < Role.ADMIN and all(asked.sender != event.sender for asked in last.asked):
            return
        call = CommandCall(
            id=event.id,
            chat=chat,
            sender=event.sender,
            name="answer",
            argument=f"{last.key} down",
            language=event.language,
            groups=event.groups,
            sent_at=event.sent_at,
        )
        try:
            await self._inbox.put(account.id, call)
        except InboxFull:
            log.warning("queue full, a reaction is passed over", chat=str(chat))


def _stands_in(last: LastAnswer, message: str) -> bool:
    """Whether the message is one of those in which the last answer stands; a ref may hold several ids and more."""
    refs = [*last.refs, *(ref for column in last.columns for ref in column)]
    return any(message in re.split(r"[^\w-]", ref, flags=re.ASCII) for ref in refs)
