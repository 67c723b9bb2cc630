"""What is overheard is bounded in number, bytes and time, and can be corrected, taken back and forgotten."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from bridge.inbound import Said
from bridge.store import MAX_OVERHEARD, OVERHEARD_SECONDS, Overheard, Store, keys
from bridge.store.overheard import MAX_OVERHEARD_BYTES, MAX_OVERHEARD_CHARACTERS
from bridge.types import Chat
from tests.store.parts import message

GROUP = Chat("telegram", "-100", title="Kitchen")
TOPIC = Chat("telegram", "-100", "7")


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def overheard(store: Store, clock: Clock) -> Overheard:
    return Overheard(store.redis, clock)


def said(id: str, text: str, at: float = Clock.now, where: Chat = GROUP) -> Said:
    return replace(message(id, where, text), sent_at=at)


async def texts(overheard: Overheard, where: Chat = GROUP, most: int = 1000) -> list[str]:
    return [heard.text for heard in await overheard.last(where, most)]


async def test_what_is_delivered_again_is_kept_once(overheard: Overheard) -> None:
    batch = [said("1", "one"), said("2", "two")]
    await overheard.add(batch)
    await overheard.add([*batch, said("3", "two")])
    assert await texts(overheard) == ["one", "two", "two"]


async def test_the_last_so_many_are_kept(store: Store, overheard: Overheard) -> None:
    await overheard.add([said(str(number), f"word {number}") for number in range(MAX_OVERHEARD + 5)])
    found = await texts(overheard)
    assert (len(found), found[0], found[-1]) == (MAX_OVERHEARD, "word 5", f"word {MAX_OVERHEARD + 4}")
    assert await texts(overheard, most=2) == found[-2:]
    assert 0 < await store.redis.ttl(keys.ChatKeys(GROUP).overheard) <= OVERHEARD_SECONDS
    assert await texts(overheard, TOPIC) == []


async def test_bytes_are_bounded(store: Store, overheard: Overheard) -> None:
    long = "账" * (2 * MAX_OVERHEARD_CHARACTERS)
    for number in range(60):
        await overheard.add([said(str(number), long)])
    rows = await store.redis.lrange(keys.ChatKeys(GROUP).overheard, 0, -1)
    assert 0 < sum(len(str(row).encode()) for row in rows) <= MAX_OVERHEARD_BYTES
    assert set(map(len, await texts(overheard))) == {MAX_OVERHEARD_CHARACTERS}


async def test_it_is_over_in_a_few_hours(overheard: Overheard, clock: Clock) -> None:
    await overheard.add([said("1", "old"), said("2", "newer", Clock.now + 100)])
    clock.now += OVERHEARD_SECONDS + 50
    assert await texts(overheard) == ["newer"]
    assert await overheard.last(GROUP, 10, until=Clock.now + 99) == []


async def test_a_message_is_corrected_and_taken_back(overheard: Overheard) -> None:
    await overheard.add([said("1", "one"), said("2", "two")])
    await overheard.edit(said("1", "uno"))
    await overheard.edit(said("9", "nobody said that"))
    await overheard.drop(GROUP, "2")
    assert await texts(overheard) == ["uno"]


async def test_topics_go_with_their_group(overheard: Overheard) -> None:
    await overheard.add([said("1", "one"), said("2", "two", where=TOPIC)])
    await overheard.add([said("3", "elsewhere", where=Chat("telegram", "-200"))])
    assert await overheard.forget(TOPIC) and not await overheard.forget(TOPIC)
    await overheard.add([said("2", "two", where=TOPIC)])
    await overheard.forget_all(GROUP)
    assert (await texts(overheard), await texts(overheard, TOPIC)) == ([], [])
    assert await texts(overheard, Chat("telegram", "-200")) == ["elsewhere"]
    await overheard.forget_all(None)
    assert await texts(overheard, Chat("telegram", "-200")) == []
