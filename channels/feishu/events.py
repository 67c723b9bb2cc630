"""Events of the platform, completed with what they leave out, as what a channel yields."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from cachetools import LRUCache
from msgspec.structs import replace

from bridge.channel import Host
from bridge.errors import Gone, Refused
from bridge.inbound import Deleted, Edited, Inbound, Pressed, Reacted, Said
from bridge.types import Chat, User
from channels.feishu import incoming
from channels.feishu.incoming import ReceivedMessage
from channels.feishu.lookups import Lookups, Parent
from channels.feishu.people import People
from channels.feishu.recent import Recent

log = structlog.get_logger(__name__)

NAME = "feishu"
LOOKUP_SECONDS = 2.0
"""For all that is asked about one event, which has to be acknowledged within three seconds."""
MAX_REMEMBERED_CHATS = 10_000
"""Messages whose chat is remembered, for when they are taken back."""
S = TypeVar("S", Said, Pressed, Reacted)


class EventReader:
    """`language` is that of the people, a BCP 47 tag, empty where it is not known; `strained` says that calls are
    getting scarce; `posts` holds the card entity of each post by its key; `now` gives seconds since 1970."""

    def __init__(
        self,
        account: str,
        lookups: Lookups,
        people: People,
        *,
        language: str,
        posts: Recent,
        strained: Callable[[], bool],
        now: Callable[[], float],
    ) -> None:
        self._account = account
        self._lookups = lookups
        self._people = people
        self._language = language
        self._posts = posts
        self._strained = strained
        self._now = now
        self._chats: LRUCache[str, Chat] = LRUCache(MAX_REMEMBERED_CHATS)
        """By message id."""

    async def read(self, event: dict[str, Any], host: Host) -> Inbound | None:
        """None where there is nothing to pass on. Raises Malformed; ChannelError or StoreError where it must be
        delivered again."""
        until = asyncio.get_running_loop().time() + LOOKUP_SECONDS
        match incoming.kind_of(event):
            case incoming.MESSAGE:
                received = incoming.read_message(event, self._lookups.bot)
                return None if received is None else await self._said(received, host, until)
            case incoming.PRESS:
                return await self._pressed(event, host, until)
            case incoming.EDIT:
                return await self._edited(event, host, until)
            case incoming.REACTION:
                return await self._reacted(event, host, until)
            case incoming.RECALL:
                message, chat = incoming.read_recall(event)
                # Of a message in a thread that came before the last restart, no more than the group is known.
                return Deleted(message, self._chats.get(message) or Chat(NAME, chat))
        return None

    async def _said(self, received: ReceivedMessage, host: Host, until: float) -> Said:
        """Ask for what the platform has left out."""
        self._people.learn(received.names)
        chat, name = await asyncio.gather(self._chat(received, until), self._people.name(received.sender, until))
        self._chats[received.id] = chat
        parent = await self._parent(received, chat, until)
        said = Said(
            id=received.id,
            chat=chat,
            sender=User(NAME, received.sender, name),
            text=received.text,
            addressed=(
                chat.direct or received.mentioned or parent.author == self._account or received.text.startswith("/")
            ),
            quoted=parent.text,
            replied_to=User(NAME, parent.author) if parent.author else None,
            reply_to=received.parent if parent.author else "",
            attachments=(*received.attachments, *parent.attachments),
            language=self._language,
            sent_at=received.sent_at,
        )
        said = await self._with_groups(said, host, until)
        return await self._with_forwarded(said, host, until) if received.forwarded else said

    async def _with_forwarded(self, said: Said, host: Host, until: float) -> Said:
        """With what is forwarded as a quotation. It costs a call, so only where it will be answered. Raises
        StoreError."""
        said = replace(said, forwarded=True)
        if not (said.addressed and await host.admits(said)):
            return said
        held = await self._lookups.parent(said.id, until)
        if not (held.text or held.attachments):
            return said
        attachments = tuple(replace(each, quoted=False) for each in held.attachments)
        return replace(said, quoted=held.text, attachments=attachments)

    async def _edited(self, event: dict[str, Any], host: Host, until: float) -> Edited | None:
        """None also where we may not read the message, or it is gone by now."""
        message = incoming.read_edit(event)
        if not message:
            return None
        try:
            async with asyncio.timeout_at(until):
                item = await self._lookups.message(message)
        except (Refused, Gone) as error:
            log.info("an edited message cannot be read", message=message, error=str(error))
            return None
        received = incoming.read_edited(item, self._lookups.bot) if item else None
        return None if received is None else Edited(await self._said(received, host, until))

    async def _pressed(self, event: dict[str, Any], host: Host, until: float) -> Pressed:
        button = incoming.read_press(event)
        message = button.ref
        if not message:
            # The card was made before its message had an id; a card that was sent whole has no entity.
            entity = await self._posts.get(button.key) if button.key else ""
            message = f"{button.message}/{entity}".rstrip("/")
        pressed = Pressed(
            id=button.id,
            chat=Chat(NAME, button.chat, button.thread, direct=button.direct),
            sender=User(NAME, button.sender, await self._people.name(button.sender, until)),
            command=button.command,
            message=message,
            language=self._language,
            sent_at=self._now(),
        )
        return await self._with_groups(pressed, host, until)

    async def _reacted(self, event: dict[str, Any], host: Host, until: float) -> Reacted | None:
        """None also where the message is none of ours, or we may not read it. Only a thumb down costs calls."""
        read = incoming.read_reaction(event)
        if read is None:
            return None
        id, message, person, at = read
        try:
            async with asyncio.timeout_at(until):
                item = await self._lookups.message(message)
        except (Refused, Gone) as error:
            log.info("a message with a reaction cannot be read", message=message, error=str(error))
            return None
        place = incoming.read_place(item, self._account) if item else None
        if place is None:
            return None
        chat_id, root, thread_id = place
        info = await self._lookups.chat(chat_id, until)
        thread = (root or message) if thread_id or info.topics else ""
        chat = Chat(NAME, chat_id, thread, direct=info.direct, title="" if info.direct else info.title)
        sender = User(NAME, person, await self._people.name(person, until))
        return await self._with_groups(Reacted(id, chat, sender, message, self._language, sent_at=at), host, until)

    async def _with_groups(self, inbound: S, host: Host, until: float) -> S:
        """Add the sender's departments if anything depends on them. Raises StoreError."""
        if not await host.needs_groups(inbound):
            return inbound
        return replace(inbound, groups=await self._people.departments(inbound.sender.id, until))

    async def _chat(self, received: ReceivedMessage, until: float) -> Chat:
        """A thread is named by its first message, which is what one replies to in order to write into it."""
        root = received.root or received.id
        if received.direct:
            return Chat(NAME, received.chat, root if received.thread else "", direct=True)
        info = await self._lookups.chat(received.chat, until)
        # In a group made of topics a message may name its root and no thread.
        thread = root if received.thread or info.topics else ""
        if info.direct:
            return Chat(NAME, received.chat, thread, direct=True)
        return Chat(NAME, received.chat, thread, title=info.title)

    async def _parent(self, received: ReceivedMessage, chat: Chat, until: float) -> Parent:
        """What is replied to. In a thread every message replies to its first one, which says nothing."""
        if not received.parent or (chat.thread and received.parent == received.root):
            return Parent()
        if self._strained() and not (chat.direct or received.mentioned):
            return Parent()  # people among themselves are not worth what is left of the quota
        return await self._lookups.parent(received.parent, until)
