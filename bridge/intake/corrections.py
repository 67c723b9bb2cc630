"""Messages that people change or take back after they have sent them."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import structlog
from msgspec.structs import replace

from bridge.inbound import Deleted, Said, parse_command
from bridge.inbox import Action, Inbox, InboxFull, Question, joined
from bridge.reply import Account
from bridge.store import Store
from bridge.types import Chat, User

log = structlog.get_logger(__name__)


class Corrections:
    """What was asked is asked as it now reads; a question that was taken back is dropped, with its answer.

    A question that waits is changed where it stands, also where it waits for somebody to decide or is to be asked once
    more; one that is being answered is answered anew, and the last one is answered anew in its place. What came before
    that stays answered, but a deleted question drops out of the history.
    """

    def __init__(self, store: Store, inbox: Inbox) -> None:
        self._store = store
        self._inbox = inbox

    async def edited(self, message: Said, account: Account) -> None:
        """Raises StoreError."""
        if parse_command(message.text) is not None or await self._inbox.replace(Question(message.id, message)):
            return
        last = await self._store.answers.last(message.chat)
        asked = last.asked if last is not None and last.is_about(message.id) else ()
        whole = [message if each.id == message.id else each for each in asked] or [message]
        if await self._asked_again_as(whole):
            return
        if last is not None and asked:
            await self._correct(message, "edited", last.key, account)

    async def _asked_again_as(self, messages: Sequence[Said]) -> bool:
        """Have a question that waits to be asked once more say what `messages` say; whether there is one."""
        changed = False
        for again in await self._inbox.asked_again(messages[0].chat, [each.id for each in messages]):
            now, then = joined([Question(each.id, each) for each in messages]).message, again.message
            message = replace(now, id=then.id, ack=then.ack, groups=then.groups, sent_at=then.sent_at)
            changed = bool(await self._inbox.replace(replace(again, message=message))) or changed
        return changed

    async def deleted(self, event: Deleted, account: Account) -> None:
        """Raises StoreError."""
        chat = event.chat
        if await self._inbox.remove(chat, event.id):
            return
        last = await self._store.answers.last(chat)
        asked = next((each for each in last.asked if each.id == event.id), None) if last is not None else None
        if last is not None and asked is not None and (rest := [each for each in last.asked if each.id != event.id]):
            await self._asked_again_as(rest)
        else:
            for again in await self._inbox.asked_again(chat, [event.id]):
                await self._inbox.remove(chat, again.id)
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
