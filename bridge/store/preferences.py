"""What people chose in a chat, and the little that must be remembered of it between two messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import msgspec
from msgspec import Struct
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from bridge.inbound import Said
from bridge.sampling import UNSET, Sampling
from bridge.store import keys
from bridge.store.errors import translate_redis_errors
from bridge.store.keys import ChatKeys
from bridge.store.rows import Row
from bridge.store.scripts import Script
from bridge.types import Chat, Fallbacks, ModelId

PREFERENCES_SECONDS = 400 * 86400
"""Preferences outlive the longest holiday; every message renews them."""
LAST_SECONDS = 30 * 86400
MENU_SECONDS = 600
"""Seconds for which a number answers the list that was shown last."""
MAX_RECENTS = 8
MAX_SYSTEM_CHARACTERS = 32_768
"""Characters of a system prompt; what exceeds them is cut off."""
MAX_MENU_COMMANDS = 200
MAX_LAST_CHARACTERS = 1_000_000
"""A longer last question (in characters of JSON) is not kept."""

MIN_LEARNED_TOKENS = 100
"""Estimated tokens below which a request teaches nothing: what a provider adds to each outweighs them."""
MIN_RATIO, MAX_RATIO = 0.25, 4.0
NEWEST_WEIGHT = 0.3
"""What the newest report counts for in the moving average."""
RATIO_SECONDS = 90 * 86400

LEARN = Script("""
-- KEYS ratio; ARGV the newest ratio, its weight, lowest, highest, seconds. A moving average, of what can be read.
local ratio, known = tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[1]) or '')
if known then
  known = math.min(tonumber(ARGV[4]), math.max(tonumber(ARGV[3]), known))
  ratio = known + ARGV[2] * (ratio - known)
end
return redis.call('SET', KEYS[1], string.format('%.17g', ratio), 'EX', ARGV[5])
""")


ShownReasoning = Literal["off", "brief", "full"]
"""How much of a model's reasoning a chat wants to see: nothing, how long it took, all of it."""
SHOWN_REASONING: tuple[ShownReasoning, ...] = get_args(ShownReasoning)


ButtonLevel = Literal["off", "few", "all"]
"""Which buttons stand under an answer: none, what most people need, or all."""
BUTTONS: tuple[ButtonLevel, ...] = get_args(ButtonLevel)


class _Recents(Struct):
    models: list[Any]


class _Menu(Struct):
    commands: list[Any]


def upgrade_message(raw: Any) -> dict[str, Any]:
    """A message as processes before versions wrote it, as the fields of a `Said`; its id is that of what was asked."""
    kept = {name: raw[name] for name in ("chat", "sender", "text")}
    for name in Said.__struct_fields__:
        if raw.get(name) is not None:
            kept[name] = raw[name]
    return {**kept, "id": raw.get("again") or raw["id"], "type": "said"}


_RECENTS = Row(_Recents, upgrade=lambda raw, _version: {"models": raw})
_MENU = Row(_Menu, upgrade=lambda raw, _version: {"commands": raw})
_SAMPLING = Row(Sampling)
LAST = Row(Said, upgrade=lambda raw, _version: upgrade_message(raw))


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a chat has chosen that a turn needs to know."""

    model: ModelId | None = None
    """Whether or not the gateway still offers it."""
    system: str = ""
    later: str = ""
    """As `Preferences.later` says."""
    reasoning: ShownReasoning = "brief"
    voice: bool = False
    """Whether recordings are answered with a recording."""
    tools: str = ""
    """As `Preferences.tools` says."""
    knowledge: str = ""
    """As `Preferences.knowledge` says."""
    buttons: ButtonLevel = "few"
    fallback: Fallbacks | None = None
    """The models that answer where `model` does not; None where nobody has chosen."""
    sampling: Sampling = UNSET


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
            await self._set(chat, "recents", _RECENTS.encode(_Recents([str(each) for each in recents[:MAX_RECENTS]])))

    async def fallback(self, chat: Chat) -> Fallbacks | None:
        """The models that answer in `chat` where the chosen one does not; None where nobody has chosen."""
        return _fallback(await self._get(chat, "fallback"))

    async def set_fallback(self, chat: Chat, fallback: Fallbacks | None) -> None:
        await self._set(chat, "fallback", "" if fallback is None else str(fallback))

    async def sampling(self, chat: Chat) -> Sampling:
        """How models are to answer in `chat`."""
        return _sampling(await self._get(chat, "sampling"))

    async def set_sampling(self, chat: Chat, sampling: Sampling) -> None:
        await self._set(chat, "sampling", "" if sampling == UNSET else _SAMPLING.encode(sampling))

    async def recents(self, chat: Chat) -> list[ModelId]:
        """The models chosen in `chat`, newest first, `MAX_RECENTS` at most."""
        try:
            kept = _strings(_RECENTS.decode(await self._get(chat, "recents")).models)
        except ValueError:
            return []
        return [model for model in map(_model, kept) if model is not None]

    async def system(self, chat: Chat) -> str:
        """The system prompt set in `chat`; empty where none is."""
        return await self._get(chat, "system")

    async def set_system(self, chat: Chat, prompt: str, persona: str = "") -> None:
        """Set the system prompt of `chat`; `persona` is the name of the one that it is the prompt of."""
        await self._set(chat, "system", prompt[:MAX_SYSTEM_CHARACTERS])
        await self._set(chat, "persona", persona)

    async def persona(self, chat: Chat) -> str:
        """The persona whose prompt was picked in `chat`; empty where none was."""
        return await self._get(chat, "persona")

    async def later(self, chat: Chat) -> str:
        """Whether what is sent while the gateway is away waits: ``on``, ``off``, or nothing where nobody has chosen."""
        return await self._get(chat, "later")

    async def set_later(self, chat: Chat, later: str) -> None:
        await self._set(chat, "later", later)

    async def reasoning(self, chat: Chat) -> ShownReasoning:
        """How much of a model's reasoning is shown in `chat`."""
        return _reasoning(await self._get(chat, "reasoning"))

    async def set_reasoning(self, chat: Chat, shown: ShownReasoning) -> None:
        await self._set(chat, "reasoning", shown)

    async def voice(self, chat: Chat) -> bool:
        """Whether recordings are answered with a recording in `chat`."""
        return await self._get(chat, "voice") == "on"

    async def set_voice(self, chat: Chat, *, on: bool) -> None:
        await self._set(chat, "voice", "on" if on else "")

    async def tools(self, chat: Chat) -> str:
        """What was decided of tools in `chat`, as `bridge.tools` writes it; empty where nothing was."""
        return await self._get(chat, "tools")

    async def set_tools(self, chat: Chat, decided: str) -> None:
        await self._set(chat, "tools", decided)

    async def knowledge(self, chat: Chat) -> str:
        """What knowledge is used in `chat`, as `bridge.knowledge` writes it; empty where nothing was decided."""
        return await self._get(chat, "knowledge")

    async def set_knowledge(self, chat: Chat, decided: str) -> None:
        await self._set(chat, "knowledge", decided)

    async def buttons(self, chat: Chat) -> ButtonLevel:
        """Which buttons stand under an answer in `chat`."""
        return _buttons(await self._get(chat, "buttons"))

    async def set_buttons(self, chat: Chat, level: ButtonLevel) -> None:
        await self._set(chat, "buttons", level)

    async def menu(self, chat: Chat) -> list[str]:
        """The commands behind the numbered list shown last, for `MENU_SECONDS`."""
        async with translate_redis_errors():
            kept = str(await self._redis.get(ChatKeys(chat).menu) or "")
        try:
            return _strings(_MENU.decode(kept).commands) if kept else []
        except ValueError:
            return []

    async def set_menu(self, chat: Chat, commands: Sequence[str]) -> None:
        """Remember what the numbers stand for; nothing, where there are no commands."""
        key = ChatKeys(chat).menu
        async with translate_redis_errors():
            if commands:
                await self._redis.set(key, _MENU.encode(_Menu(list(commands[:MAX_MENU_COMMANDS]))), ex=MENU_SECONDS)
            else:
                await self._redis.delete(key)

    async def last(self, chat: Chat) -> Said | None:
        """The last question asked in `chat`, for `LAST_SECONDS`, under its own id however often it was asked."""
        async with translate_redis_errors():
            kept = str(await self._redis.get(ChatKeys(chat).last) or "")
        try:
            return LAST.decode(kept) if kept else None
        except ValueError:
            return None

    async def set_last(self, chat: Chat, message: Said) -> None:
        """Remember the question; the chat is in use, so its other preferences are kept longer too."""
        async with translate_redis_errors(), self._redis.pipeline(transaction=True) as pipe:
            remember_last(pipe, chat, message)
            await pipe.execute()

    async def move(self, old: Chat, new: Chat) -> None:
        """What was chosen in `old`, and its last question, are those of `new`, except for what `new` has already.

        The two may lie in different slots of a cluster: copied first and removed after, and repeated without harm.
        """
        source, target = ChatKeys(old), ChatKeys(new)
        async with translate_redis_errors():
            kept = cast(dict[str, str], await self._redis.hgetall(source.preferences))
            for name, value in kept.items():
                await self._redis.hsetnx(target.preferences, name, value)
            if kept:
                await self._redis.expire(target.preferences, PREFERENCES_SECONDS)
            if (last := await self.last(old)) is not None:
                moved = LAST.encode(msgspec.structs.replace(last, chat=new))
                await self._redis.set(target.last, moved, ex=LAST_SECONDS, nx=True)
            for name in (source.preferences, source.last, source.menu):
                await self._redis.delete(name)

    # how far `tokens.estimate` is off, by model

    async def ratio(self, model: ModelId) -> float:
        """What `estimate` is to be multiplied by for `model`; 1 until something has been learned."""
        async with translate_redis_errors():
            return _ratio(await self._redis.get(keys.ratio(str(model)))) or 1.0

    async def learn(self, model: ModelId, estimated: int, reported: int) -> None:
        """Take in that a request of `estimated` tokens had `reported` in truth, as a moving average."""
        if estimated < MIN_LEARNED_TOKENS or reported <= 0:
            return
        ratio = _bounded(reported / estimated)
        args = (ratio, NEWEST_WEIGHT, MIN_RATIO, MAX_RATIO, RATIO_SECONDS)
        await LEARN(self._redis, [keys.ratio(str(model))], *args)

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
            pipe.expire(key, PREFERENCES_SECONDS)
            await pipe.execute()


CHOSEN = ("model", "system", "later", "reasoning", "voice", "tools", "knowledge", "buttons", "fallback", "sampling")
"""The fields of a chat's preferences that `chosen` reads, in this order."""


def chosen(kept: Sequence[str | None]) -> Chosen:
    """What the values of the fields `CHOSEN` mean."""
    model, system, later, reasoning, voice, tools, knowledge, buttons, fallback, sampling = (
        each or "" for each in kept
    )
    return Chosen(
        *(_model(model), system, later, _reasoning(reasoning), voice == "on", tools, knowledge, _buttons(buttons)),
        fallback=_fallback(fallback),
        sampling=_sampling(sampling),
    )


def remember_last(pipe: Pipeline, chat: Chat, message: Said, keep: int | None = None) -> None:
    """Add to `pipe` what `Preferences.set_last` does; the question is kept `keep` seconds at most."""
    chat_keys, kept = ChatKeys(chat), LAST.encode(message)
    if len(kept) <= MAX_LAST_CHARACTERS:
        pipe.set(chat_keys.last, kept, ex=min(LAST_SECONDS, keep or LAST_SECONDS))
    else:
        pipe.delete(chat_keys.last)
    pipe.expire(chat_keys.preferences, PREFERENCES_SECONDS)


def _strings(kept: Sequence[object]) -> list[str]:
    return [text for text in kept if isinstance(text, str)]


def _model(text: str) -> ModelId | None:
    try:
        return ModelId.parse(text)
    except ValueError:
        return None


def _fallback(kept: str) -> Fallbacks | None:
    try:
        return Fallbacks.parse(kept) if kept else None
    except ValueError:
        return None


def _sampling(kept: str) -> Sampling:
    try:
        return _SAMPLING.decode(kept) if kept else UNSET
    except ValueError:
        return UNSET


def _reasoning(kept: str) -> ShownReasoning:
    return kept if kept in SHOWN_REASONING else "brief"


def _buttons(kept: str) -> ButtonLevel:
    return kept if kept in BUTTONS else "few"


def _bounded(ratio: float) -> float:
    return min(MAX_RATIO, max(MIN_RATIO, ratio))


def _ratio(kept: object) -> float | None:
    try:
        return _bounded(float(str(kept)))
    except ValueError:
        return None
