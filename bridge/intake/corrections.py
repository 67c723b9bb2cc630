"""Messages that people change or take back after they have sent them."""

from __future__ import annotations

from hashlib import blake2b

import structlog

from bridge.inbound import Deleted, Said, parse_command
from bridge.inbox import Action, Inbox, InboxFull, Question
from bridge.reply import Account
from bridge.store import Store
from bridge.types import Chat, User

log = structlog.get_logger(__name__)


class Corrections:
    """What was asked is asked as it now reads; a question that was taken back is dropped, with its answer.

    A question that waits is changed where it stands, one that is being answered is answered anew, and the last one is
    answered anew in its place. What came before that stays answered, but a deleted question drops out of the history.
    """

    def __init__(self, store: Store, inbox: Inbox) -> None:
        self._store = store
        self._inbox = inbox

    async def edited(self, message: Said, account: Account) -> None:
        """Raises StoreError."""
        if parse_command(message.text) is not None or await self._inbox.replace(Question(message.id, message)):
            return
        last = await self._store.answers.last(message.chat)
        if last is not None and last.is_about(message.id):
            await self._correct(message, "edited", last.key, account)

    async def deleted(self, event: Deleted, account: Account) -> None:
        """Raises StoreError."""
        chat = event.chat
        if await self._inbox.remove(chat, event.id):
            return
        last = await self._store.answers.last(chat)
        asked = next((each for each in last.asked if each.id == event.id), None) if last is not None else None
        if asked is None or last is None:
            history = await self._store.history.read(chat)
            if not any(exchange.is_about(event.id) for exchange in history):
                return
        key, sender = (last.key, asked.sender) if last is not None and asked is not None else ("", None)
        await self._correct(Said(event.id, chat, sender or _nobody(chat), ""), "deleted", key, account)

    async def _correct(self, message: Said, action: Action, key: str, account: Account) -> None:
        """Stop what else is being made of the same question, and have it answered as it reads now."""
        current = await self._inbox.current(message.chat)
        if current is not None and isinstance(current[1], Question) and current[1].action and key:
            await self._store.signals.stop(message.chat, current[0])
        said = repr((message.text, message.quoted, message.attachments))
        id = f"{action}:{message.id}:{key}:{blake2b(said.encode(errors='replace'), digest_size=8).hexdigest()}"
        try:
            await self._inbox.put(account.id, Question(id, message, action=action))
        except InboxFull:
            log.warning("queue full, nothing corrected", chat=str(message.chat))


def _nobody(chat: Chat) -> User:
    return User(chat.channel, chat.person or chat.id)
