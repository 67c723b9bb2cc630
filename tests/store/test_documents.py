"""The documents that a chat keeps: bounded, each once, and gone when they are to be."""

from __future__ import annotations

from bridge.store import DOCUMENTS_SECONDS, MAX_DOCUMENTS, ChatKeys, Store
from bridge.store.documents import MAX_DOCUMENTS_BYTES
from bridge.types import Chat

HERE, THERE = Chat("fake", "1", direct=True), Chat("fake", "2", direct=True)


async def keep(store: Store, name: str, text: str = "Some words.", seconds: int = DOCUMENTS_SECONDS) -> bool:
    return await store.documents.add(HERE, name, [("Page 1", text)], seconds=seconds) is not None


async def test_there_is_room_for_so_many(store: Store) -> None:
    for number in range(MAX_DOCUMENTS):
        assert await keep(store, f"{number}.txt")
    assert not await keep(store, "one more.txt")
    assert await keep(store, "3.txt"), "what is there can be kept anew"
    documents = await store.documents.all(HERE)
    assert len(documents) == MAX_DOCUMENTS
    assert await store.documents.remove(HERE, documents[0].id)
    assert not await store.documents.remove(HERE, documents[0].id)
    assert await keep(store, "one more.txt")


async def test_there_is_room_for_so_much(store: Store) -> None:
    most = "x" * (MAX_DOCUMENTS_BYTES // 3)
    assert await keep(store, "1.txt", most) and await keep(store, "2.txt", most)
    assert not await keep(store, "3.txt", most)
    assert [each.name for each in await store.documents.all(HERE)] == ["1.txt", "2.txt"]


async def test_they_are_kept_as_long_as_the_chat_says(store: Store) -> None:
    assert await keep(store, "1.txt", seconds=3600)
    assert 3500 < await store.redis.ttl(ChatKeys(HERE).documents) <= 3600
    assert await keep(store, "2.txt", seconds=10 * DOCUMENTS_SECONDS)
    assert await store.redis.ttl(ChatKeys(HERE).documents) <= DOCUMENTS_SECONDS


async def test_they_follow_a_chat_that_moves(store: Store) -> None:
    await keep(store, "1.txt", seconds=3600)
    await store.documents.add(THERE, "2.txt", [("", "Others.")], seconds=3600)
    for _ in range(2):
        await store.documents.move(HERE, THERE)
        assert {each.name for each in await store.documents.all(THERE)} == {"1.txt", "2.txt"}
    assert not await store.documents.all(HERE)
    await store.documents.forget(THERE)
    assert not await store.documents.all(THERE)


async def test_a_row_that_cannot_be_read_is_passed_over(store: Store) -> None:
    await keep(store, "1.txt")
    await store.redis.hset(ChatKeys(HERE).documents, "broken", "{")
    assert [each.name for each in await store.documents.all(HERE)] == ["1.txt"]
