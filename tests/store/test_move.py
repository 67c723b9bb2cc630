"""A chat gets another id: everything follows, also what is under way, however often it is repeated."""

from __future__ import annotations

import pytest

from bridge.store import Store, keys
from bridge.types import Chat, ModelId
from tests.store.parts import ACCOUNT, Take, exchange, first, message, taking

OLD = Chat("telegram", "-5", title="Kitchen")
NEW = Chat("telegram", "-1005", title="Kitchen")


async def remember(store: Store, where: Chat, *ids: str) -> None:
    for id in ids:
        await store.redis.rpush(keys.ChatKeys(where).history, exchange(id, at=float(id)).to_row())


async def ids(store: Store, where: Chat) -> list[str]:
    return [each.id for each in await store.history.read(where)]


@pytest.mark.parametrize("times", [1, 3])
async def test_history_and_choices_follow(store: Store, times: int) -> None:
    await remember(store, OLD, "1", "2", "4")
    await remember(store, NEW, "3")
    await store.preferences.set_model(OLD, ModelId("a", "b"))
    await store.preferences.set_system(OLD, "old")
    await store.preferences.set_system(NEW, "new")
    await store.preferences.set_last(OLD, message("2", OLD))
    for _ in range(times):
        await store.move(OLD, NEW)
    assert await ids(store, NEW) == ["1", "2", "3", "4"] and await ids(store, OLD) == []
    assert await store.preferences.model(NEW) == ModelId("a", "b")
    assert await store.preferences.recents(NEW) == [ModelId("a", "b")]
    assert await store.preferences.system(NEW) == "new"
    last = await store.preferences.last(NEW)
    assert last is not None and last.chat == NEW


async def test_half_a_move_is_completed_without_doubles(store: Store) -> None:
    await remember(store, OLD, "1", "2")
    await remember(store, NEW, "1", "2", "3")
    await store.move(OLD, NEW)
    assert await ids(store, NEW) == ["1", "2", "3"]


async def test_what_waits_follows_and_is_answered_once(store: Store) -> None:
    for id in ("1", "2", "3"):
        await store.inbox.put(ACCOUNT, message(id, OLD))
    await store.inbox.put(ACCOUNT, message("4", OLD), lane="commands")
    await store.move(OLD, NEW)
    await store.move(OLD, NEW)
    assert not await store.inbox.busy(OLD)
    assert not await store.inbox.put(ACCOUNT, message("3", OLD)), "delivered again, it is still known"
    async with taking(store.inbox) as take:
        found = [*await _worked_off(take), *await _worked_off(take)]
    assert sorted(found) == [("1", NEW), ("2", NEW), ("3", NEW), ("4", NEW)]


async def _worked_off(take: Take) -> list[tuple[str, Chat]]:
    claim, found = await take(), []
    while (turn := await claim.next()) is not None:
        found.append((turn.message.id, turn.message.chat))
        await turn.done()
    return found


async def test_the_turn_under_way_is_ended_in_the_old_chat_and_its_words_follow(store: Store) -> None:
    await remember(store, OLD, "1")
    for id in ("2", "3"):
        await store.inbox.put(ACCOUNT, message(id, OLD))
    async with taking(store.inbox) as take:
        claim = await take()
        turn = await first(claim)
        await turn.begin()
        await store.move(OLD, NEW)
        await turn.posted("in the new chat")
        await turn.done(exchange("2", at=2.0))
        assert await claim.next() is None
        assert await ids(store, NEW) == ["1", "2"]
        later = await take()
        assert later.chat == NEW
        turn = await first(later)
        assert (turn.message.id, turn.refs) == ("3", [])
        await turn.done()


async def test_a_new_chat_that_counts_from_the_start_is_not_taken_for_seen(store: Store) -> None:
    await store.inbox.put(ACCOUNT, message("1", OLD))
    await store.move(OLD, NEW)
    assert await store.inbox.put(ACCOUNT, message("1", NEW))


async def test_topics_are_chats_of_their_own_and_moving_nowhere_is_nothing(store: Store) -> None:
    topic = Chat("telegram", "-5", "7")
    await remember(store, topic, "1")
    await store.move(OLD, NEW)
    await store.move(topic, topic)
    assert await ids(store, topic) == ["1"]


async def test_what_cannot_be_read_stays(store: Store) -> None:
    queue = keys.LaneKeys(OLD, "talk").queue
    await store.redis.rpush(queue, "garbage")
    await store.inbox.put(ACCOUNT, message("1", OLD))
    await store.redis.set(keys.ChatKeys(OLD).last, "garbage")
    await store.move(OLD, NEW)
    assert await store.redis.lrange(queue, 0, -1) == ["garbage"]
    assert await store.preferences.last(NEW) is None
