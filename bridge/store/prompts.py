"""Stored prompts: personas, which are system prompts with a name, and chains of prompts.

Each lies in one of three places: its owner's own, a chat's, everybody's. A name is looked for in that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from msgspec import Struct
from redis.asyncio import Redis

from bridge.store.errors import translate_redis_errors
from bridge.store.keys import PromptKeys
from bridge.store.rows import Row
from bridge.types import Chat, User

Kind = Literal["persona", "chain"]
Place = Literal["own", "chat", "all"]
PLACES: tuple[Place, ...] = get_args(Place)

MAX_OWN, MAX_ALL = 50, 100
"""Prompts of one person or one chat, and of everybody."""
PROMPTS_SECONDS = 400 * 86400
"""How long a person's or a chat's are kept after the last was saved or used."""


INPUT = "{input}"
"""Where in the prompt of a step the result before it belongs."""


class ChainStep(Struct, frozen=True, omit_defaults=True):
    """One step of a chain: what becomes of the result before it."""

    name: str
    """What people read of it."""
    prompt: str
    """With `INPUT`, unless it is a persona's."""
    model: str = ""
    """Which model does it; empty for the one that the chat uses."""
    persona: bool = False
    """Whether `prompt` is a system prompt, and the result before it is what is said to it."""

    def request(self, text: str) -> tuple[str, str]:
        """Return the system prompt and what is said, where the step before has given `text`."""
        return (self.prompt, text) if self.persona else ("", self.prompt.replace(INPUT, text))


class Prompt(Struct, frozen=True, omit_defaults=True):
    """A persona has `text`, its system prompt; a chain has `steps`."""

    name: str
    by: str
    """Who saved it: ``telegram:123``."""
    text: str = ""
    steps: tuple[ChainStep, ...] = ()


PROMPT = Row(Prompt)


@dataclass(frozen=True, slots=True)
class Stored:
    """A prompt, and where it lies."""

    kind: Kind
    place: Place
    prompt: Prompt


class Prompts:
    """Everything raises StoreError."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def of(self, kind: Kind, person: User, chat: Chat, places: Sequence[Place] = PLACES) -> list[Stored]:
        """What `person` can use in `chat`, by name; of several of one name, the one that is found first."""
        async with translate_redis_errors(), self._redis.pipeline(transaction=False) as pipe:
            for place in places:
                pipe.hgetall(_key(place, person, chat))
            hashes = cast(list[dict[str, str]], await pipe.execute())
        found: dict[str, Stored] = {}
        for place, rows in zip(places, hashes, strict=True):
            for field, row in rows.items():
                if field.startswith(f"{kind} ") and (prompt := _read(row)) is not None:
                    found.setdefault(prompt.name, Stored(kind, place, prompt))
        return sorted(found.values(), key=lambda stored: stored.prompt.name)

    async def find(
        self, kind: Kind, name: str, person: User, chat: Chat, places: Sequence[Place] = PLACES
    ) -> Stored | None:
        """The prompt that `person` means by `name` in `chat`; what is used is kept longer."""
        async with translate_redis_errors(), self._redis.pipeline(transaction=False) as pipe:
            for place in places:
                pipe.hget(_key(place, person, chat), f"{kind} {name.casefold()}")
                if place != "all":
                    pipe.expire(_key(place, person, chat), PROMPTS_SECONDS)
            answers = await pipe.execute()
        rows = [answer for answer in answers if not isinstance(answer, bool | int)]
        for place, row in zip(places, rows, strict=True):
            if row and (prompt := _read(row)) is not None:
                return Stored(kind, place, prompt)
        return None

    async def save(self, kind: Kind, place: Place, prompt: Prompt, person: User, chat: Chat) -> bool:
        """Keep `prompt`, in place of one of its name there. False where there are too many already."""
        key, field = _key(place, person, chat), f"{kind} {prompt.name.casefold()}"
        async with translate_redis_errors():
            most = MAX_ALL if place == "all" else MAX_OWN
            redis = cast(Any, self._redis)
            if await redis.hlen(key) >= most and not await redis.hexists(key, field):
                return False
            await redis.hset(key, field, PROMPT.encode(prompt))
            if place != "all":
                await redis.expire(key, PROMPTS_SECONDS)
        return True

    async def delete(self, kind: Kind, place: Place, name: str, person: User, chat: Chat) -> bool:
        """Whether there was one."""
        async with translate_redis_errors():
            return bool(await cast(Any, self._redis).hdel(_key(place, person, chat), f"{kind} {name.casefold()}"))

    async def move(self, old: Chat, new: Chat) -> None:
        """What everybody in `old` had is that of `new`, except for names that it has already; repeated without harm."""
        source, target = PromptKeys.chat(str(old.whole)), PromptKeys.chat(str(new.whole))
        async with translate_redis_errors():
            redis = cast(Any, self._redis)
            kept = cast(dict[str, str], await redis.hgetall(source))
            for field, row in kept.items():
                await redis.hsetnx(target, field, row)
            if kept:
                await redis.expire(target, PROMPTS_SECONDS)
            await redis.delete(source)


def _key(place: Place, person: User, chat: Chat) -> str:
    match place:
        case "own":
            return PromptKeys.person(str(person))
        case "chat":
            return PromptKeys.chat(str(chat.whole))
        case "all":
            return PromptKeys.everybody


def _read(row: str) -> Prompt | None:
    try:
        return PROMPT.decode(row)
    except ValueError:
        return None
