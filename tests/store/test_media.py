"""Pictures and files in the store: found again by their digest, within a chat's budget, everybody's, and an age."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge import metrics
from bridge.store import MediaBudget, Store, keys, open_store
from bridge.types import Audio, Chat, Image, Media, Text
from tests.store.parts import chat

KB = 1 << 10


async def kept(store: Store, where: Chat, *media: Media) -> list[bool]:
    found = await store.media.get(where, [each.digest for each in media])
    return [each.digest in found for each in media]


async def test_a_content_is_found_by_its_digest(store: Store, redis_url: str, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    media = await store.media.put(chat(), content, "image/png", "cat.png")
    assert (media.mime, media.name, media.size) == ("image/png", "cat.png", 256_000)
    async with open_store(redis_url, tmp_path) as other:
        assert await other.media.get(chat(), [media.digest, "unknown"]) == {media.digest: content}
        assert await other.media.get(chat("2"), [media.digest]) == {}, "a chat sees its own"


async def test_what_was_read_is_known_while_it_is_whole(store: Store) -> None:
    media = await store.media.put(chat(), b"picture", "image/png")
    parts = (Image(media, "a cat"), Text("words"))
    await store.media.put_parts(chat(), "telegram:ref", parts)
    assert await store.media.parts(chat(), "telegram:ref") == parts
    assert await store.media.parts(chat(), "telegram:other") is None
    await store.media.put_parts(chat(), "lost", (Audio(Media("0" * 64, "audio/ogg")),))
    assert await store.media.parts(chat(), "lost") is None


async def test_a_chat_keeps_its_newest(store: Store) -> None:
    store.media.budget = MediaBudget(chat_bytes=10 * KB)
    media = [await store.media.put(chat(), bytes([n]) * 4 * KB, "image/png") for n in range(4)]
    assert await kept(store, chat(), *media) == [False, False, True, True]
    large = await store.media.put(chat(), b"x" * 20 * KB, "image/png")
    assert await kept(store, chat(), large, media[3]) == [True, False], "one that is just here can be used"


async def test_room_is_made_where_it_was_used_longest_ago(store: Store) -> None:
    store.media.budget = MediaBudget(all_bytes=10 * KB)
    evicted = metrics.MEDIA_EVICTED.get()
    await store.redis.set("cherry:{telegram:1}:talk:queue", "stays")
    media = [await store.media.put(chat(str(n)), bytes([n]) * 4 * KB, "image/png") for n in range(3)]
    assert [(await kept(store, chat(str(n)), media[n]))[0] for n in range(3)] == [False, True, True]
    assert metrics.MEDIA_EVICTED.get() == evicted + 1
    assert metrics.MEDIA_BYTES.get() == 8 * KB
    assert await store.redis.get("cherry:{telegram:1}:talk:queue") == "stays"


async def test_old_ones_go(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1e9
    monkeypatch.setattr(store.media, "_clock", lambda: now)
    store.media.budget = MediaBudget(seconds=100)
    old = await store.media.put(chat(), b"old", "image/png")
    elsewhere = await store.media.put(chat("2"), b"old", "image/png")
    now += 101
    new = await store.media.put(chat(), b"new", "image/png")
    assert await kept(store, chat(), old, new) == [False, True]
    assert await kept(store, chat("2"), elsewhere) == [False]
    assert 0 < await store.redis.ttl(keys.ChatKeys(chat()).media) <= 100


async def test_a_chat_is_forgotten(store: Store) -> None:
    media = await store.media.put(chat(), b"x" * KB, "image/png")
    other = await store.media.put(chat("2"), b"y" * KB, "image/png")
    await store.media.forget(chat())
    assert await kept(store, chat(), media) == [False]
    assert await kept(store, chat("2"), other) == [True]
    assert metrics.MEDIA_BYTES.get() == KB
