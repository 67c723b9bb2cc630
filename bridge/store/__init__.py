"""What the bridge remembers, in Redis: what was said, what was chosen, who holds what.

What waits to be answered lies in the same Redis, and is the business of `bridge.inbox`.

Whatever goes wrong with Redis leaves this package as `bridge.errors.StoreError`.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from bridge.errors import StoreError
from bridge.inbound import Said
from bridge.store import keys
from bridge.store.activity import Activity, ActivityLog, Failure
from bridge.store.answers import (
    ANSWER_SECONDS,
    MAX_VERSIONS,
    Answers,
    LastAnswer,
    Offer,
    Version,
    read_answer,
    with_version,
)
from bridge.store.channel_states import CODE, ChannelState, ChannelStates
from bridge.store.connect import RedisUrl, connected, connected_to
from bridge.store.conversations import NO_NUMBER, Conversation, Conversations, Summary, read_summary
from bridge.store.documents import DOCUMENTS_SECONDS, MAX_DOCUMENTS, DocumentStore, KeptDocument
from bridge.store.errors import raise_refusals, translate_redis_errors
from bridge.store.health import RedisHealth
from bridge.store.heartbeat import Heartbeats
from bridge.store.history import EPOCH_SECONDS, HISTORY_SECONDS, MAX_EXCHANGES, EndReason, Exchange, History
from bridge.store.keeper import Connect, Hold, Keeper
from bridge.store.keys import KEY_LENGTH, LANES, AccessKeys, ChatKeys, Lane, LaneKeys, UsageKeys
from bridge.store.leases import Lease, Leases
from bridge.store.media import MediaBudget, MediaStore, digest_of
from bridge.store.memory import Memory
from bridge.store.names import Names
from bridge.store.outage import Outage, OutageStore
from bridge.store.overheard import MAX_OVERHEARD, OVERHEARD_SECONDS, Heard, Overheard
from bridge.store.preferences import (
    BUTTONS,
    CHOSEN,
    SHOWN_REASONING,
    ButtonLevel,
    Chosen,
    Preferences,
    ShownReasoning,
    chosen,
    remember_last,
    upgrade_message,
)
from bridge.store.prompts import INPUT, PLACES, ChainStep, Kind, Place, Prompt, Prompts, Stored
from bridge.store.quirks import RedisQuirks
from bridge.store.rows import CHAT, VERSION, Row, bare, to_json
from bridge.store.scripts import Script
from bridge.store.search import Hit, Search, text_of
from bridge.store.signals import Signals
from bridge.types import Chat

__all__ = [
    "ANSWER_SECONDS",
    "BUTTONS",
    "CHAT",
    "CODE",
    "DOCUMENTS_SECONDS",
    "EPOCH_SECONDS",
    "HISTORY_SECONDS",
    "INPUT",
    "KEY_LENGTH",
    "LANES",
    "MAX_DOCUMENTS",
    "MAX_EXCHANGES",
    "MAX_OVERHEARD",
    "MAX_VERSIONS",
    "OVERHEARD_SECONDS",
    "PLACES",
    "SHOWN_REASONING",
    "VERSION",
    "AccessKeys",
    "Activity",
    "ActivityLog",
    "Answers",
    "ButtonLevel",
    "ChainStep",
    "ChannelState",
    "ChannelStates",
    "ChatKeys",
    "Chosen",
    "Conversation",
    "Conversations",
    "DocumentStore",
    "EndReason",
    "Exchange",
    "Failure",
    "Heard",
    "Heartbeats",
    "History",
    "Hit",
    "Hold",
    "Keeper",
    "KeptDocument",
    "Kind",
    "Lane",
    "LaneKeys",
    "LastAnswer",
    "Lease",
    "Leases",
    "MediaBudget",
    "MediaStore",
    "Memory",
    "Names",
    "Offer",
    "Outage",
    "OutageStore",
    "Overheard",
    "Place",
    "Preferences",
    "Prompt",
    "Prompts",
    "RedisHealth",
    "RedisQuirks",
    "RedisUrl",
    "Row",
    "Script",
    "Search",
    "ShownReasoning",
    "Store",
    "Stored",
    "Summary",
    "TurnContext",
    "UsageKeys",
    "Version",
    "bare",
    "digest_of",
    "keys",
    "open_embedded",
    "open_store",
    "raise_refusals",
    "read_answer",
    "text_of",
    "to_json",
    "translate_redis_errors",
    "upgrade_message",
    "with_version",
]


@dataclass(frozen=True, slots=True)
class TurnContext:
    history: list[Exchange]
    """Oldest first."""
    chosen: Chosen
    answer: LastAnswer | None = None
    """The last answer, as `Answers.last` has it."""
    offers: tuple[Offer, ...] = ()
    """The buttons under the last answer, also where that was of another conversation."""
    summary: Summary | None = None
    """Of what was said before the history, where there is one."""


class Store:
    """The parts, on one connection. `redis` itself is for rooms that keep rows of their own."""

    def __init__(self, redis: Redis, connect: Connect) -> None:
        """`connect` opens one more client of the same Redis, in whatever loop it is called in."""
        self.redis = redis
        self.keeper = Keeper(connect)
        self.history = History(redis)
        self.answers = Answers(redis)
        self.conversations = Conversations(redis)
        self.search = Search(redis)
        self.media = MediaStore(redis)
        self.documents = DocumentStore(redis)
        self.preferences = Preferences(redis)
        self.prompts = Prompts(redis)
        self.overheard = Overheard(redis)
        self.names = Names(redis)
        self.leases = Leases(redis, self.keeper)
        self.signals = Signals(redis)
        self.outage = OutageStore(redis)
        self.activity = ActivityLog(redis)
        me = secrets.token_hex(8)
        self.heartbeats = Heartbeats(redis, me)
        self.channel_states = ChannelStates(redis, me)

    def memory(self, channel: str) -> Memory:
        """What the adapter `channel` keeps."""
        return Memory(self.redis, channel)

    async def load_turn_context(
        self, chat: Chat, *, conversation: int | None = None, remember: Said | None = None, keep: int | None = None
    ) -> TurnContext:
        """What a turn in `chat` begins with, in one round trip. Raises StoreError.

        Its history is that of the `conversation` in which it began, which need not be the current one any more.
        `remember` becomes the last question of the chat, as `Preferences.set_last` has it. What is older than `keep`
        seconds, where that is set, is dropped.
        """
        names = ChatKeys(chat)
        async with translate_redis_errors(), self.redis.pipeline(transaction=True) as pipe:
            pipe.get(names.epoch)
            pipe.lrange(names.history, 0, -1)
            pipe.hmget(names.preferences, CHOSEN)
            pipe.get(names.answer)
            if conversation is not None:
                pipe.lrange(keys.kept_list(names.kept, conversation), 0, -1)
                pipe.hget(names.about, f"summary:{conversation}")
            if remember is not None:
                remember_last(pipe, chat, remember, keep)
            current, rows, preferences, answer, *more = await pipe.execute()
        name, summary, mine = names.history, None, int(current or NO_NUMBER)
        if conversation is not None:
            if mine != conversation:
                name, rows, mine = keys.kept_list(names.kept, conversation), more[0], conversation
            summary = read_summary(more[1])
        history = await self.history.from_rows(name, rows, since=time.time() - keep if keep else 0.0)
        last = read_answer(answer)
        own = last if last is not None and last.epoch == mine else None
        return TurnContext(history, chosen(preferences), own, last.offers if last is not None else (), summary)

    async def ping(self) -> float:
        """Seconds to Redis and back. Raises StoreError."""
        began = time.perf_counter()
        async with translate_redis_errors():
            await self.redis.ping()
        return time.perf_counter() - began

    async def close(self) -> None:
        """Let go of what would otherwise expire. The connection is its opener's to close."""
        with suppress(StoreError):  # then it expires all the same
            await self.heartbeats.leave()
        await self.keeper.close()


def open_embedded(data_dir: Path) -> AbstractAsyncContextManager[Path]:
    """The socket of an embedded server that keeps its data in `data_dir`. Raises StoreError.

    Any number of processes may open it; the server ends with the last of them.
    """
    if sys.platform == "win32":
        raise StoreError("on Windows there is no embedded store; set BRIDGE_REDIS_URL, such as redis://127.0.0.1:6379")
    from bridge.store.embedded import embedded  # it needs what only Unix has

    return embedded(data_dir)


@asynccontextmanager
async def open_store(url: str, data_dir: Path) -> AsyncIterator[Store]:
    """The store at `url`, or in an embedded server that keeps its data in `data_dir` where there is none.

    Raises StoreError, with a sentence for the operator that holds no secret.
    """
    if url:
        async with connected(url) as redis, _opened(redis, lambda: connected(url)) as store:
            yield store
        return
    async with (
        open_embedded(data_dir) as socket,
        connected_to(socket) as redis,
        _opened(redis, lambda: connected_to(socket)) as store,
    ):
        yield store


@asynccontextmanager
async def _opened(redis: Redis, connect: Connect) -> AsyncIterator[Store]:
    store = Store(redis, connect)
    try:
        yield store
    finally:
        await store.close()
