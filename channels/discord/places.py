"""Which of Discord's channels a chat is held in, and which chat a channel is.

A direct chat is known by the person's id, as on other platforms, so that the bridge can also write to somebody
first; Discord holds it in a channel of its own, which is looked up when it is needed.
"""

from __future__ import annotations

import discord
from cachetools import LRUCache

from bridge.types import Chat
from channels.discord.calls import call

MAX_CHATS = 1000
"""Chats that are remembered; the one that was used longest ago is forgotten first."""


class Places:
    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._direct: LRUCache[str, int] = LRUCache(MAX_CHATS)
        """Channels of direct chats, by the person's id."""
        self._chats: LRUCache[int, Chat] = LRUCache(MAX_CHATS)

    def learn(self, chat: Chat, channel: int) -> None:
        """Remember that `chat` is held in the channel with this id."""
        self._chats[channel] = chat
        if chat.direct:
            self._direct[chat.id] = channel

    def chat_in(self, channel: int) -> Chat | None:
        """The chat that is held in the channel with this id; None where nothing has been heard from there yet."""
        return self._chats.get(channel)

    async def channel_of(self, chat: Chat) -> discord.PartialMessageable:
        """The channel that `chat` is held in; a direct one is opened where it is not known yet. Raises ChannelError."""
        id = self._direct.get(chat.id) if chat.direct else int(chat.thread or chat.id)
        if id is None:
            id = (await call(self._client.create_dm(discord.Object(int(chat.id))))).id
            self.learn(chat, id)
        return self._client.get_partial_messageable(id)
