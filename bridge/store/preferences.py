"""What people chose in a chat, and the little that must be remembered of it between two messages."""

from __future__ import annotations

import json
from collections.abc import Sequence

from redis.asyncio import Redis

from bridge.store import keys
from bridge.store.errors import translate_redis_errors
from bridge.store.keys import ChatKeys
from bridge.store.scripts import dump
from bridge.types import Chat, IncomingMessage, ModelId

SECONDS = 400 * 86400
"""Preferences outlive the longest holiday; every message renews them."""
LAST_SECONDS = 30 * 86400
MENU_SECONDS = 600
"""So long a number answers the list that was shown last."""
RECENTS = 8
LONGEST_SYSTEM = 32_768
"""Characters of a system prompt; what exceeds them is cut off."""
MOST_IN_MENU = 200
LONGEST_LAST = 1_000_000
"""A longer last question (in characters of JSON) is not kept."""

LEAST_LEARNED = 100
"""Requests below so many estimated tokens teach nothing: what a provider adds to each outweighs them."""
LOWEST_RATIO, HIGHEST_RATIO = 0.25, 4.0
WEIGHT = 0.3
"""What the newest report counts for in the moving average."""
RATIO_SECONDS = 90 * 86400


class Preferences:
    """By chat. Everything raises StoreError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def model(self, chat: Chat) -> ModelId | None:
        """The model chosen in `chat`, whether or not the gateway still offers it."""
        return _model(await self._get(chat, "model"))

    async def set_model(self, chat: Chat, model: ModelId | None) -> None:
        """Choose `model`, which also makes it the most recent; None goes back to the default."""
        await self._set(chat, "model", str(model or ""))
        if model is not None:
            recents = [model, *(each for each in await self.recents(chat) if each != model)]
            await self._set(chat, "recents", dump([str(each) for each in recents[:RECENTS]]))

    async def recents(self, chat: Chat) -> list[ModelId]:
        """The models chosen in `chat`, newest first, `RECENTS` at most."""
        models = map(_model, _texts(await self._get(chat, "recents")))
        return [model for model in models if model is not None]

    async def system(self, chat: Chat) -> str:
        """The system prompt set in `chat`; empty where none is."""
        return await self._get(chat, "system")

    async def set_system(self, chat: Chat, prompt: str) -> None:
        await self._set(chat, "system", prompt[:LONGEST_SYSTEM])

    async def later(self, chat: Chat) -> str:
        """Whether what is sent while the gateway is away waits: ``on``, ``off``, or nothing where nobody has chosen."""
        return await self._get(chat, "later")

    async def set_later(self, chat: Chat, later: str) -> None:
        await self._set(chat, "later", later)

    async def menu(self, chat: Chat) -> list[str]:
        """The commands behind the numbered list shown last, for `MENU_SECONDS`."""
        async with translate_redis_errors():
            return _texts(str(await self._redis.get(ChatKeys(chat).menu) or ""))

    async def set_menu(self, chat: Chat, commands: Sequence[str]) -> None:
        """Remember what the numbers stand for; nothing, where there are no commands."""
        key = ChatKeys(chat).menu
        async with translate_redis_errors():
            if commands:
                await self._redis.set(key, dump(list(commands[:MOST_IN_MENU])), ex=MENU_SECONDS)
            else:
                await self._redis.delete(key)

    async def last(self, chat: Chat) -> IncomingMessage | None:
        """The last question asked in `chat`, for `LAST_SECONDS`."""
        async with translate_redis_errors():
            kept = str(await self._redis.get(ChatKeys(chat).last) or "")
        try:
            return IncomingMessage.from_json(json.loads(kept)) if kept else None
        except (TypeError, KeyError, ValueError, AttributeError):
            return None

    async def set_last(self, chat: Chat, message: IncomingMessage) -> None:
        """Remember the question; the chat is in use, so its other preferences are kept longer too."""
        chat_keys, kept = ChatKeys(chat), dump(message.to_json())
        async with translate_redis_errors(), self._redis.pipeline(transaction=True) as pipe:
            if len(kept) <= LONGEST_LAST:
                pipe.set(chat_keys.last, kept, ex=LAST_SECONDS)
            else:
                pipe.delete(chat_keys.last)
            pipe.expire(chat_keys.preferences, SECONDS)
            await pipe.execute()

    # how far `tokens.estimate` is off, by model

    async def ratio(self, model: ModelId) -> float:
        """What `estimate` is to be multiplied by for `model`; 1 until something has been learned."""
        async with translate_redis_errors():
            return _ratio(await self._redis.get(keys.ratio(str(model)))) or 1.0

    async def learn(self, model: ModelId, estimated: int, reported: int) -> None:
        """Take in that a request of `estimated` tokens had `reported` in truth, as a moving average."""
        if estimated < LEAST_LEARNED or reported <= 0:
            return
        key, ratio = keys.ratio(str(model)), _bounded(reported / estimated)
        async with translate_redis_errors():
            known = _ratio(await self._redis.get(key))
            if known is not None:
                ratio = known + WEIGHT * (ratio - known)
            await self._redis.set(key, ratio, ex=RATIO_SECONDS)

    async def _get(self, chat: Chat, name: str) -> str:
        async with translate_redis_errors():
            return str(await self._redis.hget(ChatKeys(chat).preferences, name) or "")

    async def _set(self, chat: Chat, name: str, value: str) -> None:
        key = ChatKeys(chat).preferences
        async with translate_redis_errors(), self._redis.pipeline(transaction=True) as pipe:
            if value:
                pipe.hset(key, name, value)
            else:
                pipe.hdel(key, name)
            pipe.expire(key, SECONDS)
            await pipe.execute()


def _model(text: str) -> ModelId | None:
    try:
        return ModelId.parse(text)
    except ValueError:
        return None


def _texts(kept: str) -> list[str]:
    try:
        texts = json.loads(kept or "[]")
    except ValueError:
        return []
    return [text for text in texts if isinstance(text, str)] if isinstance(texts, list) else []


def _bounded(ratio: float) -> float:
    return min(HIGHEST_RATIO, max(LOWEST_RATIO, ratio))


def _ratio(kept: object) -> float | None:
    try:
        return _bounded(float(str(kept)))
    except ValueError:
        return None
